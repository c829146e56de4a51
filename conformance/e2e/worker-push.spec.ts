import { goTo, ready } from './support/phone.ts';
import { expect, test, type BrowserContext, type Page } from './support/test.ts';

const boiler = 'Boiler does not start';

/** Delivers a push to the app's service worker, as the browser does when its push service brings one. */
async function deliver(page: Page, payload: unknown): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const found = new Promise<string>((resolve) =>
    session.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
      const ours = registrations.find((r) => r.scopeURL.endsWith('/m/') && !r.isDeleted);
      if (ours) resolve(ours.registrationId);
    }),
  );
  await session.send('ServiceWorker.enable');
  const registrationId = await found;
  await session.send('ServiceWorker.deliverPushMessage', { origin: new URL(page.url()).origin, registrationId, data: JSON.stringify(payload) });
  await session.detach();
}

/** The app's service worker, to look at its notices and to tap one. */
async function worker(context: BrowserContext) {
  return context.serviceWorkers().find((w) => w.url().endsWith('/m/sw.js')) ?? (await context.waitForEvent('serviceworker'));
}

const notices = async (context: BrowserContext) =>
  (await worker(context)).evaluate(async () => {
    const all = await (self as unknown as { registration: ServiceWorkerRegistration }).registration.getNotifications();
    return all.map((n) => ({ title: n.title, body: n.body, tag: n.tag, job: (n.data as { job?: string }).job }));
  });

test('S10 S11 a push shows its notice on a phone whose app is closed', async ({ page, context, server }) => {
  await context.grantPermissions(['notifications']);
  await ready(page);
  const { id } = await server.as('dispatcher').find(boiler);
  // A page of the same server that is not the app: the app itself is closed.
  await page.goto('/api/v1/openapi.json');
  await deliver(page, { title: boiler, body: 'Scheduled for 15:00 instead of 13:00', job: id, tag: `job-${id}` });
  await expect.poll(() => notices(context)).toEqual([{ title: boiler, body: 'Scheduled for 15:00 instead of 13:00', tag: `job-${id}`, job: id }]);
  // A second one about the same job takes the place of the first.
  await deliver(page, { title: boiler, body: 'New comment by Dora', job: id, tag: `job-${id}` });
  await expect.poll(() => notices(context)).toEqual([{ title: boiler, body: 'New comment by Dora', tag: `job-${id}`, job: id }]);
});

test('S10 who looks at the app gets a word in it instead of a notice, with the change already there', async ({ page, context, server }) => {
  await context.grantPermissions(['notifications']);
  await ready(page);
  const { id } = await server.as('dispatcher').find(boiler);
  await server.as('dispatcher').patch(id, { title: 'Boiler leaks' });
  await deliver(page, { title: 'Boiler leaks', body: 'Title changed', job: id, tag: id });
  await page.getByRole('status').filter({ hasText: 'Boiler leaks: Title changed' }).getByRole('button', { name: 'Open' }).click();
  await expect(page.getByRole('heading', { name: 'Boiler leaks', level: 1 })).toBeVisible();
  expect(await notices(context)).toEqual([]);
});

test('S11 a tap on the notice opens that job, with the change in it', async ({ page, context, server }) => {
  await context.grantPermissions(['notifications']);
  await ready(page);
  const { id } = await server.as('dispatcher').find(boiler);
  await goTo(page, 'Menu');
  await server.as('dispatcher').patch(id, { description: 'Now with a leak.' });
  await (await worker(context)).evaluate(async (job) => {
    const scope = self as unknown as { registration: ServiceWorkerRegistration } & EventTarget;
    await scope.registration.showNotification('Boiler', { tag: job, data: { job } });
    const [notification] = await scope.registration.getNotifications({ tag: job });
    const Event = (globalThis as unknown as { NotificationEvent: new (type: string, init: { notification: Notification }) => Event }).NotificationEvent;
    scope.dispatchEvent(new Event('notificationclick', { notification: notification! }));
  }, id);
  await expect(page.getByRole('heading', { name: boiler, level: 1 })).toBeVisible();
  await expect(page.getByRole('tabpanel').getByText('Now with a leak.')).toBeVisible();
  expect(await notices(context)).toEqual([]);
});

test('S18 the app says when notifications are off or blocked, and helps to turn them on', async ({ page, context }) => {
  await ready(page);
  const banner = page.getByRole('status').filter({ hasText: 'Notifications are off.' });
  await expect(banner).toBeVisible();
  await banner.getByRole('link', { name: 'Help' }).click();
  await expect(page.getByRole('heading', { name: 'Notifications', level: 1 })).toBeVisible();
  await expect(page.getByTestId('push-state')).toContainText(/^(Off|Blocked)/);
  await expect(page.getByRole('heading', { name: 'How to turn them on' })).toBeVisible();
  await context.grantPermissions(['notifications']);
  await expect(page.getByTestId('push-state')).toContainText(/^On/);
  await expect(banner).toBeHidden();
});
