import { goTo, inStep, lastSync, openJob, press, pullDown, ready, sha256, symbol, tab, addPhotos, noise, unsentCount } from './support/phone.ts';
import { expect, offline, test } from './support/test.ts';

const boiler = 'Boiler does not start';

test('S1 a sync sends the changes of the phone, and brings those of the server', async ({ page, server }) => {
  await ready(page);
  const id = await openJob(page, boiler);
  await press(page, 'En route');
  await press(page, 'Start');
  await page.getByRole('textbox', { name: 'Pressure (bar)' }).fill('1.8');
  await page.getByRole('textbox', { name: 'Pressure (bar)' }).blur();
  await page.getByRole('checkbox', { name: 'Gas shut off' }).check();
  await tab(page, 'Comments');
  await page.getByLabel('New comment').fill('The valve was shut.');
  await page.getByRole('button', { name: 'Add', exact: true }).click();

  await expect.poll(async () => (await server.as('dispatcher').job(id)).status).toBe('started');
  await expect
    .poll(async () => {
      const job = await server.as('dispatcher').job(id);
      return [job.report_fields.find((f) => f.uuid === 'pressure')?.value, job.checklist.find((i) => i.uuid === 'gas-off')?.done, job.comments.map((c) => [c.text, c.by])];
    })
    .toEqual([1.8, true, [['The valve was shut.', 'anna']]]);

  await server.as('dispatcher').patch(id, { description: 'Error F28. Bring the long ladder.' });
  await tab(page, 'Details');
  await expect(page.getByRole('tabpanel').getByText('Bring the long ladder.')).toBeVisible();
});

test('S2 a sync downloads the files that are attached to jobs: they open without a network', async ({ page, context, server, link }) => {
  const office = server.as('dispatcher');
  const job = await office.find(boiler);
  const manual = Buffer.from('%PDF-1.4 the manual of the boiler');
  const sum = sha256(manual);
  const put = await fetch(`${server.url}/api/v1/files/${sum}?job=${job.id}`, { method: 'PUT', headers: { Authorization: 'Bearer demo-dispatcher', 'Content-Type': 'application/octet-stream' }, body: manual });
  expect(put.status).toBe(201);
  await office.ask('POST', `/jobs/${job.id}/attachments`, { sha256: sum, size: manual.length, name: 'manual.pdf', media_type: 'application/pdf' });

  await ready(page);
  await openJob(page, boiler);
  const save = page.getByRole('link', { name: 'Save manual.pdf' });
  await expect(save).toBeVisible();
  await offline(context, link, true);
  await page.reload();
  await expect(page.getByRole('heading', { name: boiler })).toBeVisible();
  const [download] = await Promise.all([page.waitForEvent('download'), save.click()]);
  const path = await download.path();
  const { readFileSync } = await import('node:fs');
  expect(sha256(readFileSync(path))).toBe(sum);
});

test('S3 a sync uploads the photos and the rest of the report', async ({ page, server }) => {
  await ready(page);
  const id = await openJob(page, boiler);
  await press(page, 'Start');
  await addPhotos(page, 'Photos', [noise('plate.png'), noise('leak.png')]);
  await expect
    .poll(async () => (await server.as('dispatcher').files(id)).map((f) => f.state))
    .toEqual(['here', 'here']);
  const job = await server.as('dispatcher').job(id);
  expect(job.attachments.map((a) => a.field)).toEqual(['photos', 'photos']);
  for (const a of job.attachments) {
    const file = await fetch(`${server.url}/api/v1/files/${a.sha256}?job=${id}`, { headers: { Authorization: 'Bearer demo-dispatcher' } });
    expect(sha256(Buffer.from(await file.arrayBuffer()))).toBe(a.sha256);
  }
  await expect.poll(() => unsentCount(page)).toBe(0);
});

test('S4 the app syncs by itself every 2 minutes', async ({ page, server }) => {
  await page.clock.install();
  await ready(page);
  const before = await lastSync(page);
  await page.clock.fastForward(121_000);
  await expect.poll(() => lastSync(page)).toBeGreaterThan(before + 60_000);
  // What a web page cannot is said, where people look for it.
  await goTo(page, 'Menu');
  await page.getByRole('link', { name: 'How syncing works' }).click();
  await expect(page.getByText('A web app cannot sync by itself while it is closed')).toBeVisible();
  expect(server.url).toContain('127.0.0.1');
});

test('S5 it syncs when the app is opened, and when the status of a job changes', async ({ page, server }) => {
  await ready(page);
  const id = new URL(await page.getByRole('link', { name: new RegExp(boiler) }).getAttribute('href') ?? '', page.url()).pathname.split('/').pop()!;
  await page.goto('about:blank');
  await server.as('dispatcher').patch(id, { title: 'Boiler is cold' });
  await page.goto('/m/');
  await expect(page.getByRole('link', { name: /Boiler is cold/ })).toBeVisible();
  await openJob(page, 'Boiler is cold');
  await press(page, 'En route');
  await expect.poll(async () => (await server.as('dispatcher').job(id)).status).toBe('en_route');
});

test('S8 a sync by hand: the Sync entry in the menu, and pulling the list down', async ({ page }) => {
  await ready(page);
  let before = await lastSync(page);
  await pullDown(page);
  await expect.poll(() => lastSync(page)).toBeGreaterThan(before);
  before = await lastSync(page);
  await goTo(page, 'Menu');
  await page.getByRole('button', { name: /^Sync/ }).click();
  await goTo(page, 'Jobs');
  await expect.poll(() => lastSync(page)).toBeGreaterThan(before);
});

test('S9 a symbol shows that a sync is under way', async ({ page, link }) => {
  await ready(page);
  await link.set('stalled');
  await symbol(page).click();
  await expect(symbol(page)).toHaveAttribute('data-sync', 'syncing');
  await expect(symbol(page)).toHaveAccessibleName(/Syncing/);
  await link.set('direct');
  await inStep(page);
});
