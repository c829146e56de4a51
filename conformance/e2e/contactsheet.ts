// Puts the pictures that the pages' journeys took onto one sheet: conformance/artefacts/worker.png (or the folder that is named).
import { chromium } from '@playwright/test';
import { readdirSync, readFileSync } from 'node:fs';
import { top } from './support/program.ts';

const app = process.argv[2] ?? 'worker';
const folder = `${top}conformance/artefacts/${app}`;
const names = [...new Set(readdirSync(folder).filter((f) => f.endsWith('.png')).map((f) => f.split('.')[0]!))].sort();
const kinds = ['phone-light', 'phone-dark', 'wide-light', 'wide-dark'];
const image = (file: string, height: number) => {
  try {
    return `<img height="${height}" src="data:image/png;base64,${readFileSync(`${folder}/${file}`).toString('base64')}">`;
  } catch {
    return '';
  }
};
const rows = names.map((n) => `<section><h2>${n}</h2><div>${kinds.map((k) => image(`${n}.${k}.png`, 420)).join('')}</div></section>`).join('');
const browser = await chromium.launch({ executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
const page = await browser.newPage({ viewport: { width: 1800, height: 1000 } });
await page.setContent(`<style>body{margin:16px;background:#777;font:14px sans-serif}h2{margin:12px 0 4px;color:#fff}div{display:flex;gap:10px}</style>${rows}`);
await page.screenshot({ path: `${folder}.png`, fullPage: true });
await browser.close();
console.log(`${folder}.png: ${names.length} pages`);
