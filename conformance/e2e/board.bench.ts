import { mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CDPSession, Page } from '@playwright/test';
import { test as base } from '@playwright/test';
import { desk, rows, signIn } from './support/office.ts';
import { freePort, program, Program } from './support/program.ts';
import { Api } from './support/server.ts';
import { expect } from './support/test.ts';

// A measurement: `npx playwright test --config bench.config.ts board`. The board's list of 100,000 jobs: opened, scrolled to its end, left for a job and come back to, filtered, searched, and
// changed by others while all of it is there. Making the jobs takes four minutes; BOARD_DATA names a folder that keeps them for the next time. On a machine that others use read the counts and the processor's time.
const many = Number(process.env['JOBS'] ?? 100_000);
const lanes = 64; // as many are written by one write of the disk

const test = base.extend<{ server: Api }>({
  server: async ({}, use) => {
    const kept = process.env['BOARD_DATA'];
    const data = kept ?? mkdtempSync(join(tmpdir(), 'fieldsync-board-'));
    const port = await freePort();
    const server = new Program(program('fieldsyncd'), ['serve', '--listen', `127.0.0.1:${port}`, '--data', data, '--demo']);
    const api = new Api(`http://127.0.0.1:${port}`, 'demo-dispatcher');
    await server.answers(`${api.url}/readyz`);
    await make(api);
    await use(api);
    await server.stop();
    if (!kept) rmSync(data, { recursive: true, force: true });
  },
  baseURL: async ({ server }, use) => use(server.url),
});

/** Makes what is missing of the jobs. */
async function make(api: Api): Promise<void> {
  const total = async () => (await api.ask<{ total: number }>('GET', '/jobs?type=Many&limit=1&total=true')).total;
  let next = await total();
  await Promise.all(
    Array.from({ length: lanes }, async () => {
      for (let i = next++; i < many; i = next++)
        await api.create({ title: `Job ${i}`, type: 'Many', status: i % 3 ? 'published' : 'scheduled', assignees: [i % 2 ? 'anna' : 'ben'], scheduled_at: new Date(Date.UTC(2027, 0, 1) + i * 60_000).toISOString(), client: { name: `Client ${i % 977}` } });
    }),
  );
  await expect.poll(total, { timeout: 600_000 }).toBe(many);
}

/** What a stretch of work cost the page. */
interface Cost {
  wall: number;
  /** The main thread's own time, milliseconds. */
  own: number;
  /** Tasks over 50 ms, and the longest. */
  long: number;
  longest: number;
  requests: number;
  /** JavaScript's memory afterwards, after a collection, MiB. */
  heap: number;
  elements: number;
}

/** Measures what a page does while something is done with it. */
async function costs(page: Page, cdp: CDPSession, does: () => Promise<void>): Promise<Cost> {
  const figure = async (name: string) => (await cdp.send('Performance.getMetrics')).metrics.find((m) => m.name === name)!.value;
  let requests = 0;
  const count = (r: { url(): string }) => void (requests += Number(r.url().includes('/api/v1/jobs?')));
  page.on('request', count);
  await page.evaluate(() => ((window as unknown as { tasks: number[] }).tasks.length = 0));
  const [began, worked] = [performance.now(), await figure('TaskDuration')];
  await does();
  const [wall, own] = [performance.now() - began, ((await figure('TaskDuration')) - worked) * 1000];
  page.off('request', count);
  const tasks = await page.evaluate(() => (window as unknown as { tasks: number[] }).tasks);
  await cdp.send('HeapProfiler.collectGarbage');
  return { wall, own, long: tasks.length, longest: Math.max(0, ...tasks), requests, heap: (await figure('JSHeapUsedSize')) / (1 << 20), elements: await page.locator('*').count() };
}

test.use({ ...desk, actionTimeout: 120_000 });

test('the list of 100,000 jobs: opened, scrolled to its end, changed, filtered, searched', async ({ page, server }) => {
  test.setTimeout(3_600_000);
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('Performance.enable', { timeDomain: 'threadTicks' });
  await cdp.send('HeapProfiler.enable');
  await page.addInitScript(() => {
    const tasks: number[] = ((window as unknown as { tasks: number[] }).tasks = []);
    new PerformanceObserver((list) => list.getEntries().forEach((e) => tasks.push(e.duration))).observe({ type: 'longtask' });
  });
  await signIn(page, '/templates');
  const grid = page.getByRole('grid', { name: 'Jobs' });
  const total = (await server.ask<{ total: number }>('GET', '/jobs?type=Many&limit=1&total=true')).total;
  const stretch = async (name: string, does: () => Promise<void>) => {
    const c = await costs(page, cdp, does);
    console.log(`| ${name} | ${c.wall.toFixed(0)} ms | ${c.own.toFixed(0)} ms | ${c.long} | ${c.longest.toFixed(0)} ms | ${c.requests} | ${c.heap.toFixed(0)} MiB | ${c.elements} |`);
  };

  await stretch('opened', async () => {
    await page.getByRole('link', { name: 'Jobs', exact: true }).click();
    await expect(rows(page).nth(10)).toBeVisible();
  });
  await page.goto('/jobs?type=Many');
  await expect(page.getByText(`${total.toLocaleString('en')} jobs`)).toBeVisible();
  await stretch('20 screens by the wheel', async () => {
    await grid.hover();
    for (let i = 0; i < 20; i++) await page.mouse.wheel(0, 600);
    await expect.poll(() => grid.evaluate((e) => e.scrollTop)).toBeGreaterThan(11_000);
  });
  await stretch('to the end by the scroll bar', async () => {
    await grid.evaluate((e) => (e.scrollTop = e.scrollHeight));
    await expect(rows(page).last()).toContainText(`Job ${total - 1}`);
  });
  await stretch('from there to the middle, all between read', async () => {
    await grid.evaluate((e) => (e.scrollTop = e.scrollHeight / 2));
    await expect(rows(page).filter({ hasText: `Job ${total / 2}` })).toBeVisible({ timeout: 1_800_000 });
  });
  const [top, marked] = [await grid.evaluate((e) => e.scrollTop), rows(page).filter({ hasText: `Job ${total / 2}` })];
  await marked.click({ position: { x: 700, y: 20 } });
  await stretch('a job opened from there', async () => {
    await grid.press('Enter');
    await expect(page.getByRole('textbox', { name: 'Description' })).toBeEditable();
  });
  await stretch('and back to the list', async () => {
    await page.keyboard.press('Escape');
    await expect(marked).toHaveAttribute('aria-selected', 'true');
  });
  if ((await grid.evaluate((e) => e.scrollTop)) !== top) throw new Error('the list is elsewhere than it was left');
  const shown = (await rows(page).last().textContent())!.match(/Job (\d+)/)![1]!;
  const { id } = await server.find(`Job ${shown}`).catch(async () => (await server.ask<{ jobs: { id: string }[] }>('GET', `/jobs?q=${encodeURIComponent(`"Job ${shown}"`)}&limit=1`)).jobs[0]!);
  await stretch('a change of a job in sight by somebody else', async () => {
    await server.patch(id, { title: `Changed ${Date.now()}` });
    await expect(rows(page).filter({ hasText: /Changed \d/ }).first()).toBeAttached();
  });
  await server.patch(id, { title: `Job ${shown}` });
  await stretch('filtered by a status', async () => {
    await page.getByRole('button', { name: 'Scheduled', exact: true }).click();
    await expect(rows(page).nth(3)).toContainText('Scheduled');
    await expect(page.getByText(`${Math.ceil(total / 3).toLocaleString('en')} jobs`)).toBeVisible();
  });
  await stretch('searched', async () => {
    await page.getByRole('searchbox', { name: 'Search jobs' }).fill('77778');
    await expect(rows(page).nth(1)).toContainText('Job 77778');
  });
  console.log(`${total} jobs, load ${loadavg()[0]!.toFixed(1)}`);
});
