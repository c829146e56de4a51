import { execFile } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { another, desk, signIn, written } from './support/office.ts';
import { addPhotos, noise, openJob as openOnPhone, press, ready, tab } from './support/phone.ts';
import { program } from './support/program.ts';
import { expect, offline, test, type Page } from './support/test.ts';

test.use({ ...desk, actionTimeout: 60_000 });

const boiler = 'Boiler does not start';
const description = (page: Page) => page.getByRole('textbox', { name: 'Description' });

/** The Go client, as somebody. */
async function fieldsync(url: string, user: string) {
  const dir = mkdtempSync(join(tmpdir(), 'fieldsync-go-'));
  const run = async (...args: string[]) => (await promisify(execFile)(program('fieldsync'), ['--dir', dir, ...args])).stdout;
  await run('login', url, '--token', `demo-worker-${user}`);
  await run('sync');
  return run;
}

test('two browsers and a Go client on one job: presence, one text, and nothing is lost', async ({ page, browser, baseURL, server }) => {
  const office = server.as('dispatcher');
  const { id } = await office.find(boiler);
  await office.ask('POST', '/jobs', { title: 'Somewhere else' });
  const go = await fieldsync(server.url, 'anna');
  const other = await another(browser, baseURL);
  await signIn(page, `/jobs/${id}`);
  await signIn(other, `/jobs/${id}`);
  await written(page);
  await written(other);
  await expect(page.getByRole('group', { name: 'Who else is here' })).toBeVisible();

  // Both type at once, at both ends of one text.
  const before = await description(page).inputValue();
  await description(page).focus();
  await page.keyboard.press('Control+Home');
  await description(other).focus();
  await other.keyboard.press('Control+End');
  await Promise.all([page.keyboard.type('URGENT. ', { delay: 30 }), other.keyboard.type(' Ring twice.', { delay: 30 })]);
  const both = `URGENT. ${before} Ring twice.`;
  await expect(description(page)).toHaveValue(both);
  await expect(description(other)).toHaveValue(both);
  await expect(other.getByText('Dora Dispatcher is here, too')).toBeVisible();
  // One's caret stays between its letters while others type before it.
  await page.keyboard.press('Control+Home');
  await page.keyboard.type('Very ');
  await expect(description(other)).toHaveValue(`Very ${both}`);
  await other.keyboard.type(' Twice!');
  await expect(description(page)).toHaveValue(`Very ${both} Twice!`);

  await go('start', id);
  await go('comment', id, 'The valve was shut');
  await go('sync');
  await expect(page.getByText('The valve was shut')).toBeVisible();
  await expect(other.getByText('The valve was shut')).toBeVisible();
  await expect(page.locator('h1 + div').getByText('Started', { exact: true })).toBeVisible();
  await go('sync');
  expect(await go('show', id)).toContain(`Very ${both} Twice!`);
  await expect.poll(async () => (await office.job(id)).description).toBe(`Very ${both} Twice!`);
  await other.context().close();
});

test('dispatcher and worker clash on the status: no work is lost, one tap settles it', async ({ page, browser, baseURL, link, server }) => {
  const office = server.as('dispatcher');
  const { id } = await office.find(boiler);
  const phone = await browser.newContext({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, baseURL, locale: 'en-GB' });
  const worker = await phone.newPage();
  await ready(worker);
  await openOnPhone(worker, boiler);
  await press(worker, 'Start');
  await expect.poll(async () => (await office.job(id)).status).toBe('started');
  await offline(phone, link, true);
  await press(worker, 'Pause');

  await office.status(id, { status: 'cancelled' }); // meanwhile, in the office
  await offline(phone, link, false);
  await signIn(page, `/jobs/${id}`);
  await written(page);
  const clash = page.getByRole('region', { name: 'Status: two wrote at once' });
  await expect(clash).toContainText('Cancelled');
  await expect(clash).toContainText('Paused');
  await expect(page.locator('h1 + div').getByText('Cancelled', { exact: true })).toBeVisible();
  await clash.getByRole('button', { name: /^Take this.*Paused$/ }).click();
  await expect(clash).toBeHidden();
  await expect.poll(async () => (await office.job(id)).status).toBe('paused');
  expect((await office.job(id)).clashes).toEqual([]);
  await expect(worker.getByText('Paused').first()).toBeVisible();
  await phone.close();
});

test('dispatcher and worker clash on a field: both values are shown, one tap settles it', async ({ page, server }) => {
  const office = server.as('dispatcher');
  const { id } = await office.find(boiler);
  const go = await fieldsync(server.url, 'anna');
  await go('start', id);
  await go('sync');
  await go('fill', id, 'pressure', '1.8'); // kept on the phone until the next sync
  await office.ask('PUT', `/jobs/${id}/fields/pressure`, { value: 2.4 });
  await go('sync');
  await signIn(page, `/jobs/${id}`);
  await written(page);
  const clash = page.getByRole('region', { name: 'Pressure (bar): two wrote at once' });
  await expect(clash).toContainText('1.8');
  await expect(clash).toContainText('2.4');
  await clash.getByRole('button', { name: /: 1\.8$/ }).click();
  await expect(clash).toBeHidden();
  await expect.poll(async () => (await office.job(id)).report_fields.find((f) => f.uuid === 'pressure')?.value).toBe(1.8);
  expect((await office.job(id)).clashes).toEqual([]);
});

test('the history tells who did what; each moment can be looked at, and a change taken back', async ({ page, server }) => {
  const office = server.as('dispatcher');
  const { id } = await office.find(boiler);
  await server.as('worker-anna').status(id, { status: 'started' });
  await office.patch(id, { title: 'Boiler starts, and stops' });
  await office.patch(id, { scheduled_duration: { minutes: 30 } });
  await signIn(page, `/jobs/${id}`);
  await written(page);
  await page.getByRole('button', { name: 'History', exact: true }).click();
  const history = page.getByRole('complementary', { name: 'History' });
  const started = history.getByRole('listitem').filter({ hasText: 'Status: Started' }).filter({ hasText: 'Anna Worker' }).first();
  await started.getByRole('button', { name: 'As the phone knew it' }).click();
  await expect(page).toHaveURL(/knew=/);
  await expect(page.getByText(/The job as Anna Worker knew it, pressing “Started”/)).toBeVisible();

  const renamed = history.getByRole('listitem').filter({ hasText: 'Boiler starts, and stops' }).first();
  await expect(renamed.locator('del')).toHaveText(boiler);
  await renamed.getByRole('button', { name: 'See the job then' }).click();
  await expect(page.getByText(/^The job as it was/)).toBeVisible();
  await expect(page.getByText(/1 hr?,? 30 min/).first()).toBeVisible(); // the duration was changed later
  await page.reload(); // the moment has an address
  await expect(page.getByText(/^The job as it was/)).toBeVisible();
  await page.getByRole('button', { name: 'Back to now' }).click();
  await written(page);

  await renamed.getByRole('button', { name: 'Undo' }).click();
  await expect(page.getByRole('textbox', { name: 'Title' })).toHaveValue(boiler);
  expect((await office.job(id)).scheduled_duration).toEqual({ minutes: 30 }); // what came later stays
});

test('a photo is seen promised, arriving and here', async ({ page, browser, baseURL, server }) => {
  const office = server.as('dispatcher');
  const { id } = await office.find(boiler);
  const sha = 'ab'.repeat(32);
  await server.as('worker-anna').status(id, { status: 'started' });
  await server.as('worker-anna').ask('POST', `/jobs/${id}/attachments`, { sha256: sha, size: 1_500_000, name: 'plate.jpg', media_type: 'image/jpeg', field: 'photos' });
  const early: string[] = [];
  page.on('request', (r) => void (r.url().includes(`/api/v1/files/${sha}`) && early.push(r.url())));
  await signIn(page, `/jobs/${id}`);
  await written(page);
  await expect(page.getByText('On the phone').first()).toBeVisible();
  const meta = (o: Record<string, string>) => Object.entries(o).map(([k, v]) => `${k} ${Buffer.from(v).toString('base64')}`).join(',');
  const begun = await fetch(`${server.url}/api/v1/uploads`, {
    method: 'POST',
    headers: { Authorization: 'Bearer demo-worker-anna', 'Tus-Resumable': '1.0.0', 'Upload-Length': '1500000', 'Upload-Metadata': meta({ sha256: sha, job: id, filename: 'plate.jpg', filetype: 'image/jpeg' }) },
  });
  expect(begun.status).toBe(201);
  const part = await fetch(new URL(begun.headers.get('Location')!, server.url), {
    method: 'PATCH',
    headers: { Authorization: 'Bearer demo-worker-anna', 'Tus-Resumable': '1.0.0', 'Upload-Offset': '0', 'Content-Type': 'application/offset+octet-stream' },
    body: new Uint8Array(600_000),
  });
  expect(part.status).toBe(204);
  await expect(page.getByText('Arriving, 40 %').first()).toBeVisible();

  // and one from a phone, whole
  const phone = await browser.newContext({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, baseURL, locale: 'en-GB' });
  const worker = await phone.newPage();
  await ready(worker);
  await openOnPhone(worker, boiler);
  await tab(worker, 'Report');
  await addPhotos(worker, 'Photos', [noise('leak.png')]);
  await expect(page.locator('img[alt="leak.png"]').first()).toBeVisible();
  await phone.close();
  expect(early).toEqual([]); // what is not here is not asked for
});

test('a director reads, and is offered nothing that he may not do', async ({ page, server }) => {
  const { id } = await server.as('dispatcher').find(boiler);
  await server.addUser('dora', 'director');
  await signIn(page, `/jobs/${id}`, 'dora', 'a long password');
  await expect(page.getByRole('heading', { name: boiler, level: 1 })).toBeVisible();
  await expect(description(page)).not.toBeEditable();
  await expect(page.getByRole('group', { name: 'Set the status' })).toHaveCount(0);
  await expect(page.getByRole('link', { name: 'New job' })).toHaveCount(0);
  await page.goto('/board');
  await expect(page.getByRole('button', { name: /^Boiler does not start/ })).toBeVisible();
  await page.getByRole('button', { name: /^Boiler does not start/ }).focus();
  await page.keyboard.press('m');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('dialog').getByLabel('Minutes')).toBeDisabled();
  await expect(page.getByRole('dialog').getByRole('button', { name: 'Save' })).toHaveCount(0);
});

test('a comment is said once, also by a double press', async ({ page, server }) => {
  const office = server.as('dispatcher');
  const { id } = await office.find(boiler);
  await signIn(page, `/jobs/${id}`);
  await written(page);
  await page.getByRole('textbox', { name: 'Write a comment' }).fill('Pressed twice.');
  await page.getByRole('button', { name: 'Send', exact: true }).dblclick();
  await page.getByRole('textbox', { name: 'Write a comment' }).fill('The next one.');
  await page.getByRole('button', { name: 'Send', exact: true }).click();
  await expect.poll(async () => (await office.job(id)).comments.map((c) => c.text)).toEqual(['Pressed twice.', 'The next one.']);
});

test('Escape leaves a job for where one came from; in a field, a menu or a dialog it leaves only that', async ({ page }) => {
  await signIn(page, '/board');
  await page.getByRole('button', { name: /^Boiler does not start/ }).click();
  await page.getByRole('link', { name: 'Open the job' }).click();
  await written(page);
  const here = page.url();
  await page.getByRole('textbox', { name: 'Description' }).click();
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'More' }).click();
  await expect(page.getByRole('menuitem', { name: 'Copy the link' })).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('menu')).toBeHidden();
  await page.getByRole('button', { name: 'Cancel the job' }).focus();
  await page.keyboard.press('?');
  await expect(page.getByRole('dialog', { name: 'Keyboard shortcuts' })).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toHaveCount(0);
  expect(page.url()).toBe(here);
  await page.keyboard.press('Escape');
  await expect(page).toHaveURL(/\/board/);
});

test('who opens a job, and does nothing, is not told that something is being sent', async ({ page, server }) => {
  await page.addInitScript(() => {
    const said: string[] = ((window as unknown as { said: string[] }).said = []);
    new MutationObserver(() => document.querySelectorAll('header [role="status"]').forEach((e) => said.push(e.textContent ?? ''))).observe(document, { childList: true, subtree: true, characterData: true });
  });
  const job = await server.as('dispatcher').find('Boiler does not start');
  await signIn(page, '/templates');
  await page.goto(`/jobs/${job.id}`);
  await written(page);
  const said = await page.evaluate(() => (window as unknown as { said: string[] }).said);
  expect([...new Set(said)].filter(Boolean)).toEqual(['Saved']);
});
