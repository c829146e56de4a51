import { desk, look, rightToLeft, signIn } from './support/office.ts';
import { expect, test, type Locator, type Page } from './support/test.ts';

test.use({ ...desk, actionTimeout: 60_000 });

const card = (page: Page, title: string) => page.getByRole('button', { name: new RegExp(`^${title}`) });
const lane = (page: Page, name: string) => page.getByRole('region', { name: 'Day board' }).getByRole('group', { name, exact: true });

test('a job is given to somebody, and put at a time, by dragging', async ({ page, server }) => {
  const office = server.as('dispatcher');
  const job = await office.find('Thermostat quotation');
  await signIn(page, '/board');
  await expect(lane(page, 'Nobody yet').getByRole('button')).toHaveCount(1);
  const from = (await card(page, 'Thermostat quotation').boundingBox())!;
  const boiler = (await card(page, 'Boiler does not start').boundingBox())!; // Anna's, from eight to half past nine
  const hour = boiler.width / 1.5;
  await page.mouse.move(from.x + 10, from.y + 20);
  await page.mouse.down();
  await page.mouse.move(from.x, from.y + 60, { steps: 4 });
  await page.mouse.move(boiler.x + 10 + 3.5 * hour, boiler.y + 20, { steps: 8 }); // half past eleven
  await page.mouse.up();
  await expect(lane(page, 'Anna Worker').getByRole('button', { name: /^Thermostat quotation/ })).toBeVisible();
  await expect.poll(async () => (await office.job(job.id)).assignees).toEqual([{ user: 'anna', edit: true }]);
  const planned = await office.job(job.id);
  const eight = new Date((await office.find('Boiler does not start')).scheduled_at!).getTime();
  expect((new Date(planned.scheduled_at!).getTime() - eight) / 60_000).toBe(210);

  await page.getByRole('button', { name: 'Undo' }).click();
  await expect.poll(async () => (await office.job(job.id)).assignees).toEqual([]);
  expect((await office.job(job.id)).scheduled_at).toBe(job.scheduled_at);
});

test('the same by keyboard: m takes it up, the arrows carry it, Enter puts it down', async ({ page, server }) => {
  const office = server.as('dispatcher');
  const job = await office.find('Thermostat quotation');
  await signIn(page, '/board');
  await card(page, 'Thermostat quotation').focus();
  await page.keyboard.press('m');
  await page.keyboard.press('ArrowDown'); // from nobody to Anna
  await page.keyboard.press('ArrowDown'); // to Ben
  for (let i = 0; i < 4; i++) await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('Shift+ArrowRight');
  await expect(page.getByText(/Thermostat quotation: Ben Worker, .* Enter puts it down/)).toBeAttached();
  await page.keyboard.press('Enter');
  await expect.poll(async () => (await office.job(job.id)).assignees).toEqual([{ user: 'ben', edit: true }]);
  const planned = await office.job(job.id);
  expect(new Date(job.scheduled_at!).getTime() - new Date(planned.scheduled_at!).getTime()).toBe(60 * 60_000);
  expect(planned.scheduled_duration).toEqual({ minutes: 75 });

  await card(page, 'Thermostat quotation').focus();
  await page.keyboard.press('m');
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('Escape');
  await expect(page.getByText('Thermostat quotation stays where it was.')).toBeAttached();
  expect((await office.job(job.id)).scheduled_at).toBe(planned.scheduled_at);
});

test('in a dialog, without dragging; and what others write meanwhile stays', async ({ page, server }) => {
  const office = server.as('dispatcher');
  const job = await office.find('Radiator cold on the third floor');
  await signIn(page, '/board');
  await card(page, 'Radiator cold').focus();
  await page.keyboard.press('a');
  const dialog = page.getByRole('dialog', { name: 'Radiator cold on the third floor' });
  await dialog.getByLabel('Minutes').fill('120');
  await office.patch(job.id, { title: 'Radiator cold on the fourth floor', assignees: { ben: { edit: false } } });
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect.poll(async () => (await office.job(job.id)).scheduled_duration).toEqual({ minutes: 120 });
  const now = await office.job(job.id);
  expect(now.title).toBe('Radiator cold on the fourth floor');
  expect(now.assignees.map((a) => a.user).sort()).toEqual(['anna', 'ben']);
  await expect(lane(page, 'Ben Worker').getByRole('button', { name: /fourth floor/ })).toBeVisible(); // and it is live
});

test('a draft plan is published at once; what cannot be is said', async ({ page, server }) => {
  const office = server.as('dispatcher');
  const at = (await office.find('Boiler does not start')).scheduled_at!;
  const drafts = await Promise.all(['one', 'two', 'three'].map((n) => office.create({ title: `Draft ${n}`, scheduled_at: at, assignees: ['ben'] })));
  await signIn(page, '/board');
  await page.getByRole('button', { name: 'Publish 3 drafts' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByText('1 draft stays one: nobody is assigned to it.')).toBeVisible();
  await dialog.getByRole('button', { name: 'Publish 3 drafts' }).click();
  await expect(page.getByText('3 jobs are published.')).toBeVisible();
  for (const d of drafts) expect((await office.job(d.id)).status).toBe('published');
  await expect(page.getByRole('button', { name: /^Publish/ })).toHaveCount(0);
});

test('who works on a job that was started stays; its time can still be moved', async ({ page, server }) => {
  const office = server.as('dispatcher');
  const job = await office.find('Boiler does not start');
  await office.status(job.id, { status: 'started' });
  await signIn(page, '/board');
  await expect(card(page, 'Boiler does not start, Started')).toBeVisible();
  await card(page, 'Boiler does not start').focus();
  await page.keyboard.press('m');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Enter');
  await expect.poll(async () => (await office.job(job.id)).scheduled_at).not.toBe(job.scheduled_at);
  expect((await office.job(job.id)).assignees).toEqual([{ user: 'anna', edit: true }]);
});

test('from right to left the board is mirrored: the day runs to the left, dragging, arrows, menus and the drawer follow', async ({ page, server }) => {
  test.slow();
  const office = server.as('dispatcher');
  const job = await office.find('Thermostat quotation');
  await rightToLeft(page);
  await signIn(page, '/board');
  const middle = desk.viewport.width / 2;
  const centre = async (of: Locator) => (await of.boundingBox().then((b) => b!.x + b!.width / 2));
  expect(await centre(page.getByRole('navigation', { name: 'Pages' }))).toBeGreaterThan(middle);
  expect(await centre(lane(page, 'Anna Worker').getByText('Anna Worker'))).toBeGreaterThan(middle);
  const from = (await card(page, 'Thermostat quotation').boundingBox())!;
  const boiler = (await card(page, 'Boiler does not start').boundingBox())!; // Anna's, from eight to half past nine
  const hour = boiler.width / 1.5;
  await page.mouse.move(from.x + from.width - 10, from.y + 20);
  await page.mouse.down();
  await page.mouse.move(from.x + from.width, from.y + 60, { steps: 4 });
  await page.mouse.move(boiler.x + boiler.width - 10 - 3.5 * hour, boiler.y + 20, { steps: 8 }); // half past eleven
  await page.mouse.up();
  await expect(lane(page, 'Anna Worker').getByRole('button', { name: /^Thermostat quotation/ })).toBeVisible();
  const eight = new Date((await office.find('Boiler does not start')).scheduled_at!).getTime();
  const after = async () => (new Date((await office.job(job.id)).scheduled_at!).getTime() - eight) / 60_000;
  await expect.poll(after).toBe(210);
  await card(page, 'Thermostat quotation').focus();
  await page.keyboard.press('m');
  await page.keyboard.press('ArrowLeft'); // later
  await page.keyboard.press('Enter');
  await expect.poll(after).toBe(225);

  const account = page.getByRole('button', { name: /^Account of/ });
  await account.click();
  const menu = (await page.getByRole('menu').boundingBox())!;
  const button = (await account.boundingBox())!;
  expect(Math.abs(menu.x - button.x)).toBeLessThan(2); // they end on the same side, and that is the left one
  expect(menu.x).toBeGreaterThanOrEqual(0);
  await look(page, '50-board-rtl');
  await page.keyboard.press('Escape');
  await page.setViewportSize({ width: 390, height: 844 });
  await page.getByRole('button', { name: 'Open the menu' }).click();
  const drawer = page.getByRole('dialog', { name: 'fieldsync' });
  await expect(drawer).toBeVisible();
  await expect.poll(async () => Math.round((await drawer.boundingBox().then((b) => b!.x + b!.width)))).toBe(390);
});

test('a name that a short job has no room for is cut with an ellipsis, and told in full to who points at it', async ({ page, server }) => {
  const office = server.as('dispatcher');
  const title = 'Expansion vessel of the heating in the northern stairwell';
  await office.create({ title, assignees: ['ben'], status: 'published', scheduled_at: (await office.find('Boiler does not start')).scheduled_at, scheduled_duration: { minutes: 45 } });
  await signIn(page, '/board');
  const card = page.getByRole('button', { name: new RegExp(`^${title}`) });
  await expect(card).toHaveAttribute('title', new RegExp(`^${title}\\n`));
  const name = card.getByText(title);
  const cut = await name.evaluate((e) => {
    const style = getComputedStyle(e);
    const card = e.closest('button')!.getBoundingClientRect();
    const own = e.getBoundingClientRect();
    return { lines: style.webkitLineClamp, inside: own.bottom <= card.bottom && own.right <= card.right, tooLong: e.scrollHeight > e.clientHeight };
  });
  expect(cut).toEqual({ lines: '2', inside: true, tooLong: true });
});

test('a day is typed as a whole before the board goes there; what is picked is gone to at once', async ({ page }) => {
  await signIn(page, '/board/2026-11-24');
  const field = page.getByLabel('Day', { exact: true }).and(page.locator('input[type="date"]'));
  const visited: string[] = [];
  page.on('framenavigated', (frame) => visited.push(new URL(frame.url()).pathname));
  await field.focus();
  await page.keyboard.type('06062027'); // in whichever order the browser has day and month
  await expect(field).toHaveValue('2027-06-06');
  expect(new URL(page.url()).pathname).toBe('/board/2026-11-24');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/\/board\/2027-06-06/);
  await field.focus();
  await page.keyboard.type('01');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Backspace'); // a part is missing: no day to go to
  await field.blur();
  await expect(field).toHaveValue('2027-06-06');
  await field.fill('2026-11-25'); // without keys, as a picker does
  await expect(page).toHaveURL(/\/board\/2026-11-25/);
  expect(visited.filter((path, i) => path !== visited[i - 1])).toEqual(['/board/2027-06-06', '/board/2026-11-25']);
});

test('whose day it is stays in sight where so many jobs overlap that the line is longer than the board', async ({ page, server }) => {
  const office = server.as('dispatcher');
  const at = (await office.find('Boiler does not start')).scheduled_at!;
  await Promise.all(Array.from({ length: 30 }, (_, i) => office.create({ title: `Riser ${i}`, assignees: ['anna'], scheduled_at: at, scheduled_duration: { minutes: 60 } })));
  await signIn(page, '/board');
  await expect(lane(page, 'Anna Worker').getByRole('button')).toHaveCount(33);
  const name = lane(page, 'Anna Worker').getByText('Anna Worker');
  await expect(name).toBeInViewport();
  await page.getByRole('region', { name: 'Day board' }).evaluate((e) => (e.scrollTop = 1200));
  await expect(name).toBeInViewport();
});
