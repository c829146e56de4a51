import { noise, sha256 } from './support/phone.ts';
import { another, desk, look, over, signIn, written } from './support/office.ts';
import { expect, test } from './support/test.ts';

test.use({ ...desk, actionTimeout: 60_000 });

test('the pages of jobs, full: axe finds no violation, nothing is too wide', async ({ page, browser, baseURL, server }) => {
  test.slow();
  const office = server.as('dispatcher');
  const anna = server.as('worker-anna');
  const boiler = await office.find('Boiler does not start');

  await page.goto('/');
  await expect(page.getByRole('button', { name: 'Sign in', exact: true })).toBeVisible();
  await look(page, '01-sign-in');

  // A day with every status in it.
  const statuses = ['en_route', 'started', 'paused', 'finished', 'cancelled'];
  for (const [i, status] of statuses.entries()) {
    const job = await office.create({ title: `A job that is ${status.replace('_', ' ')}`, client: 'Hotel Lindenhof', assignees: [i % 2 ? 'ben' : 'anna'], scheduled_at: new Date(Date.parse(boiler.scheduled_at!) + (i + 1) * 3_600_000).toISOString(), scheduled_duration: { minutes: 90 }, status: 'published' });
    if (status === 'paused') await office.status(job.id, { status: 'started' });
    await office.status(job.id, { status });
  }
  await office.create({ title: 'Waits to be planned', client: 'Bakery Kern' });
  await office.create({ title: 'A draft: hydraulic balancing of the whole heating, riser by riser, with the caretaker', client: 'Hotel Lindenhof', assignees: ['ben'], scheduled_at: new Date(Date.parse(boiler.scheduled_at!) + 7 * 3_600_000).toISOString(), scheduled_duration: { minutes: 60 } });
  await anna.status(boiler.id, { status: 'started' });
  await anna.comment(boiler.id, 'The valve was shut. I opened it, and the pressure is back.');
  const picture = noise('plate.png', 200);
  const sha = sha256(picture.buffer);
  await fetch(`${server.url}/api/v1/files/${sha}?job=${boiler.id}`, { method: 'PUT', headers: { Authorization: 'Bearer demo-worker-anna', 'Content-Type': 'application/octet-stream' }, body: new Uint8Array(picture.buffer) });
  await anna.ask('POST', `/jobs/${boiler.id}/attachments`, { sha256: sha, size: picture.buffer.length, name: 'plate.png', media_type: 'image/png', field: 'photos' });
  await anna.ask('POST', `/jobs/${boiler.id}/attachments`, { sha256: 'cd'.repeat(32), size: 2_000_000, name: 'leak.jpg', media_type: 'image/jpeg', field: 'photos' });
  await office.patch(boiler.id, { title: 'Boiler does not start, error F28' });

  await signIn(page, '/jobs');
  await expect(page.getByText('13 jobs')).toBeVisible();
  await look(page, '02-jobs');
  await over(page, page.getByRole('button', { name: /^Views/ }), 'menu', 'views');
  await over(page, page.getByRole('button', { name: 'Export', exact: true }), 'menu', 'export');
  await over(page, page.getByRole('button', { name: /^Account of/ }), 'menu', 'account');
  await over(page, page.getByRole('combobox', { name: 'Order' }), 'listbox', 'order');
  await page.setViewportSize({ width: 390, height: 844 });
  await over(page, page.getByRole('button', { name: 'Open the menu' }), 'dialog', 'pages');
  await page.setViewportSize(desk.viewport);
  await page.getByRole('button', { name: /^Filters/ }).click();
  await look(page, '03-filters');
  await page.keyboard.press('Escape');
  await page.goto('/board');
  await expect(page.getByRole('button', { name: /^Boiler does not start/ })).toBeVisible();
  await look(page, '04-board');
  await page.getByRole('button', { name: /^Lift stops/ }).click();
  await look(page, '05-plan');
  await page.keyboard.press('Escape');
  await over(page, page.getByRole('button', { name: /^Publish/ }), 'dialog', 'publish');
  const other = await another(browser, baseURL);
  await signIn(other, `/jobs/${boiler.id}`);
  await written(other);
  await other.getByRole('textbox', { name: 'Description' }).click();
  await page.goto(`/jobs/${boiler.id}`);
  await written(page);
  await expect(page.getByRole('group', { name: 'Who else is here' })).toBeVisible();
  await expect(page.locator('img[alt="plate.png"]').first()).toBeVisible();
  await look(page, '06-job');
  await other.context().close();
  await over(page, page.getByRole('button', { name: 'More', exact: true }), 'menu', 'more');
  await over(page, page.getByRole('button', { name: 'Finish', exact: true }), 'dialog', 'finish');
  await page.getByRole('button', { name: 'History', exact: true }).click();
  const history = page.getByRole('complementary', { name: 'History' });
  await expect(history.getByText('Status: Started').first()).toBeVisible();
  await look(page, '07-history');
  await history.getByRole('button', { name: 'As the phone knew it' }).first().click();
  await expect(page.getByText(/The job as Anna Worker knew it/)).toBeVisible();
  await look(page, '08-as-it-was');
  await page.goto(`/jobs/${boiler.id}?photo=${(await office.job(boiler.id)).attachments[0]!.uuid}`);
  await expect(page.getByRole('dialog')).toBeVisible();
  await expect(page.getByRole('textbox', { name: 'Description', includeHidden: true })).toBeEditable(); // the job behind it, which is not there at first
  await look(page, '09-photo');
  await page.goto(`/jobs/${boiler.id}/report`);
  await expect(page.getByRole('article')).toContainText('The valve was shut');
  await look(page, '10-report');
});

test('the office’s pages, full: axe finds no violation, nothing is too wide', async ({ page, server }) => {
  test.slow();
  const office = server.as('dispatcher');
  const clients = await office.ask<{ clients: { id: string }[] }>('GET', '/clients');
  const sites = await office.ask<{ sites: { id: string }[] }>('GET', '/sites');
  const templates = await office.ask<{ templates: { id: string }[] }>('GET', '/templates');
  await signIn(page);
  for (const [name, path, wait] of [
    ['11-new-job', '/new', 'New job'],
    ['12-templates', '/templates', 'Templates'],
    ['13-template', `/templates/${templates.templates[0]!.id}`, 'Heating service'],
    ['14-clients', '/clients', 'Clients and sites'],
    ['15-client', `/clients/${clients.clients[0]!.id}`, 'Bakery Kern'],
    ['16-site', `/sites/${sites.sites[0]!.id}`, 'Hafenstrasse 17'],
    ['17-people', '/people', 'People'],
    ['18-teams', '/people?tab=teams', 'People'],
    ['19-devices', '/people?tab=devices', 'People'],
    ['20-person', '/people/anna', 'Anna Worker'],
    ['21-settings', '/settings', 'Settings'],
    ['22-me', '/me', 'My account'],
  ] as const) {
    await page.goto(path);
    await expect(page.getByRole('heading', { level: 1 })).toContainText(name === '16-site' ? /./ : wait);
    await expect(page.locator('.mantine-Skeleton-root')).toHaveCount(0);
    await look(page, name);
  }
  await page.keyboard.press('?');
  await expect(page.getByRole('dialog', { name: 'Keyboard shortcuts' })).toBeVisible();
  await look(page, '23-keys');
});

test('what owners and administrators see, full: axe finds no violation', async ({ browser, baseURL, server }) => {
  test.slow();
  const office = server.as('dispatcher');
  await server.addUser('olga', 'owner');
  const owner = await another(browser, baseURL);
  await signIn(owner, '/settings?tab=keys', 'olga', 'a long password');
  for (const [name, path, text] of [
    ['34-no-keys', '/settings?tab=keys', 'No API keys'],
    ['35-no-webhooks', '/settings?tab=webhooks', 'No webhooks'],
    ['36-no-notices', '/people?tab=notices', 'No notices yet'],
  ] as const) {
    await owner.goto(path);
    await expect(owner.getByText(text)).toBeVisible();
    await look(owner, name);
  }
  await owner.goto('/settings?tab=keys');
  await owner.getByRole('button', { name: 'Add an API key' }).click();
  await owner.getByRole('textbox', { name: 'What is it for?' }).fill('ERP');
  await owner.getByRole('dialog').getByRole('button', { name: 'Add an API key' }).click();
  await expect(owner.getByText('It is shown once')).toBeVisible();
  await look(owner, '24-api-keys');
  await owner.goto('/settings?tab=webhooks');
  await owner.getByRole('button', { name: 'Add a webhook' }).click();
  await owner.getByRole('textbox', { name: 'Address' }).fill('https://example.org/hook');
  await owner.getByRole('dialog').getByRole('button', { name: 'Add a webhook' }).click();
  await owner.getByRole('button', { name: 'Show', exact: true }).click();
  await look(owner, '25-webhooks');
  await owner.goto('/settings?tab=log');
  await expect(owner.getByRole('listitem').first()).toBeVisible();
  await look(owner, '26-log');
  await owner.goto('/people');
  await owner.getByRole('button', { name: 'Add a person' }).click();
  await owner.getByRole('textbox', { name: 'Name' }).fill('Karl');
  await owner.getByRole('textbox', { name: 'Login' }).fill('karl');
  await look(owner, '27-add-person');
  await owner.getByRole('dialog').getByRole('button', { name: 'Add a person' }).click();
  await expect(owner.getByRole('heading', { name: 'Karl', level: 1 })).toBeVisible();
  await owner.getByRole('switch', { name: /May come in/ }).click();
  await owner.getByRole('dialog').getByRole('button', { name: 'Shut out' }).click();
  await expect.poll(async () => (await office.ask<{ users: { login: string; disabled: boolean }[] }>('GET', '/users')).users.find((u) => u.login === 'karl')?.disabled).toBe(true);
  await owner.context().close();
});

test('sixty people to choose from: the list is a combobox’s own, and axe finds no violation', async ({ page, server }) => {
  test.slow();
  await server.addUser('olga', 'owner');
  await signIn(page, '/jobs', 'olga', 'a long password');
  const made = await page.evaluate(async () => {
    const add = (i: number) => fetch('/api/v1/users', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ login: `worker-${i}`, name: `Worker ${i}`, role: 'worker' }) });
    return (await Promise.all(Array.from({ length: 58 }, (_, i) => add(i)))).filter((r) => r.ok).length;
  });
  expect(made).toBe(58);
  await page.reload();
  await page.getByRole('button', { name: /^Filters/ }).click();
  await over(page, page.getByRole('combobox', { name: 'Assigned to' }), 'listbox', 'people-filter');
  await page.goto(`/jobs/${(await server.as('dispatcher').find('Boiler does not start')).id}`);
  await written(page);
  await over(page, page.getByRole('combobox', { name: 'Assign somebody' }), 'listbox', 'people-assign');
  await page.goto('/people?tab=notices');
  await over(page, page.getByRole('combobox', { name: 'Person' }), 'listbox', 'people-notices');
});

test('a message stands below the page: it covers nothing, moves nothing, and stays while the focus is in it', async ({ page, context, server }) => {
  await page.clock.install();
  await signIn(page, '/new');
  await page.getByRole('textbox', { name: 'Title' }).fill('It will be refused');
  await page.route('**/api/v1/jobs', (route) => route.fulfill({ status: 422, contentType: 'application/problem+json', body: JSON.stringify({ title: 'Invalid', detail: 'The organisation has no more room for jobs.', status: 422, code: 'invalid' }) }));
  const make = page.getByRole('button', { name: 'Make the job' });
  const messages = page.getByRole('region', { name: 'Messages' });
  const refused = messages.getByRole('group').filter({ hasText: 'no more room' });
  for (const size of [desk.viewport, { width: 390, height: 844 }]) {
    await page.setViewportSize(size);
    await make.scrollIntoViewIfNeeded();
    const before = await make.boundingBox();
    await make.click();
    await expect(refused).toHaveCSS('opacity', '1');
    const [above, below] = [(await page.getByRole('main').boundingBox())!, (await refused.boundingBox())!];
    expect(Math.round(above.y + above.height)).toBeLessThanOrEqual(Math.round(below.y));
    expect(below.y + below.height).toBeLessThanOrEqual(size.height);
    expect(await make.boundingBox()).toEqual(before);
    await page.clock.fastForward('10:00'); // what was not done stays until somebody has read it
    await expect(refused).toBeVisible();
    await refused.getByRole('button', { name: 'Close' }).click();
    await expect(refused).toBeHidden();
  }
  await page.setViewportSize(desk.viewport);
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.goto(`/jobs/${(await server.as('dispatcher').find('Boiler does not start')).id}`);
  await written(page);
  const copied = messages.getByRole('group').filter({ hasText: 'Copied' });
  for (const count of [1, 2]) {
    await page.getByRole('button', { name: 'More', exact: true }).click();
    await page.getByRole('menuitem', { name: 'Copy the link' }).click();
    await expect(copied).toHaveCount(count);
  }
  await copied.last().getByRole('button', { name: 'Close' }).focus();
  await page.clock.fastForward('01:00');
  await expect(copied).toHaveCount(1); // the other has gone
  await page.clock.runFor(1000);
  await expect(copied.getByRole('button', { name: 'Close' })).toBeFocused();
  await page.getByRole('main').focus();
  await page.clock.fastForward('00:07');
  await expect(copied).toBeHidden();
});

test('every page empty says what to do, and axe finds no violation', async ({ page }) => {
  test.slow();
  await signIn(page, '/jobs?q=zzzz');
  await expect(page.getByText('No job matches')).toBeVisible();
  await look(page, '30-no-match');
  await page.goto('/board/2031-01-05');
  await expect(page.getByRole('heading', { name: 'To be planned: 1' })).toBeVisible(); // today's, which nobody has
  await look(page, '31-empty-day');
  await page.goto('/people?tab=teams');
  await expect(page.getByText('No teams yet')).toBeVisible();
  await look(page, '32-no-teams');
  for (const [name, path] of [
    ['37-no-template', '/templates'],
    ['38-no-client', '/clients'],
  ] as const) {
    await page.goto(path);
    await page.getByRole('searchbox', { name: 'Search' }).fill('zzzz');
    await expect(page.getByText('Nothing found')).toBeVisible();
    await look(page, name);
  }
  await page.goto('/nowhere');
  await expect(page.getByText('There is nothing here.')).toBeVisible();
  await look(page, '33-nowhere');
});

test('what fails is said, with a way on: no server, 403, 404, 500', async ({ page, server }) => {
  test.slow();
  await page.goto('/?sign_in_error=unavailable');
  await expect(page.getByText('Single sign-on does not answer at the moment.')).toBeVisible();
  await look(page, '44-no-single-sign-on');
  await page.getByLabel('Login').fill('anna');
  await page.getByRole('textbox', { name: 'Password' }).fill('demo');
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await expect(page.getByText('This is the dispatchers’ board')).toBeVisible();
  await look(page, '45-a-worker');
  await page.getByRole('button', { name: 'Sign out' }).click();
  await expect(page.getByRole('button', { name: 'Sign in', exact: true })).toBeVisible();
  await signIn(page);
  await expect(page.getByText('6 jobs')).toBeVisible();
  const answer = (status: number) => page.route('**/api/v1/templates?**', (route) => route.fulfill({ status, contentType: 'application/problem+json', body: JSON.stringify({ title: 'No', status, code: 'no' }) }));
  for (const [status, text, name] of [
    [403, 'This is not for your role.', '40-forbidden'],
    [500, 'The server has a problem.', '41-server-error'],
  ] as const) {
    await answer(status);
    await page.goto('/templates');
    await expect(page.getByText(text)).toBeVisible();
    await look(page, name);
    await page.unrouteAll();
  }
  // Each page whose data cannot be read says so, with a way on.
  for (const [name, api, path] of [
    ['46-jobs-failed', '**/api/v1/jobs?**', '/jobs'],
    ['47-board-failed', '**/api/v1/jobs?**', '/board'],
    ['48-people-failed', '**/api/v1/users?**', '/people'],
    ['49-job-failed', '**/api/v1/jobs/*', `/jobs/${(await server.as('dispatcher').find('Boiler does not start')).id}`],
  ] as const) {
    await page.route(api, (route) => route.fulfill({ status: 500, contentType: 'application/problem+json', body: JSON.stringify({ title: 'No', status: 500, code: 'no' }) }));
    await page.goto(path);
    if (name === '49-job-failed') await expect(page.getByRole('textbox', { name: 'Description' })).toBeEditable(); // the document comes over its own connection
    else await expect(page.getByText('The server has a problem.')).toBeVisible();
    await look(page, name);
    await page.unrouteAll();
  }
  // What was refused stays to be read.
  await page.goto('/new');
  await page.getByRole('textbox', { name: 'Title' }).fill('It will be refused');
  await page.route('**/api/v1/jobs', (route) => route.fulfill({ status: 422, contentType: 'application/problem+json', body: JSON.stringify({ title: 'Invalid', detail: 'The organisation has no more room for jobs.', status: 422, code: 'invalid' }) }));
  await page.getByRole('button', { name: 'Make the job' }).click();
  await expect(page.getByText('The organisation has no more room for jobs.')).toBeVisible();
  await expect(page.getByRole('textbox', { name: 'Title' })).toHaveValue('It will be refused');
  await look(page, '39-refused');
  await page.unrouteAll();
  await page.goto('/jobs/2j9knpCseyhnK8izDmLpGP5WMdZQ');
  await expect(page.getByText('There is nothing here.')).toBeVisible();
  await look(page, '42-no-such-job');
  await page.goto('/clients');
  await expect(page.getByText('Bakery Kern')).toBeVisible();
  await server.halt();
  await page.getByText('Sites', { exact: true }).click();
  await expect(page.getByText('The server cannot be reached. What you see may be old.')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Try again' })).toBeVisible();
  await look(page, '43-no-server');
  await server.start();
  await expect(page.getByText('The server cannot be reached. What you see may be old.')).toBeHidden();
  await expect(page.getByText('Hafenstrasse 17').first()).toBeVisible();
});
