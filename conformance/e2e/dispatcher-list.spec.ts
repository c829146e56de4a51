import { readFileSync } from 'node:fs';
import { desk, rows, signIn } from './support/office.ts';
import { expect, test } from './support/test.ts';

test.use({ ...desk, actionTimeout: 60_000 });

test('the list is live: what is made, changed and no more of it appears by itself', async ({ page, server }) => {
  const office = server.as('dispatcher');
  await signIn(page, '/jobs?status=scheduled,published');
  await expect(page.getByText('Live', { exact: true })).toBeVisible();
  await expect(page.getByText('6 jobs')).toBeVisible();
  const made = await office.create({ title: 'Cold water only', scheduled_at: '2020-01-01T08:00:00Z', status: 'published' });
  await expect(rows(page).nth(1)).toContainText('Cold water only'); // where it belongs: it is the earliest
  await expect(page.getByText('7 jobs')).toBeVisible();
  await office.patch(made.id, { title: 'Lukewarm water only', scheduled_at: '2040-01-01T08:00:00Z' });
  await expect(rows(page).last()).toContainText('Lukewarm water only');
  await expect(rows(page).filter({ hasText: 'Cold water only' })).toHaveCount(0);
  await office.status(made.id, { status: 'started' });
  await expect(rows(page).filter({ hasText: 'Lukewarm' })).toHaveCount(0);
  await expect(page.getByText('6 jobs')).toBeVisible();
});

test('the list goes on by itself when the server was away', async ({ page, server }) => {
  await signIn(page, '/jobs');
  await expect(page.getByText('Live', { exact: true })).toBeVisible();
  await server.halt();
  await expect(page.getByText('Connecting', { exact: true })).toBeVisible();
  await server.start();
  await server.as('dispatcher').create({ title: 'Made while nobody heard' });
  await expect(rows(page).filter({ hasText: 'Made while nobody heard' })).toBeVisible();
  await expect(page.getByText('Live', { exact: true })).toBeVisible();
});

test('a view is an address: words, filters and order; it can be saved under a name', async ({ page, context, baseURL }) => {
  await signIn(page);
  await page.getByRole('searchbox', { name: 'Search jobs' }).fill('boiler');
  await expect(page).toHaveURL(/q=boiler/);
  await expect(rows(page).filter({ hasText: 'Lift stops' })).toHaveCount(0);
  await page.getByRole('button', { name: 'Published', exact: true }).click();
  await expect(page).toHaveURL(/status=published/);
  await page.getByRole('button', { name: /^Filters/ }).click();
  await page.getByRole('combobox', { name: 'Assigned to' }).click();
  await page.getByRole('option', { name: 'Ben Worker' }).click();
  await page.keyboard.press('Escape');
  await page.keyboard.press('Escape');
  await expect(rows(page)).toHaveCount(2); // the heading and the one job of both
  await expect(rows(page).nth(1)).toContainText('Yearly boiler inspection');
  await page.getByRole('button', { name: 'Views' }).click();
  await page.getByRole('menuitem', { name: 'Save this view' }).click();
  await page.getByRole('textbox', { name: 'Name' }).fill('Ben’s boilers');
  await page.getByRole('button', { name: 'Save', exact: true }).click();

  const other = await context.newPage();
  await other.goto(page.url().replace(/^https?:\/\/[^/]+/, baseURL));
  await expect(rows(other)).toHaveCount(2);
  await other.goto('/jobs');
  await other.getByRole('button', { name: 'Views' }).click();
  await other.getByRole('menuitem', { name: 'Ben’s boilers' }).click();
  await expect(other).toHaveURL(/assignee=ben/);
  await expect(rows(other)).toHaveCount(2);
});

test('the filtered list as CSV: every line of it, quoted, and no formula', async ({ page, server }) => {
  const office = server.as('dispatcher');
  for (let i = 0; i < 210; i++) await office.create({ title: i === 0 ? '=1+1, "quoted"' : `Export ${i}`, type: 'Export' });
  await signIn(page, '/jobs?type=Export');
  await expect(page.getByText('210 jobs')).toBeVisible();
  await page.getByRole('button', { name: 'Export' }).click();
  const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('menuitem', { name: 'This list as CSV' }).click()]);
  const text = readFileSync(await file.path(), 'utf8');
  expect(text.split('\r\n').filter(Boolean)).toHaveLength(211);
  expect(text).toContain(`"'=1+1, ""quoted"""`);
});

test('the list as CSV where the comma is in the numbers: cells are divided by semicolons, and none of a text is a formula', async ({ browser, baseURL, server }) => {
  await server.as('dispatcher').create({ title: 'Größe 4;=1+1', type: 'Ausfuhr', client: { name: 'مخبز النور' } });
  const context = await browser.newContext({ ...desk, baseURL, locale: 'de-DE' });
  const page = await context.newPage();
  await signIn(page, '/jobs?type=Ausfuhr');
  await page.getByRole('button', { name: 'Export' }).click();
  const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('menuitem', { name: 'This list as CSV' }).click()]);
  const [heading, line] = readFileSync(await file.path(), 'utf8').split('\r\n') as [string, string];
  expect(heading).toMatch(/^\uFEFFid;serial_no;/);
  expect(line).toContain(`;"Größe 4;'=1+1";Ausfuhr;`);
  expect(line).toContain(';مخبز النور;');
  await context.close();
});

test('who comes back from a job is where he was: the place in the list, the row, the focus; and sees what happened meanwhile', async ({ page, server }) => {
  test.slow();
  const office = server.as('dispatcher');
  const many = 420;
  const made: string[] = [];
  for (let i = 0; i < many; i += 20)
    made.push(...(await Promise.all(Array.from({ length: 20 }, (_, k) => office.create({ title: `Row ${i + k}.`, type: 'Rows', scheduled_at: new Date(Date.UTC(2027, 0, 1) + (i + k) * 60_000).toISOString() })))).map((j) => j.id));
  await signIn(page, '/jobs?type=Rows');
  await expect(page.getByText(`${many} jobs`)).toBeVisible();
  const grid = page.getByRole('grid', { name: 'Jobs' });
  const row = (n: number) => rows(page).filter({ hasText: `Row ${n}.` });
  await grid.evaluate((e) => (e.scrollTop = 300 * 50));
  await row(305).click({ position: { x: 700, y: 20 } });
  await expect(row(305)).toHaveAttribute('aria-selected', 'true');
  const before = await grid.evaluate((e) => e.scrollTop);
  expect(before).toBeGreaterThan(10_000);
  await grid.press('Enter');
  await expect(page.getByRole('textbox', { name: 'Title' })).toHaveValue('Row 305.');
  await office.patch(made[306]!, { title: 'Changed while nobody looked' });
  let read = 0;
  page.on('request', (r) => void (read += Number(/\/api\/v1\/jobs\?.*limit=[12]00/.test(r.url()))));
  await page.keyboard.press('Escape');
  await expect(row(305)).toHaveAttribute('aria-selected', 'true');
  expect(await grid.evaluate((e) => e.scrollTop)).toBe(before);
  await expect(grid).toBeFocused();
  await expect(rows(page).filter({ hasText: 'Changed while nobody looked' })).toBeVisible();
  expect(read).toBe(0); // nothing was read again: it is followed from where one left it
  await grid.press('ArrowDown');
  await expect(grid.locator('[aria-selected="true"]')).toContainText('Changed while nobody looked');
  // Another filter is another list: from its beginning.
  await page.getByRole('button', { name: 'Scheduled', exact: true }).click();
  await expect(row(0)).toBeVisible();
  expect(await grid.evaluate((e) => e.scrollTop)).toBe(0);
});

test('the key for searching finds the field from every page', async ({ page }) => {
  await signIn(page, '/new');
  await expect(page.getByRole('heading', { name: 'New job' })).toBeVisible();
  await page.keyboard.press('/');
  await expect(page.getByRole('searchbox', { name: 'Search jobs' })).toBeFocused();
  await page.keyboard.type('boiler');
  await expect(page).toHaveURL(/q=boiler/);
});

test('thousands of jobs: only what is in sight is drawn, by keyboard too, and the last one is reached', async ({ page, server }) => {
  test.slow();
  const office = server.as('dispatcher');
  const many = 2400;
  let next = 0;
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      for (let i = next++; i < many; i = next++) await office.create({ title: `Many ${i}`, type: 'Many', scheduled_at: new Date(Date.UTC(2027, 0, 1) + i * 60_000).toISOString() });
    }),
  );
  await signIn(page, '/jobs?type=Many');
  await expect(page.getByText('2,400 jobs')).toBeVisible();
  const grid = page.getByRole('grid', { name: 'Jobs' });
  await expect(rows(page).nth(1)).toContainText('Many 0');
  let read = 0;
  page.on('request', (r) => void (read += Number(/\/api\/v1\/jobs\?.*limit=[12]00/.test(r.url()))));
  const drag = (to: number) => grid.evaluate((e, to) => (e.scrollTop = (e.scrollHeight - e.clientHeight) * to), to);
  await drag(1); // the scroll bar is as long as all jobs are
  await expect(rows(page).last()).toContainText(`Many ${many - 1}`);
  expect(read).toBeLessThanOrEqual(2); // from the end, and not all that lies between
  await drag(0.5);
  await expect(rows(page).filter({ hasText: `Many ${many / 2}` })).toBeVisible();
  await drag(0.75);
  await expect(rows(page).filter({ hasText: `Many ${many * 0.75}` })).toBeVisible();
  await office.patch((await office.ask<{ jobs: { id: string }[] }>('GET', '/jobs?type=Many&sort=-scheduled_at&limit=1')).jobs[0]!.id, { title: 'The very last' });
  await drag(1);
  await expect(rows(page).last()).toContainText('The very last'); // what is read from the end is live, too
  await drag(0);
  await grid.focus();
  await grid.press('End');
  await expect(grid.locator('[aria-selected="true"]')).toContainText('The very last');
  expect(await rows(page).count()).toBeLessThan(80);
  await grid.press('Home');
  await expect(grid.locator('[aria-selected="true"]')).toContainText('Many 0');
  await grid.press('ArrowDown');
  await grid.press('Enter');
  await expect(page.getByRole('textbox', { name: 'Title' })).toHaveValue('Many 1');
});
