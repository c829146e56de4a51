import { permit } from './support/permissions.ts';
import { addPhotos, goTo, inStep, noise, openJob, press, ready, signIn, tab } from './support/phone.ts';
import { expect, offline, test } from './support/test.ts';

const boiler = 'Boiler does not start';

test('finished offline against cancelled in the office is a clash that shows both; one tap settles it', async ({ page, context, server, link }) => {
  await ready(page);
  const id = await openJob(page, boiler);
  await press(page, 'Start');
  await expect.poll(async () => (await server.as('dispatcher').job(id)).status).toBe('started');
  await offline(context, link, true);
  await expect(page.getByText(/^Offline/)).toBeVisible();
  await press(page, 'Finish');
  const sheet = page.getByRole('dialog', { name: 'Finish the job' });
  await sheet.getByRole('radio', { name: /Repaired/ }).check();
  await sheet.getByRole('button', { name: 'Finish', exact: true }).click();
  await server.as('dispatcher').status(id, { status: 'cancelled' });
  await offline(context, link, false);

  const card = page.getByRole('region', { name: 'The status was set twice at once' });
  await expect(card.getByText('Finished: Repaired')).toBeVisible();
  await expect(card.getByText('Cancelled')).toBeVisible();
  await card.getByRole('button', { name: 'Take “Finished: Repaired”' }).click();
  await expect(card).toBeHidden();
  await expect.poll(async () => (await server.as('dispatcher').job(id)).clashes).toEqual([]);
  expect((await server.as('dispatcher').job(id)).status).toBe('finished');
});

test('a clash says whose each status is, without a network too: a person by his name, a program with an API key as the office', async ({ page, context, server, link }) => {
  const program = await server.program('Planning');
  await ready(page);
  const id = await openJob(page, boiler);
  await press(page, 'Start');
  await expect.poll(async () => (await program.job(id)).status).toBe('started');
  await inStep(page);
  await offline(context, link, true);
  await press(page, 'Pause');
  await program.status(id, { status: 'cancelled' });
  await offline(context, link, false);
  const values = page.getByRole('region', { name: 'The status was set twice at once' }).getByRole('listitem');
  await expect(values.filter({ hasText: 'Cancelled' })).toContainText('The office, ');
  await expect(values.filter({ hasText: 'Paused' })).toContainText('Anna Worker, ');
  await inStep(page);
  await tab(page, 'History');
  await expect(page.getByRole('tabpanel').getByRole('listitem').filter({ hasText: 'Status: Cancelled' })).toContainText('The office');
  await offline(context, link, true);
  await page.reload();
  await expect(values.filter({ hasText: 'Paused' })).toContainText('Anna Worker, ');
  await expect(values.filter({ hasText: 'Cancelled' })).toContainText('The office, ');
});

test('a field that two wrote at once shows both values; one tap settles it', async ({ page, context, server, link }) => {
  await ready(page);
  const id = await openJob(page, boiler);
  await press(page, 'Start');
  await expect.poll(async () => (await server.as('dispatcher').job(id)).status).toBe('started');
  await inStep(page);
  await offline(context, link, true);
  await expect(page.getByText(/^Offline/)).toBeVisible();
  await page.getByRole('textbox', { name: 'Pressure (bar)' }).fill('1.2');
  await page.getByRole('textbox', { name: 'Pressure (bar)' }).blur();
  await server.as('dispatcher').patch(id, { report_fields: { pressure: { value: 3 } } });
  await offline(context, link, false);
  const card = page.getByRole('region', { name: 'Pressure (bar)' }).filter({ hasText: 'Two people wrote this at once' });
  await expect(card.getByRole('button')).toHaveCount(2);
  await inStep(page);
  await card.getByRole('button', { name: 'Take “1.2”' }).click();
  await expect(card).toBeHidden();
  await expect.poll(async () => (await server.as('dispatcher').job(id)).clashes).toEqual([]);
  expect((await server.as('dispatcher').job(id)).report_fields.find((f) => f.uuid === 'pressure')?.value).toBe(1.2);
});

test('since you looked: what the office changed is marked in the list and in the job, without a network too', async ({ page, context, server, link }) => {
  await ready(page);
  const id = await openJob(page, boiler);
  await goTo(page, 'Jobs');
  await server.as('dispatcher').patch(id, { description: 'Bring the long ladder.' });
  await server.as('dispatcher').comment(id, 'Key is with the neighbour.');
  await expect(page.getByRole('link', { name: new RegExp(boiler) }).getByText('Changed since you looked')).toBeVisible();
  await inStep(page);
  await offline(context, link, true);
  await openJob(page, boiler);
  const card = page.getByRole('region', { name: 'Since you looked' });
  await expect(card.getByText(/Description/)).toBeVisible();
  await expect(card.getByText(/Key is with the neighbour/)).toBeVisible();
  await card.getByRole('button', { name: 'Got it' }).click();
  await expect(card).toBeHidden();
  await goTo(page, 'Jobs');
  await expect(page.getByText('Changed since you looked')).toHaveCount(0);
});

test('work that the server refuses is shown with its reason, and everything else arrives', async ({ page, context, server, link }) => {
  await ready(page);
  const office = server.as('dispatcher');
  await offline(context, link, true);
  await page.getByRole('link', { name: 'New job' }).click();
  await page.getByLabel('Title').fill('Made while it was forbidden');
  await page.getByRole('button', { name: 'Make the job' }).click();
  await expect(page.getByRole('heading', { name: 'Made while it was forbidden' })).toBeVisible();
  const templates = await office.ask<{ templates: { id: string; name: string }[] }>('GET', '/templates');
  const heating = templates.templates.find((t) => t.name === 'Heating service')!;
  await office.ask('PATCH', `/templates/${heating.id}`, { worker_create: false });
  const id = await openJob(page, boiler);
  await press(page, 'Start');
  await offline(context, link, false);

  await expect.poll(async () => (await office.job(id)).status).toBe('started');
  await goTo(page, 'Unsent');
  await page.getByRole('link', { name: 'Look at it' }).click();
  await expect(page.getByRole('heading', { name: 'Refused by the server' })).toBeVisible();
  const card = page.getByRole('region', { name: /Made while it was forbidden/ });
  await expect(card.getByText(/^Reason: /)).toBeVisible();
  await card.getByRole('button', { name: 'Let it go' }).click();
  await expect(page.getByText('Nothing was refused.')).toBeVisible();
  await goTo(page, 'Unsent');
  await expect(page.getByText('Everything is on the server.')).toBeVisible();
  await goTo(page, 'Jobs');
  await expect(page.getByRole('link', { name: new RegExp(boiler) })).toBeVisible();
  await expect(page.getByText('Made while it was forbidden')).toHaveCount(0);
  await inStep(page);
});

test('refused work that waits, a blocked place and a sign-in that has ended: each is said, each can be acted on, and nothing is lost', async ({ page, context, server, link }) => {
  const owner = await server.owner();
  const office = server.as('dispatcher');
  await permit(page, link.url, 'geolocation', 'denied');
  await ready(page);

  // The place is blocked: the app says so and what to do about it, and work goes on without it.
  await goTo(page, 'Menu');
  await page.getByRole('main').getByRole('link', { name: 'Location' }).click();
  await expect(page.getByTestId('place-state')).toHaveText("Blocked in the browser's settings. Your place is not noted.");
  await expect(page.getByRole('listitem').filter({ hasText: 'Set Location to Allow.' })).toBeVisible();
  await page.getByRole('switch', { name: 'Note my place with each status and photo' }).check({ force: true }); // it may be wanted all the same
  await expect(page.getByTestId('place-state')).toHaveText("Blocked in the browser's settings. Your place is not noted.");
  const id = await openJob(page, boiler);
  await press(page, 'Start');
  await expect.poll(async () => (await office.job(id)).status).toBe('started');
  await inStep(page);
  expect((await office.job(id)).status_log.at(-1)?.location).toBeUndefined();

  // Refused work waits for the person.
  const { templates } = await office.ask<{ templates: { id: string; name: string }[] }>('GET', '/templates');
  const heating = templates.find((t) => t.name === 'Heating service')!;
  await offline(context, link, true);
  await goTo(page, 'Jobs');
  await page.getByRole('link', { name: 'New job' }).click();
  await page.getByLabel('Title').fill('Made while it was forbidden');
  await page.getByRole('button', { name: 'Make the job' }).click();
  await expect(page.getByRole('heading', { name: 'Made while it was forbidden' })).toBeVisible();
  await office.ask('PATCH', `/templates/${heating.id}`, { worker_create: false });
  await offline(context, link, false);
  const work = page.getByRole('main');
  await expect(work.getByText('It is kept here until you decide. Everything else was sent.')).toBeVisible(); // where the job was
  await expect(page.getByRole('heading', { name: 'Made while it was forbidden', level: 1 })).toBeVisible();
  await work.getByRole('button', { name: 'Look at it' }).last().click();
  await expect(page.getByRole('heading', { name: 'Refused by the server' })).toBeVisible();

  // The sign-in has ended at the office, while this phone had no network and its person went on.
  await offline(context, link, true);
  await openJob(page, boiler);
  await tab(page, 'Report');
  await addPhotos(page, 'Photos', [noise('plate.png')]);
  const { devices } = await owner.ask<{ devices: { id: string }[] }>('GET', '/users/anna/devices');
  for (const d of devices) await owner.ask('DELETE', `/users/anna/devices/${d.id}`);
  await offline(context, link, false);
  await expect(page.getByText('Your sign-in has ended. Sign in again: what you did is kept on this phone and goes out after that.')).toBeVisible();
  expect((await office.job(id)).attachments).toEqual([]); // nothing goes without a sign-in
  await signIn(page);

  // All of it is there, and goes on.
  await expect.poll(async () => (await office.files(id))[0]?.state).toBe('here');
  await goTo(page, 'Unsent');
  await page.getByRole('link', { name: 'Look at it' }).click();
  const card = page.getByRole('region', { name: /Made while it was forbidden/ });
  await expect(card.getByText(/^Reason: /)).toBeVisible();
  await office.ask('PATCH', `/templates/${heating.id}`, { worker_create: true });
  await card.getByRole('button', { name: 'Do it again' }).click();
  await expect(page.getByText('Nothing was refused.')).toBeVisible();
  await expect.poll(async () => (await office.find('Made while it was forbidden').catch(() => undefined))?.assignees.map((a) => a.user)).toEqual(['anna']);
  await context.setGeolocation({ latitude: 47.3769, longitude: 8.5417, accuracy: 12 });
  await goTo(page, 'Menu');
  await page.getByRole('main').getByRole('link', { name: 'Location' }).click();
  await permit(page, link.url, 'geolocation', 'granted');
  await expect(page.getByTestId('place-state')).toHaveText('Your place is noted with each status and photo.'); // it sees that by itself
  await openJob(page, boiler);
  await press(page, 'Pause');
  await expect.poll(async () => (await office.job(id)).status_log.at(-1)?.location?.latitude).toBeCloseTo(47.3769, 3);
});

test('an upload goes on after a reload at the byte where it was', async ({ page, server, link }) => {
  await ready(page);
  const id = await openJob(page, boiler);
  await press(page, 'Start');
  await link.set('3g');
  const sent: { upload: string; at: number }[] = [];
  const told: { upload: string; at: number }[] = []; // how far the server says that an upload is
  const seen = (r: { url(): string; headers(): Record<string, string> }) => ({ upload: new URL(r.url()).pathname, at: Number(r.headers()['upload-offset']) });
  page.on('request', (r) => {
    if (r.method() === 'PATCH' && r.url().includes('/api/v1/uploads/')) sent.push(seen(r));
  });
  page.on('response', (r) => {
    if (r.request().method() === 'HEAD' && r.url().includes('/api/v1/uploads/') && r.ok()) told.push(seen(r));
  });
  await addPhotos(page, 'Photos', [noise('large.png', 1400)]);
  const size = () => server.as('dispatcher').files(id);
  await expect.poll(async () => (await size())[0]?.state, { timeout: 120_000 }).toBe('arriving');
  await expect.poll(() => sent.some((s) => s.at > 0), { timeout: 120_000 }).toBe(true);
  const reached = sent.reduce((most, s) => (s.at > most.at ? s : most));
  await link.cut();
  sent.length = told.length = 0;
  await page.reload();
  const first = () => sent.find((s) => s.upload === reached.upload);
  await expect.poll(first, { timeout: 120_000 }).toBeDefined(); // the same upload, not another one
  expect(first()!.at).toBeGreaterThanOrEqual(reached.at);
  expect(told).toContainEqual(first()); // at the byte that the server was at
  await link.set('direct');
  await expect.poll(async () => (await size())[0]?.state, { timeout: 120_000 }).toBe('here');
  const [attachment] = (await server.as('dispatcher').job(id)).attachments;
  expect((await size())[0]?.sha256).toBe(attachment?.sha256);
});

test('several tabs at once: what is done in one is in the other, and each goes out once', async ({ page, context, server }) => {
  await ready(page);
  const second = await context.newPage();
  await second.goto('/m/');
  const id = await openJob(second, boiler);
  await openJob(page, boiler);
  await press(page, 'Start');
  await expect(second.getByRole('group', { name: 'What next' }).getByRole('button', { name: 'Pause' })).toBeVisible();
  await tab(second, 'Comments');
  await second.getByLabel('New comment').fill('From the second tab.');
  await second.getByRole('button', { name: 'Add', exact: true }).click();
  await tab(page, 'Comments');
  await expect(page.getByText('From the second tab.')).toBeVisible();
  // The tab that syncs is closed: the other takes over.
  await page.close();
  await press(second, 'Pause');
  await expect.poll(async () => (await server.as('dispatcher').job(id)).status).toBe('paused');
  expect((await server.as('dispatcher').job(id)).comments.map((c) => c.text)).toEqual(['From the second tab.']);
});

test('who loses a job keeps it as it was, and what was done before still arrives', async ({ page, context, server, link }) => {
  await ready(page);
  const id = await openJob(page, boiler);
  await press(page, 'Start');
  await expect.poll(async () => (await server.as('dispatcher').job(id)).status).toBe('started');
  await offline(context, link, true);
  await expect(page.getByText(/^Offline/)).toBeVisible();
  await page.getByRole('checkbox', { name: 'Leak test done' }).check();
  const office = server.as('dispatcher');
  await office.status(id, { status: 'published' });
  await office.ask('POST', `/jobs/${id}/assignees`, { user: 'ben' });
  await office.ask('DELETE', `/jobs/${id}/assignees/anna`);
  await offline(context, link, false);
  await expect.poll(async () => (await office.job(id)).checklist.find((i) => i.uuid === 'leak-test')?.done).toBe(true);
});

test('a wrong password is said, and signing out takes the jobs off the phone', async ({ page }) => {
  await page.goto('/m/');
  await page.getByLabel('Login').fill('anna');
  await page.getByRole('textbox', { name: 'Password' }).fill('wrong');
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await expect(page.getByText('Login or password is wrong.')).toBeVisible();
  await signIn(page);
  await inStep(page);
  await goTo(page, 'Menu');
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Sign out' }).click();
  await expect(page.getByRole('button', { name: 'Sign in', exact: true })).toBeVisible();
  await expect.poll(() => page.evaluate(async () => (await indexedDB.databases()).map((d) => d.name).filter((name) => name?.includes('anna')))).toEqual([]);
});
