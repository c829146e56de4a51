import { chromium } from '@playwright/test';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import lighthouse, { desktopConfig } from 'lighthouse';
import { desk, signIn } from './support/office.ts';
import { freePort, top } from './support/program.ts';
import { expect, test } from './support/test.ts';

// A measurement: `npx playwright test --config bench.config.ts lighthouse`. The board is an office's page: Lighthouse's desktop settings. The reports are in conformance/artefacts/lighthouse.
const least = 95;
const categories = ['performance', 'accessibility', 'best-practices'] as const;

test('Lighthouse gives the board 95 at least', async ({ server }) => {
  test.setTimeout(900_000);
  const port = await freePort();
  const context = await chromium.launchPersistentContext(mkdtempSync(join(tmpdir(), 'fieldsync-lighthouse-')), {
    ...desk,
    baseURL: server.url,
    executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
    args: ['--no-sandbox', `--remote-debugging-port=${port}`],
  });
  const page = await context.newPage();
  await signIn(page, '/jobs');
  const { id } = await server.as('dispatcher').find('Boiler does not start');
  const folder = `${top}conformance/artefacts/lighthouse`;
  mkdirSync(folder, { recursive: true });
  const poor: string[] = [];
  for (const [name, path] of [['jobs', '/jobs'], ['board', '/board'], ['job', `/jobs/${id}`], ['templates', '/templates']] as const) {
    const result = await lighthouse(server.url + path, { port, output: 'html', onlyCategories: [...categories], disableStorageReset: true, logLevel: 'error' }, desktopConfig);
    if (!result) throw new Error('lighthouse gave nothing');
    writeFileSync(`${folder}/dispatcher-${name}.html`, String(result.report));
    const scores = categories.map((c) => Math.round((result.lhr.categories[c]?.score ?? 0) * 100));
    console.log(`lighthouse ${path}: ${categories.map((c, i) => `${c} ${scores[i]}`).join(', ')}`);
    for (const [i, c] of categories.entries())
      if (scores[i]! < least) {
        const refs = result.lhr.categories[c]!.auditRefs.filter((r) => r.weight > 0 && (result.lhr.audits[r.id]?.score ?? 1) < 0.9);
        poor.push(`${name} ${c} ${scores[i]}: ${refs.map((r) => `${r.id} ${result.lhr.audits[r.id]?.displayValue ?? ''}`).join('; ')}`);
      }
  }
  await context.close();
  expect(poor).toEqual([]);
});
