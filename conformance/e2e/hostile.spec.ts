import { readFile } from 'node:fs/promises';
import { desk, rows, signIn as signInAtTheDesk } from './support/office.ts';
import { inStep, openJob, press, ready, tab } from './support/phone.ts';
import { spoil } from './support/spoiler.ts';
import { expect, test, type Page } from './support/test.ts';

/** What a page must not do, whatever a document holds: throw, open a dialog, run or fetch what it holds. */
function watched(page: Page, origin: string): string[] {
  const seen: string[] = [];
  page.on('pageerror', (err) => seen.push(`error: ${err.stack ?? err.message}`));
  page.on('dialog', (dialog) => {
    seen.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('console', (m) => /Content.Security.Policy/.test(m.text()) && seen.push(`policy: ${m.text()}`));
  page.on('request', (r) => /^(https?|wss?):/.test(r.url()) && new URL(r.url()).host !== origin && seen.push(`request: ${r.url()}`));
  return seen;
}

test('a job that holds what no app writes is shown as far as it can be, among others that work: on the phone', async ({ page, server, baseURL }) => {
  const office = server.as('dispatcher');
  const job = await office.create({ title: 'Before', assignees: ['anna'], status: 'published' });
  await spoil(server.url, job.id);
  const seen = watched(page, new URL(baseURL).host);
  await ready(page);
  await page.getByRole('link', { name: /Hostile/ }).click();
  await expect(page.getByRole('heading', { name: /^Hostile/, level: 1 })).toBeVisible();
  await expect(page.getByRole('tablist')).toBeVisible();
  expect(await page.locator('a[href^="javascript:" i], a[href^="data:" i]').count()).toBe(0);
  await tab(page, 'Report');
  await expect(page.getByText('Twice', { exact: true }).first()).toBeVisible();
  await tab(page, 'Comments');
  await expect(page.getByText('Among all this a good comment.')).toBeVisible();
  await tab(page, 'History');
  await expect(page.getByRole('tabpanel')).toContainText('Title: Hostile');
  await page.goto('/m/calendar');
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();

  await page.goto('/m/');
  await openJob(page, 'Boiler does not start');
  await press(page, 'Start');
  await inStep(page);
  await expect.poll(async () => (await office.find('Boiler does not start')).status).toBe('started');
  expect(seen).toEqual([]);
});

test.describe('at the desk', () => {
  test.use(desk);
  test('a job that holds what no app writes is shown as far as it can be, among others that work: at the desk', async ({ page, server, baseURL }) => {
    const office = server.as('dispatcher');
    const boiler = await office.find('Boiler does not start');
    const job = await office.create({ title: 'Before', assignees: ['anna'], status: 'published', scheduled_at: boiler.scheduled_at });
    await spoil(server.url, job.id);
    const seen = watched(page, new URL(baseURL).host);
    await signInAtTheDesk(page, '/jobs');
    await expect(rows(page).filter({ hasText: 'Hostile' })).toBeVisible();
    await expect(rows(page).filter({ hasText: 'Boiler does not start' })).toBeVisible();
    const [file] = await Promise.all([
      page.waitForEvent('download'),
      (async () => {
        await page.getByRole('button', { name: 'Export', exact: true }).click();
        await page.getByRole('menuitem').first().click();
      })(),
    ]);
    const csv = await readFile(await file.path(), 'utf8');
    expect(csv.split('\r\n').filter((line) => line.startsWith(job.id))).toHaveLength(1);

    await page.goto('/board');
    await expect(page.getByRole('button', { name: /^Boiler does not start/ })).toBeVisible();
    await page.goto(`/jobs/${job.id}`);
    await expect(page.getByText('Saved', { exact: true })).toBeVisible();
    await expect(page.getByText('Among all this a good comment.')).toBeVisible();
    expect(await page.locator('a[href^="javascript:" i], a[href^="data:" i]').count()).toBe(0);
    await page.getByRole('textbox', { name: 'Description' }).fill('It can be mended.');
    await expect.poll(async () => (await office.job(job.id)).description).toBe('It can be mended.');
    await page.getByRole('button', { name: 'History', exact: true }).click();
    await expect(page.getByRole('complementary', { name: 'History' }).getByRole('listitem').nth(1)).toBeVisible();
    await page.goto(`/jobs/${job.id}/report`);
    await expect(page.getByRole('article')).toContainText('Among all this a good comment.');

    await page.goto(`/jobs/${boiler.id}`);
    await page.getByRole('textbox', { name: 'Description' }).fill('A good one works.');
    await expect.poll(async () => (await office.job(boiler.id)).description).toBe('A good one works.');
    expect(seen).toEqual([]);
  });
});
