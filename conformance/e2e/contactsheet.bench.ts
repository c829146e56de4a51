import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { test } from '@playwright/test';
import { top } from './support/program.ts';

// Puts the pictures that the pages' journeys took onto one sheet for each app, conformance/artefacts/worker.png and dispatcher.png:
// `npx playwright test --config bench.config.ts contactsheet`. A folder that is not there has no sheet.
const kinds = ['phone-light', 'phone-dark', 'wide-light', 'wide-dark'];

for (const app of ['worker', 'dispatcher'])
  test(`the contact sheet of the ${app}`, async ({ browser }) => {
    const folder = `${top}conformance/artefacts/${app}`;
    test.skip(!existsSync(folder), `${folder} has no pictures: run the journeys first`);
    const names = [...new Set(readdirSync(folder).filter((f) => f.endsWith('.png')).map((f) => f.split('.')[0]!))].sort();
    const image = (file: string): string => (existsSync(`${folder}/${file}`) ? `<img height="420" src="data:image/png;base64,${readFileSync(`${folder}/${file}`).toString('base64')}">` : '');
    const rows = names.map((n) => `<section><h2>${n}</h2><div>${kinds.map((k) => image(`${n}.${k}.png`)).join('')}</div></section>`);
    const page = await browser.newPage({ viewport: { width: 1800, height: 1000 }, isMobile: false });
    await page.setContent(`<style>body{margin:16px;background:#777;font:14px sans-serif}h2{margin:12px 0 4px;color:#fff}div{display:flex;gap:10px}</style>${rows.join('')}`);
    await page.screenshot({ path: `${folder}.png`, fullPage: true });
    await page.close();
    console.log(`${folder}.png: ${names.length} pages`);
  });
