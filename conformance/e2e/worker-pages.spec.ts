import { mkdirSync } from 'node:fs';
import { violations } from './support/axe.ts';
import { cut } from './support/cut.ts';
import { permit } from './support/permissions.ts';
import { addPhotos, goTo, inStep, noise, openJob, press, ready, signIn, tab } from './support/phone.ts';
import { expect, offline, test, type Page } from './support/test.ts';
import { top } from './support/program.ts';

const shots = `${top}conformance/artefacts/worker`;
mkdirSync(shots, { recursive: true });

const looks = [
  { name: 'phone-light', width: 390, height: 844, scheme: 'light' },
  { name: 'phone-dark', width: 390, height: 844, scheme: 'dark' },
  { name: 'wide-light', width: 1440, height: 900, scheme: 'light' },
  { name: 'wide-dark', width: 1440, height: 900, scheme: 'dark' },
] as const;

/** Looks at a page in all its sizes and colours: a picture of each for the contact sheet, and axe in both colours. */
async function look(page: Page, name: string): Promise<void> {
  const found: string[] = [];
  for (const l of looks) {
    await page.setViewportSize({ width: l.width, height: l.height });
    await page.emulateMedia({ colorScheme: l.scheme });
    await page.waitForFunction((scheme) => (document.documentElement.dataset['mantineColorScheme'] ?? scheme) === scheme, l.scheme); // Mantine, where it is, hears of it a moment later
    await page.evaluate(() => window.scrollTo(0, 0));
    await page.screenshot({ path: `${shots}/${name}.${l.name}.png`, animations: 'disabled' });
    if (l.width > 1000) continue;
    const result = await violations(page).disableRules(['target-size']).analyze(); // small() asks for more, and knows what is only scrolled under a bar
    found.push(...result.violations.map((v) => `${name} ${l.name}: ${v.id}: ${v.nodes.map((n) => n.target.join(' ')).join('; ')}`));
    found.push(...(await small(page)).map((s) => `${name} ${l.name}: smaller than 44 px: ${s}`));
    found.push(...(await cut(page)).map((c) => `${name} ${l.name}: ${c}`));
    found.push(...(await sideways(page)).map((s) => `${name} ${l.name}: ${s}`));
  }
  await page.setViewportSize({ width: 390, height: 844 });
  expect.soft(found).toEqual([]);
}

/** Targets that a thumb would miss. A box to tick counts with its label. */
async function small(page: Page): Promise<string[]> {
  return await page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>('button, a[href], select, input:not([type=file]), textarea, [role=tab]')]
      .filter((e) => e.checkVisibility({ visibilityProperty: true, opacityProperty: true }) && !e.closest('[aria-hidden=true]') && !e.closest('[inert]'))
      .map((e) => {
        const own = e.getBoundingClientRect();
        const label = e instanceof HTMLInputElement ? e.labels?.[0]?.getBoundingClientRect() : undefined;
        return { e, r: label && (own.height < 43.5 || own.width < 43.5) ? label : own };
      })
      .filter(({ e, r }) => r.width > 1 && r.height > 1 && (r.height < 43.5 || r.width < 43.5) && !(e.matches('a') && getComputedStyle(e).display === 'inline') && !e.className.includes?.('skip'))
      .map(({ e, r }) => `${e.tagName.toLowerCase()} "${(e.getAttribute('aria-label') ?? e.textContent ?? '').trim().slice(0, 40)}" ${Math.round(r.width)}×${Math.round(r.height)}`),
  );
}

/** A page that can be pushed sideways has something in it that is too wide. */
async function sideways(page: Page): Promise<string[]> {
  return await page.evaluate(() => (document.documentElement.scrollWidth > document.documentElement.clientWidth ? [`wider than the screen: ${document.documentElement.scrollWidth}`] : []));
}

test('every page full: no violation, targets for thumbs, nothing too wide', async ({ page, server }) => {
  test.slow();
  const office = server.as('dispatcher');
  const boiler = await office.find('Boiler does not start');
  await page.goto('/m/');
  await expect(page.getByRole('button', { name: 'Sign in', exact: true })).toBeVisible();
  await look(page, '01-sign-in');
  const long = 'Hydraulic balancing of the whole heating system, riser by riser, together with the caretaker of the northern building';
  for (const [i, title] of [long, 'Tap drips', 'Underfloor heating'].entries())
    await office.create({ title, client: 'Hotel Lindenhof', assignees: ['anna'], status: 'published', scheduled_at: new Date(Date.parse(boiler.scheduled_at!) + (8 + i) * 3_600_000).toISOString(), description: `${title}. `.repeat(6) });
  await ready(page);
  await expect(page.getByRole('link', { name: /Underfloor/ })).toBeVisible();
  await look(page, '02-jobs');
  await page.getByRole('searchbox', { name: 'Search in your jobs' }).fill('zzzz');
  await expect(page.getByText('No job matches “zzzz”.')).toBeVisible();
  await look(page, '20-nothing-found');
  await page.getByRole('button', { name: 'Clear the search' }).click();
  await openJob(page, long);
  await look(page, '21-long-title');
  await tab(page, 'Report');
  await look(page, '22-report-before-start');
  await tab(page, 'Comments');
  await look(page, '23-no-comments');
  await goTo(page, 'Calendar');
  await look(page, '03-calendar');
  await openJob(page, boiler.title);
  await look(page, '04-job-published');
  await press(page, 'Start');
  await page.getByRole('button', { name: 'Undo', exact: true }).focus(); // so the notice stays
  await look(page, '24-notice');
  await page.keyboard.press('Escape');
  await addPhotos(page, 'Photos', [noise('plate.png'), noise('leak.png'), noise('valve.png')]);
  await page.getByRole('checkbox', { name: 'Gas shut off' }).check();
  await inStep(page);
  await expect(page.getByText('1 of 3')).toBeVisible();
  await look(page, '05-report');
  await page.getByRole('button', { name: /^Open photo 1/ }).click();
  await expect(page.getByRole('dialog').locator('img')).toBeVisible();
  await look(page, '06-photo');
  await page.getByRole('button', { name: 'Close' }).click();
  await page.getByRole('button', { name: /^Sign:/ }).click();
  await look(page, '07-signature');
  await page.getByRole('button', { name: 'Close' }).click();
  await tab(page, 'Comments');
  await page.getByLabel('New comment').fill('The valve was shut.');
  await page.getByRole('button', { name: 'Add', exact: true }).click();
  await office.comment(boiler.id, 'Thank you. Please take a photo of it.');
  await expect(page.getByRole('tabpanel').getByText('Please take a photo')).toBeVisible();
  await look(page, '08-comments');
  await tab(page, 'History');
  await expect(page.getByRole('listitem').filter({ hasText: 'Status: Started' })).toBeVisible();
  await look(page, '09-history');
  await press(page, 'Finish');
  await page.getByRole('dialog').getByRole('radio', { name: /Parts are missing/ }).check();
  await page.getByRole('dialog').getByRole('button', { name: 'Finish', exact: true }).click();
  await look(page, '10-finish');
  await page.getByRole('button', { name: 'Close' }).click();
  await office.patch(boiler.id, { description: 'Bring the long ladder. The reception knows.' });
  await openJob(page, boiler.title);
  await look(page, '11-job-started');
  await goTo(page, 'Unsent');
  await look(page, '12-unsent-nothing');
  await goTo(page, 'Menu');
  await look(page, '13-menu');
  for (const [name, link] of [
    ['14-new-job', 'New job'],
    ['15-notifications', 'Notifications'],
    ['16-storage', 'Storage on this phone'],
    ['17-location', 'Location'],
    ['18-help', 'How syncing works'],
  ] as const) {
    await goTo(page, 'Menu');
    await page.getByRole('main').getByRole('link', { name: link, exact: true }).click();
    await expect(page.getByRole('heading', { level: 1, name: link })).toBeVisible();
    await look(page, name);
  }
  await goTo(page, 'Menu');
  await page.getByRole('button', { name: 'Sign out' }).click();
  await expect(page.getByText('Your jobs are removed from this phone.')).toBeVisible();
  await look(page, '25-sign-out');
  await page.goto('/m/nowhere');
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  await look(page, '19-not-found');
});

test('every page empty', async ({ page, server }) => {
  const office = server.as('dispatcher');
  const list = await office.ask<{ jobs: { id: string }[] }>('GET', '/jobs?assignee=ben&limit=50');
  for (const j of list.jobs) await office.ask('DELETE', `/jobs/${j.id}/assignees/ben`).catch(() => office.patch(j.id, { assignees: { ben: null } }));
  await page.goto('/m/');
  await page.getByLabel('Login').fill('dispatcher');
  await page.getByRole('textbox', { name: 'Password' }).fill('demo');
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await expect(page.getByText('Signed in as Dora Dispatcher')).toBeVisible();
  await look(page, '34-not-a-worker');
  await page.getByRole('button', { name: 'Sign out' }).click();
  await expect(page.getByLabel('Login')).toBeVisible();
  await signIn(page, 'ben');
  await expect(page.getByText('No jobs for today.')).toBeVisible();
  await look(page, '30-jobs-empty');
  await goTo(page, 'Calendar');
  await expect(page.getByText('Nothing is planned for this day.')).toBeVisible();
  await look(page, '31-calendar-empty');
  await page.goto('/m/refused');
  await expect(page.getByText('Nothing was refused.')).toBeVisible();
  await look(page, '32-refused-empty');
  await page.goto('/m/jobs/3ReySPhkJcm9xYmDMUm1S4nFKXQd');
  await expect(page.getByText('This job is not on this phone.')).toBeVisible();
  await look(page, '33-job-missing');
});

test('every page failing', async ({ page, context, server, link }) => {
  test.slow();
  const office = server.as('dispatcher');
  await page.goto('/m/');
  await page.getByLabel('Login').fill('anna');
  await page.getByRole('textbox', { name: 'Password' }).fill('wrong');
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await expect(page.getByText('Login or password is wrong.')).toBeVisible();
  await look(page, '40-sign-in-wrong');
  await page.goto('/m/?signed-in=1&sign_in_error=forbidden');
  await expect(page.getByText('Your company account did not let you in.')).toBeVisible();
  await look(page, '45-sign-in-company');
  await permit(page, link.url, 'notifications', 'denied');
  await ready(page);
  await page.getByRole('status').filter({ hasText: 'Notifications are off.' }).getByRole('link', { name: 'Help' }).click();
  await expect(page.getByTestId('push-state')).toContainText(/^Blocked/);
  await look(page, '46-notifications-blocked');
  const id = await openJob(page, 'Boiler does not start');
  await press(page, 'Start');
  await expect.poll(async () => (await office.job(id)).status).toBe('started');
  await offline(context, link, true);
  await addPhotos(page, 'Photos', [noise('plate.png')]);
  await goTo(page, 'Unsent');
  await expect(page.getByText('Waits for a network')).toBeVisible();
  await look(page, '41-unsent-offline');
  await page.goto('/m/jobs/3ReySPhkJcm9xYmDMUm1S4nFKXQd');
  await expect(page.getByText('This job is not on this phone.')).toBeVisible();
  await look(page, '47-job-missing-offline');
  await goTo(page, 'Menu');
  await page.getByRole('button', { name: 'Sign out' }).click();
  await expect(page.getByText('1 photo or file has not reached the server and would be lost.')).toBeVisible();
  await look(page, '48-sign-out-unsent');
  await page.getByRole('button', { name: 'Stay' }).click();
  await page.goto('/m/notifications');
  await expect(page.getByText('This can be changed with a network.')).toBeVisible();
  await look(page, '49-notifications-offline');
  await openJob(page, 'Boiler does not start');
  await press(page, 'Finish');
  await page.getByRole('dialog').getByRole('radio', { name: /Repaired/ }).check();
  await page.getByRole('dialog').getByRole('button', { name: 'Finish', exact: true }).click();
  await goTo(page, 'Jobs');
  await look(page, '42-jobs-offline');
  await office.status(id, { status: 'cancelled' });
  await offline(context, link, false);
  await page.getByRole('button', { name: /Show done/ }).click();
  await openJob(page, 'Boiler does not start');
  await expect(page.getByRole('region', { name: 'The status was set twice at once' })).toBeVisible();
  await look(page, '43-clash');
  await openJob(page, 'Yearly boiler inspection');
  await press(page, 'Start');
  await link.set('2g');
  await addPhotos(page, 'Photos', [noise('plate.png', 400)]);
  // At once by the photo's own pace; where it rests until it is tried again, by the round trip alone, which takes longer than a minute to tell.
  await expect(page.getByText(/^Slow network/)).toBeVisible({ timeout: 150_000 });
  await look(page, '44-job-slow');
});

test('a right-to-left page is laid out from right to left, with nothing too wide', async ({ page }) => {
  await ready(page);
  await page.evaluate(() => (document.documentElement.dir = 'rtl'));
  await openJob(page, 'Boiler does not start');
  const back = (await page.getByRole('button', { name: 'Back' }).boundingBox())!;
  expect(back.x).toBeGreaterThan(195);
  await look(page, '50-job-rtl');
  await goTo(page, 'Jobs');
  await look(page, '51-jobs-rtl');
});

test('the keyboard alone is enough: skip to the content, go through the tabs, close a sheet', async ({ page }) => {
  await ready(page);
  const skip = page.getByRole('link', { name: 'Skip to the content' });
  await expect(skip).not.toBeInViewport();
  await page.reload();
  await expect(page.getByRole('link', { name: /Boiler does not start/ }).first()).toBeVisible();
  await page.keyboard.press('Tab');
  await expect(skip).toBeFocused();
  await expect(skip).toBeInViewport(); // it shows itself to who comes by the keyboard
  await page.keyboard.press('Enter');
  await expect(page.getByRole('main')).toBeFocused();
  await goTo(page, 'Calendar');
  await expect(page.getByRole('heading', { name: 'Calendar', level: 1 })).toBeFocused(); // a screen reader says where one has gone
  await openJob(page, 'Boiler does not start');
  await page.getByRole('tab', { name: /^Details/ }).focus();
  await page.keyboard.press('ArrowRight');
  await expect(page.getByRole('tab', { name: /^Report/ })).toBeFocused();
  await expect(page.getByRole('tab', { name: /^Report/ })).toHaveAttribute('aria-selected', 'true');
  await press(page, 'Start');
  await press(page, 'Finish');
  await expect(page.getByRole('dialog')).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toBeHidden();
});
