import { permit } from './support/permissions.ts';
import { goTo, ready } from './support/phone.ts';
import { deliver, notices, worker } from './support/push.ts';
import { expect, test } from './support/test.ts';

const boiler = 'Boiler does not start';

test('S10 S11 a push shows its notice on a phone whose app is closed', async ({ page, context, server }) => {
  await context.grantPermissions(['notifications']);
  await ready(page);
  const { id } = await server.as('dispatcher').find(boiler);
  // A page of the same server that is not the app: the app itself is closed.
  await page.goto('/api/v1/openapi.json');
  await deliver(page, JSON.stringify({ title: boiler, body: 'Scheduled for 15:00 instead of 13:00', job: id, tag: `job-${id}` }));
  await expect.poll(() => notices(context)).toEqual([{ title: boiler, body: 'Scheduled for 15:00 instead of 13:00', tag: `job-${id}`, job: id }]);
  // A second one about the same job takes the place of the first.
  await deliver(page, JSON.stringify({ title: boiler, body: 'New comment by Dora', job: id, tag: `job-${id}` }));
  await expect.poll(() => notices(context)).toEqual([{ title: boiler, body: 'New comment by Dora', tag: `job-${id}`, job: id }]);
});

test('S10 who looks at the app gets a word in it instead of a notice, with the change already there', async ({ page, context, server }) => {
  await context.grantPermissions(['notifications']);
  await ready(page);
  const { id } = await server.as('dispatcher').find(boiler);
  await server.as('dispatcher').patch(id, { title: 'Boiler leaks' });
  await deliver(page, JSON.stringify({ title: 'Boiler leaks', body: 'Title changed', job: id, tag: id }));
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

test('S18 the app says when notifications are off, and helps to turn them on', async ({ page, link }) => {
  await permit(page, link.url, 'notifications', 'prompt');
  await ready(page);
  const banner = page.getByRole('status').filter({ hasText: 'Notifications are off.' });
  await banner.getByRole('link', { name: 'Help' }).click();
  await expect(page.getByRole('heading', { name: 'Notifications', level: 1 })).toBeVisible();
  await expect(page.getByTestId('push-state')).toContainText(/^Off/);
  await expect(banner).toBeHidden(); // it led here
  await expect(page.getByRole('button', { name: 'Turn on' })).toBeVisible();
  await expect(page.getByRole('heading', { name: 'How to turn them on' })).toBeVisible();
  await permit(page, link.url, 'notifications', 'granted');
  await expect(page.getByTestId('push-state')).toContainText(/^On/);
  await goTo(page, 'Jobs');
  await expect(page.getByRole('heading', { name: 'Jobs', level: 1 })).toBeVisible();
  await expect(banner).toBeHidden();
});

test('S18 blocked notices cannot be asked for: the app says where they are turned on, and sees when they are', async ({ page, link }) => {
  await permit(page, link.url, 'notifications', 'denied');
  await ready(page);
  const banner = page.getByRole('status').filter({ hasText: 'Notifications are off.' });
  await banner.getByRole('link', { name: 'Help' }).click();
  await expect(page.getByTestId('push-state')).toContainText(/^Blocked/);
  await expect(page.getByRole('button', { name: 'Turn on' })).toHaveCount(0); // the browser would not ask
  await expect(page.getByRole('listitem')).toContainText(['Click the symbol to the left of the address.', 'Set Notifications to Allow.', 'Load the page again.']);
  await goTo(page, 'Jobs');
  await banner.getByRole('button', { name: 'Dismiss' }).click();
  await goTo(page, 'Calendar');
  await expect(banner).toHaveCount(0); // put away for now
  await permit(page, link.url, 'notifications', 'granted');
  await goTo(page, 'Menu');
  await page.getByRole('link', { name: 'Notifications' }).click();
  await expect(page.getByTestId('push-state')).toContainText(/^On/);
});
