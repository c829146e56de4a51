import { inStep, openJob, press, ready } from './support/phone.ts';
import { expect, test, type Page } from './support/test.ts';

const boiler = 'Boiler does not start';
const notice = (page: Page, text: string) => page.locator('main > [role=status] > div').filter({ hasText: text });

/** What the notice lies over, of all that one can press, of the tabs' content and of the list; and how far it hangs out of the page's bar, in px. */
const covered = (page: Page, text: string) =>
  notice(page, text).evaluate((own) => {
    const at = own.getBoundingClientRect();
    const over = (e: Element): boolean => {
      const r = e.getBoundingClientRect();
      return !own.contains(e) && r.width > 1 && r.height > 1 && r.left < at.right && at.left < r.right && r.top < at.bottom && at.top < r.bottom;
    };
    const bar = document.querySelector('main header')!.getBoundingClientRect();
    const names = [...document.querySelectorAll('button, a[href], [role=tabpanel], main ul')].filter(over).map((e) => e.getAttribute('aria-label') ?? e.textContent ?? e.tagName);
    return { names, out: Math.max(0, at.bottom - bar.bottom, bar.top - at.top) };
  });

// As long as a notice stays it is looked at here; how long that is, notices.test.ts knows.
test.beforeEach(({ page }) =>
  page.addInitScript(() => {
    const later = window.setTimeout;
    window.setTimeout = ((run: TimerHandler, ms?: number, ...more: unknown[]) => later(run, ms === 8000 || ms === 4000 ? 2 ** 31 - 1 : ms, ...more)) as typeof window.setTimeout;
  }),
);

test('a notice lies over the title alone: no button, no list and nothing to read is covered, on a phone and on a wide screen', async ({ page, server }) => {
  await ready(page);
  const id = await openJob(page, boiler);
  await press(page, 'Start');
  for (const [width, height] of [
    [390, 844],
    [320, 568],
    [1440, 900],
  ] as const) {
    await page.setViewportSize({ width, height });
    await expect(notice(page, 'Started')).toBeVisible();
    expect(await covered(page, 'Started'), `${width} px`).toEqual({ names: [], out: 0 });
  }
  await page.setViewportSize({ width: 390, height: 844 });
  await page.evaluate(() => window.scrollTo(0, 400)); // the bar stays at the top, and the notice with it
  expect((await covered(page, 'Started')).out).toBe(0);
  for (const way of ['Calendar', 'Jobs']) {
    await page.getByRole('link', { name: way, exact: true }).click();
    await expect(page.getByRole('heading', { name: way, level: 1 })).toBeVisible();
    expect((await covered(page, 'Started')).names, way).toEqual([]);
  }
  await notice(page, 'Started').getByRole('button', { name: 'Undo' }).click();
  await expect(notice(page, 'Taken back')).toBeVisible();
  await expect.poll(async () => (await server.as('dispatcher').job(id)).status).toBe('published');
  await page.keyboard.press('Escape');
  await expect(notice(page, 'Taken back')).toHaveCount(0);
});

test('why a job could not be finished is said in the sheet where Finish was pressed', async ({ page, server }) => {
  await ready(page);
  const id = await openJob(page, boiler);
  await press(page, 'Start');
  await inStep(page);
  await press(page, 'Finish');
  const sheet = page.getByRole('dialog', { name: 'Finish the job' });
  await sheet.getByRole('radio', { name: /Repaired/ }).check();
  await server.as('dispatcher').status(id, { status: 'cancelled' });
  await expect(page.locator('main header').getByText('Cancelled', { exact: true })).toBeVisible(); // behind the sheet
  await sheet.getByRole('button', { name: 'Finish', exact: true }).click();
  await expect(sheet.getByRole('status')).toContainText('It is “Cancelled” and cannot become “Finished” from there.');
  await expect(notice(page, 'That did not work')).toHaveCount(0); // not where nobody can press it away
  await sheet.getByRole('status').getByRole('button', { name: 'Dismiss' }).click();
  await expect(sheet.getByText(/^That did not work/)).toHaveCount(0);
  await expect(sheet).toBeVisible();
});
