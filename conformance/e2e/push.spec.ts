import { goTo, inStep, ready } from './support/phone.ts';
import { deliver, next, notices, PushService, tap } from './support/push.ts';
import { expect, test as base } from './support/test.ts';

const boiler = 'Boiler does not start';

/** Journeys with a push service of their own. */
const test = base.extend<{ push: PushService }>({
  push: async ({}, use) => {
    const push = new PushService();
    await push.start();
    await use(push);
    await push.stop();
  },
});

test.beforeEach(async ({ context, push, server }) => {
  await context.grantPermissions(['notifications']);
  await push.serve(context);
  await server.pushes();
});

test('S10 S11 what the dispatcher changes comes as a push, stands as a notice, and a tap opens the job with the change in it', async ({ page, context, server, push }) => {
  await ready(page);
  await server.as('worker-anna').subscribed();
  const dispatcher = server.as('dispatcher');
  const { id } = await dispatcher.find(boiler);
  await goTo(page, 'Menu');
  await dispatcher.patch(id, { title: 'Boiler leaks' });
  await dispatcher.comment(id, 'Mind the dog');
  const came = await next(push, /Boiler leaks instead of/);
  expect(JSON.parse(came.text)).toMatchObject({ title: 'Boiler leaks', job: id, kind: 'changed', body: expect.stringContaining('New comment by ') });
  expect(came.text).toContain('Mind the dog');
  expect(came).toMatchObject({ urgency: 'normal', topic: expect.stringMatching(/^[\w-]{32}$/) });
  // A page of the same server that is not the app: the app itself is closed.
  await page.goto('/api/v1/openapi.json');
  await deliver(page, came.text);
  await expect.poll(() => notices(context)).toMatchObject([{ title: 'Boiler leaks', job: id }]);
  await page.goto('/m/');
  await inStep(page);
  await tap(context, id);
  await expect(page.getByRole('heading', { name: 'Boiler leaks', level: 1 })).toBeVisible();
  await page.getByRole('tab', { name: /^Comments/ }).click();
  await expect(page.getByText('Mind the dog')).toBeVisible();
  expect(push.wrong).toEqual([]);
});

test('S12 a push comes for a new job, for a status that was set in the web app, and for any other change; none for what one does oneself', async ({ page, server, push }) => {
  await ready(page);
  await server.as('worker-anna').subscribed();
  const dispatcher = server.as('dispatcher');
  const at = new Date(Date.now() + 3_600_000);
  at.setUTCMinutes(0, 0, 0); // one o'clock, as it is noon here
  const job = await dispatcher.create({ title: 'Pump hums', status: 'published', scheduled_at: at.toISOString(), assignees: [{ user: 'anna', edit: true }] });
  const fresh = await next(push, /New job for you/);
  expect(JSON.parse(fresh.text)).toMatchObject({ title: 'Pump hums', kind: 'assigned', job: job.id });
  expect(fresh.urgency).toBe('high');
  await dispatcher.status(job.id, { status: 'en_route' });
  await next(push, /Set to En route by/);
  await dispatcher.status(job.id, { status: 'started' });
  await next(push, /Set to Started by/);
  await dispatcher.status(job.id, { status: 'paused' });
  await next(push, /Set to Paused by/);
  at.setTime(at.getTime() + 2 * 3_600_000);
  await dispatcher.patch(job.id, { scheduled_at: at.toISOString() });
  await next(push, /Scheduled for \d\d:00 instead of \d\d:00/);
  await server.as('worker-anna').comment(job.id, 'Said by herself');
  await dispatcher.comment(job.id, 'Said by the office');
  await next(push, /Said by the office/);
  expect(push.pushed.filter((p) => p.text.includes('Said by herself'))).toEqual([]);
  expect(new Set(push.pushed.map((p) => p.topic)).size).toBe(1);
  expect(push.wrong).toEqual([]);
});

test('S18 a phone that permits notices is known to the server, and is not any more when its person has signed out', async ({ page, server, push }) => {
  await ready(page);
  const anna = server.as('worker-anna');
  await anna.subscribed();
  await goTo(page, 'Menu');
  await page.getByRole('button', { name: 'Sign out' }).click();
  const sure = page.getByRole('dialog').getByRole('button', { name: 'Sign out' });
  if (await sure.isVisible().catch(() => false)) await sure.click();
  await expect(page.getByLabel('Login')).toBeVisible();
  await anna.subscribed(0);
  expect(push.pushed).toEqual([]);
});
