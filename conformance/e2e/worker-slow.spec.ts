import { randomBytes } from 'node:crypto';
import { addPhotos, goTo, inStep, noise, openJob, press, ready, symbol, tab, unsentCount } from './support/phone.ts';
import { expect, offline, test } from './support/test.ts';

const boiler = 'Boiler does not start';

test('S6 on a slow link only the text of jobs is synced, and the app says so', async ({ page, server, link }) => {
  await ready(page);
  await link.set('2g');
  const id = await openJob(page, boiler);
  await press(page, 'Start');
  await addPhotos(page, 'Photos', [noise('plate.png', 400)]);
  await expect(page.getByText('Slow network: 1 file waits for a faster network.')).toBeVisible();
  await page.getByRole('checkbox', { name: 'Gas shut off' }).check();

  // The text arrives, the photo's name with it; the photo does not.
  await expect.poll(async () => (await server.as('dispatcher').job(id)).checklist.find((i) => i.uuid === 'gas-off')?.done).toBe(true);
  await expect.poll(async () => (await server.as('dispatcher').files(id)).map((f) => f.state)).toEqual(['promised']);
  await goTo(page, 'Unsent');
  await expect(page.getByText('Waits for a faster network', { exact: true })).toBeVisible();
  expect((await server.as('dispatcher').files(id)).map((f) => f.state)).toEqual(['promised']);
});

test('S6 a status goes before text, what was written before and what is on its way already', async ({ page, server, context, link }) => {
  const office = server.as('dispatcher');
  const texts = await Promise.all(Array.from({ length: 8 }, (_, i) => office.create({ title: `Long story ${i + 1}`, status: 'published', assignees: [{ user: 'anna', edit: true }] })));
  await ready(page);
  await offline(context, link, true);
  for (const { title } of texts) {
    await openJob(page, title);
    await tab(page, 'Comments');
    await page.getByLabel('New comment').fill(randomBytes(18 << 10).toString('base64')); // three seconds of 2G, however it is packed
    await page.getByRole('button', { name: 'Add', exact: true }).click();
    await expect(page.getByRole('button', { name: 'Add', exact: true })).toBeDisabled();
  }
  const id = await openJob(page, boiler);
  await press(page, 'Start');
  await expect(page.getByText('Started', { exact: true }).first()).toBeVisible();
  await context.setOffline(false);
  await link.set('2g');

  /** How many of the texts had arrived, asked for before the status was seen. */
  const before = async (status: string) => {
    let arrived = 0;
    await expect.poll(async () => {
      const jobs = await Promise.all(texts.map((t) => office.job(t.id)));
      if ((await office.job(id)).status === status) return true;
      arrived = jobs.filter((j) => j.comments.length > 0).length;
      return false;
    }, { intervals: [100], timeout: 120_000 }).toBe(true);
    return arrived;
  };
  expect(await before('started')).toBe(0);
  await expect.poll(async () => (await Promise.all(texts.map((t) => office.job(t.id)))).some((j) => j.comments.length > 0), { intervals: [100] }).toBe(true);
  await press(page, 'Pause');
  expect(await before('paused')).toBeLessThan(texts.length);
  await inStep(page);
  expect((await Promise.all(texts.map((t) => office.job(t.id)))).map((j) => j.comments.length)).toEqual(texts.map(() => 1));
});

test('S6 one photo can be sent now all the same', async ({ page, server, link }) => {
  await ready(page);
  await link.set('2g');
  const id = await openJob(page, boiler);
  await press(page, 'Start');
  await addPhotos(page, 'Photos', [noise('plate.png', 96)]);
  await goTo(page, 'Unsent');
  await page.getByRole('button', { name: /^Send .* now$/ }).click();
  await expect.poll(async () => (await server.as('dispatcher').files(id)).map((f) => f.state), { timeout: 120_000 }).toEqual(['here']);
  await expect(page.getByText('Everything is on the server.')).toBeVisible();
});

test('S7 as soon as the link is faster the files follow, and the office sees the photos', async ({ page, server, link }) => {
  await ready(page);
  await link.set('2g');
  const id = await openJob(page, boiler);
  await press(page, 'Start');
  await addPhotos(page, 'Photos', [noise('plate.png', 400)]);
  await expect(page.getByText(/^Slow network/)).toBeVisible();
  await expect.poll(async () => (await server.as('dispatcher').files(id)).map((f) => f.state)).toEqual(['promised']);
  await link.set('lte');
  await expect.poll(async () => (await server.as('dispatcher').files(id)).map((f) => f.state), { timeout: 120_000 }).toEqual(['here']);
  await expect(page.getByText(/^Slow network/)).toBeHidden();
});

test('S13 without a network the app works, and says so in a banner at the top', async ({ page, context, link }) => {
  await ready(page);
  await offline(context, link, true);
  const banner = page.getByText('Offline. You can go on working; everything is kept on this phone.');
  await expect(banner).toBeVisible();
  expect((await banner.boundingBox())!.y).toBeLessThan(60);
  await page.reload();
  await expect(banner).toBeVisible();
  await openJob(page, boiler);
  await press(page, 'Start');
  await expect(page.getByText('Started', { exact: true }).first()).toBeVisible();
  await offline(context, link, false);
  await expect(banner).toBeHidden();
});

test('S14 S15 S16 S17 offline every change and photo is kept, counted, and goes out by itself when the network is back', async ({ page, context, server, link }) => {
  await ready(page);
  const synced = Number(await symbol(page).getAttribute('data-last'));
  await offline(context, link, true);
  await expect(page.getByText(/^Offline/)).toBeVisible();
  const id = await openJob(page, boiler);
  await press(page, 'Start');
  await addPhotos(page, 'Photos', [noise('plate.png'), noise('leak.png')]);
  await page.getByRole('checkbox', { name: 'Gas shut off' }).check();
  await expect.poll(() => unsentCount(page)).toBeGreaterThanOrEqual(4); // a tick is shown at once; what is counted is kept

  // S14: nothing of it is lost with the page.
  await page.reload();
  await expect(page.getByRole('checkbox', { name: 'Gas shut off' })).toBeChecked();
  await expect(page.getByRole('button', { name: /^Open photo/ })).toHaveCount(2);
  expect((await server.as('dispatcher').job(id)).status).toBe('published');

  // S15: the status, the tick, two photos. S16: the time is the one from before.
  await expect.poll(() => unsentCount(page)).toBeGreaterThanOrEqual(4);
  await goTo(page, 'Unsent');
  await expect(page.getByRole('heading', { name: /2 files/ })).toBeVisible();
  await expect(page.getByText('Waits for a network')).toHaveCount(2);
  expect(Number(await symbol(page).getAttribute('data-last'))).toBeLessThanOrEqual(synced + 5000);

  // S17: without a tap.
  await offline(context, link, false);
  await expect(page.getByText('Everything is on the server.')).toBeVisible({ timeout: 120_000 });
  const job = await server.as('dispatcher').job(id);
  expect([job.status, job.attachments.length, job.checklist.find((i) => i.uuid === 'gas-off')?.done]).toEqual(['started', 2, true]);
  expect((await server.as('dispatcher').files(id)).map((f) => f.state)).toEqual(['here', 'here']);
  await inStep(page);
  expect(Number(await symbol(page).getAttribute('data-last'))).toBeGreaterThan(synced);
});
