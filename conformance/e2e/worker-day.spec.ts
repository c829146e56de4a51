import { addPhotos, goTo, inStep, noise, openJob, press, ready, tab, unsentCount } from './support/phone.ts';
import { expect, offline, test, type Page } from './support/test.ts';

const boiler = 'Boiler does not start';
const inspection = 'Yearly boiler inspection';
const radiator = 'Radiator cold on the third floor';

async function finish(page: Page, outcome: string, note?: string) {
  await press(page, 'Finish');
  const sheet = page.getByRole('dialog', { name: 'Finish the job' });
  await sheet.getByRole('radio', { name: new RegExp(outcome) }).check();
  if (note !== undefined) await sheet.getByLabel('Note').fill(note);
  await sheet.getByRole('button', { name: 'Finish', exact: true }).click();
  await expect(sheet).toBeHidden();
}

test('a day of work without a network, with the app closed in between: nothing is missing', async ({ page, context, server, link }) => {
  await ready(page);
  await offline(context, link, true);

  const first = await openJob(page, boiler);
  await press(page, 'En route');
  await press(page, 'Start');
  await page.getByRole('checkbox', { name: 'Gas shut off' }).check();
  await page.getByRole('textbox', { name: 'Pressure (bar)' }).fill('1,75');
  await page.getByRole('textbox', { name: 'Pressure (bar)' }).blur();
  await page.getByText('Yes', { exact: true }).click();
  await page.getByRole('textbox', { name: 'Parts used' }).fill('Ignition electrode');
  await addPhotos(page, 'Photos', [noise('before.png'), noise('after.png')]);
  await page.getByRole('button', { name: /^Sign:/ }).click();
  const pad = page.getByRole('dialog').getByRole('img', { name: 'Field to sign in' });
  const box = (await pad.boundingBox())!;
  await page.mouse.move(box.x + 40, box.y + 60);
  await page.mouse.down();
  for (let i = 0; i < 12; i++) await page.mouse.move(box.x + 40 + i * 18, box.y + 60 + (i % 2) * 30);
  await page.mouse.up();
  await page.getByRole('button', { name: 'Done', exact: true }).click();
  await expect(page.getByRole('img', { name: 'Signature', exact: true })).toBeVisible();
  await finish(page, 'Repaired');

  // Lunch: the app is closed, and opened again without a network.
  await page.goto('about:blank');
  await page.goto('/m/');
  const second = await openJob(page, inspection);
  await press(page, 'Start');
  await press(page, 'Pause');
  await press(page, 'Continue');
  await tab(page, 'Comments');
  await page.getByLabel('New comment').fill('Seals are on the van.');
  await page.getByRole('button', { name: 'Add', exact: true }).click();
  await finish(page, 'Parts are missing', 'The flue seal does not fit.');
  await openJob(page, radiator);
  await press(page, 'En route');
  expect(await unsentCount(page)).toBeGreaterThan(8);

  await offline(context, link, false);
  await goTo(page, 'Unsent');
  await expect(page.getByText('Everything is on the server.')).toBeVisible({ timeout: 180_000 });
  const office = server.as('dispatcher');
  const one = await office.job(first);
  expect(one.status_log.map((e) => e.status).sort()).toEqual(['en_route', 'finished', 'published', 'started']);
  expect(one.resolution?.name).toBe('Repaired');
  expect(Object.fromEntries(one.report_fields.map((f) => [f.uuid, f.value]))).toMatchObject({ pressure: 1.75, 'flue-gas': true, parts: 'Ignition electrode' });
  expect(one.attachments.map((a) => a.field).sort()).toEqual(['photos', 'photos', 'signature']);
  expect((await office.files(first)).map((f) => f.state)).toEqual(['here', 'here', 'here']);
  const two = await office.job(second);
  expect(two.status_log.map((e) => e.status).sort()).toEqual(['finished', 'paused', 'published', 'started', 'started']);
  expect([two.resolution?.name, two.resolution?.note]).toEqual(['Parts are missing', 'The flue seal does not fit.']);
  expect(two.comments.map((c) => c.text)).toEqual(['Seals are on the van.']);
  expect((await office.find(radiator)).status).toBe('en_route');
});

test('finishing asks for an outcome, and for a note where the outcome wants one', async ({ page, server }) => {
  await ready(page);
  const id = await openJob(page, boiler);
  await press(page, 'Start');
  await press(page, 'Finish');
  const sheet = page.getByRole('dialog', { name: 'Finish the job' });
  await sheet.getByRole('button', { name: 'Finish', exact: true }).click();
  await expect(sheet.getByText('Choose an outcome.')).toBeVisible();
  await sheet.getByRole('radio', { name: /Nobody was there/ }).check();
  await sheet.getByRole('button', { name: 'Finish', exact: true }).click();
  await expect(sheet.getByText('This outcome needs a note.')).toBeVisible();
  expect((await server.as('dispatcher').job(id)).status).not.toBe('finished');
  await sheet.getByLabel('Note').fill('Rang three times.');
  await sheet.getByRole('button', { name: 'Finish', exact: true }).click();
  await expect.poll(async () => (await server.as('dispatcher').job(id)).resolution?.note).toBe('Rang three times.');
});

test('a status is taken back by Undo, and the office sees both', async ({ page, server }) => {
  await ready(page);
  const id = await openJob(page, boiler);
  await press(page, 'En route');
  await page.getByRole('button', { name: 'Undo “En route”' }).click();
  await expect.poll(async () => (await server.as('dispatcher').job(id)).status_log.map((e) => e.status)).toEqual(['published', 'en_route', 'published']);
  expect((await server.as('dispatcher').job(id)).status).toBe('published');
});

test('a removed photo comes back by Undo', async ({ page, server }) => {
  await ready(page);
  const id = await openJob(page, boiler);
  await press(page, 'Start');
  await addPhotos(page, 'Photos', [noise('plate.png')]);
  await page.getByRole('button', { name: /^Open photo 1/ }).click();
  await page.getByRole('button', { name: 'Remove this photo' }).click();
  await expect(page.getByRole('button', { name: /^Open photo/ })).toHaveCount(0);
  await page.getByText('Photo removed').locator('..').getByRole('button', { name: 'Undo', exact: true }).click();
  await expect(page.getByRole('button', { name: /^Open photo/ })).toHaveCount(1);
  await expect.poll(async () => (await server.as('dispatcher').job(id)).attachments.length).toBe(1);
});

test('a comment is said once, also by a double tap', async ({ page, server }) => {
  await ready(page);
  const id = await openJob(page, boiler);
  await tab(page, 'Comments');
  await page.getByLabel('New comment').fill('Two taps by a wet glove.');
  await page.getByRole('button', { name: 'Add', exact: true }).dblclick();
  await page.getByLabel('New comment').fill('The next one.');
  await page.getByRole('button', { name: 'Add', exact: true }).click();
  await expect.poll(async () => (await server.as('dispatcher').job(id)).comments.map((c) => c.text)).toEqual(['Two taps by a wet glove.', 'The next one.']);
});

test('the report opens with Start, and not before', async ({ page }) => {
  await ready(page);
  await openJob(page, boiler);
  await tab(page, 'Report');
  await expect(page.getByText('The report opens when you press Start.')).toBeVisible();
  await expect(page.getByRole('textbox', { name: 'Parts used' })).toBeDisabled();
  await press(page, 'Start');
  await expect(page.getByRole('textbox', { name: 'Parts used' })).toBeEnabled();
});

test('who goes to another page before Start is noted stays there', async ({ page, context, server }) => {
  await context.grantPermissions(['geolocation']);
  await page.addInitScript(() => {
    const known = { coords: { latitude: 47.3769, longitude: 8.5417, accuracy: 12 }, timestamp: Date.now() } as GeolocationPosition;
    Geolocation.prototype.getCurrentPosition = (then) => addEventListener('placed', () => then(known), { once: true });
  });
  await ready(page);
  const id = await openJob(page, boiler);
  await press(page, 'Start');
  await goTo(page, 'Unsent');
  await expect(page.getByRole('heading', { name: 'Unsent', level: 1 })).toBeVisible();
  await page.evaluate(() => dispatchEvent(new Event('placed')));
  await expect(page.getByText('Started', { exact: true })).toBeVisible(); // the notice with Undo
  await expect.poll(async () => (await server.as('dispatcher').job(id)).status).toBe('started');
  await inStep(page);
  await expect(page.getByRole('heading', { name: 'Unsent', level: 1 })).toBeVisible();
});

test('the place is noted with each status and photo, if the person allows it', async ({ page, context, server }) => {
  await context.grantPermissions(['geolocation']);
  await context.setGeolocation({ latitude: 47.3769, longitude: 8.5417, accuracy: 12 });
  await ready(page);
  await goTo(page, 'Menu');
  await page.getByRole('link', { name: 'Location' }).click();
  const noted = page.getByRole('switch', { name: 'Note my place with each status and photo' });
  await expect(noted).toBeChecked(); // permitted before: the app says that it notes places
  await noted.uncheck({ force: true });
  await expect(page.getByText('Your place is not noted.')).toBeVisible();
  const id = await openJob(page, boiler);
  await press(page, 'En route');
  await expect.poll(async () => (await server.as('dispatcher').job(id)).status).toBe('en_route');
  expect((await server.as('dispatcher').job(id)).status_log.at(-1)?.location).toBeUndefined();
  await goTo(page, 'Menu');
  await page.getByRole('link', { name: 'Location' }).click();
  await noted.check({ force: true });
  await openJob(page, boiler);
  await press(page, 'Start');
  await addPhotos(page, 'Photos', [noise('plate.png')]);
  await expect.poll(async () => (await server.as('dispatcher').job(id)).attachments[0]?.location?.latitude).toBeCloseTo(47.3769, 3);
  expect((await server.as('dispatcher').job(id)).status_log.at(-1)?.location?.latitude).toBeCloseTo(47.3769, 3);
});

test('a job is made from a template on the phone, without a network', async ({ page, context, server, link }) => {
  await ready(page);
  await offline(context, link, true);
  await page.getByRole('link', { name: 'New job' }).click();
  await expect(page.getByLabel('From which template?')).toContainText('Heating service');
  await page.getByLabel('Title').fill('Valve drips next door');
  await page.getByRole('button', { name: 'Make the job' }).click();
  await expect(page.getByRole('heading', { name: 'Valve drips next door' })).toBeVisible();
  await press(page, 'Start');
  await offline(context, link, false);
  await expect.poll(async () => (await server.as('dispatcher').find('Valve drips next door').catch(() => undefined))?.status).toBe('started');
  await inStep(page);
});
