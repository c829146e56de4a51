import { ready } from './support/phone.ts';
import { another, look, signIn } from './support/office.ts';
import { PushService } from './support/push.ts';
import { expect, test as base, type Page } from './support/test.ts';

/** Journeys with a push service of their own, and a page of somebody who administers. */
const test = base.extend<{ push: PushService; owner: Page }>({
  push: async ({ context, server }, use) => {
    const push = new PushService();
    await push.start();
    await context.grantPermissions(['notifications']);
    await push.serve(context);
    await server.pushes();
    await use(push);
    await push.stop();
  },
  owner: async ({ browser, baseURL, server }, use) => {
    await server.addUser('olga', 'owner');
    const page = await another(browser, baseURL);
    await use(page);
    await page.context().close();
  },
});

test.use({ actionTimeout: 60_000 });

/** The line of anna's browser: her token of the demonstration has another. */
const phoneOf = (page: Page) => page.getByRole('listitem').filter({ hasText: 'Anna Worker' }).filter({ hasText: 'Browser' });

test('an administrator tries whether a device is told, and reads in the log what became of it', async ({ page, owner, server, push }) => {
  test.slow();
  await ready(page);
  await server.as('worker-anna').subscribed();
  await signIn(owner, '/people?tab=devices', 'olga', 'a long password');
  const phone = phoneOf(owner);
  const tryIt = phone.getByRole('button', { name: /^Send a test notice/ });
  await tryIt.click();
  await expect(phone.getByRole('status')).toContainText('The push service took it.');
  expect(push.pushed.map((p) => JSON.parse(p.text) as { kind: string })).toMatchObject([{ kind: 'test' }]);
  await owner.mouse.move(0, 0); // its hint goes
  await look(owner, '28-device-tested');

  const job = await server.as('dispatcher').create({ title: 'Pump hums', status: 'published', scheduled_at: new Date().toISOString(), assignees: [{ user: 'anna', edit: true }] });
  await owner.getByRole('tab', { name: 'Notices' }).click();
  const log = owner.getByRole('list', { name: 'Notices to devices' });
  await expect(log.getByRole('listitem')).toHaveCount(2);
  await expect(log.getByRole('listitem').first()).toContainText('Anna Worker · New job');
  await expect(log.getByRole('link', { name: 'The job' })).toHaveAttribute('href', `/jobs/${job.id}`);
  await expect(log.getByRole('listitem').last()).toContainText('Test');
  await look(owner, '29-push-log');

  // What failed can be looked for, and the page has an address.
  push.answer = 400;
  await owner.getByRole('tab', { name: 'Devices' }).click();
  await tryIt.click();
  await expect(phone.getByRole('status')).toContainText('The push service refused it.');
  await owner.goto('/people?tab=notices&result=refused');
  await expect(log.getByRole('listitem')).toHaveCount(1);
  await expect(log).toContainText('answer 400');
  await owner.getByRole('combobox', { name: 'Person' }).click();
  await owner.getByRole('option', { name: 'Ben Worker' }).click();
  await expect(owner).toHaveURL(/user=ben/);
  await expect(owner.getByText('Nothing found')).toBeVisible();
});

test('the log is read page by page, the newest first', async ({ owner, server, push }) => {
  const anna = server.as('worker-anna');
  const device = await push.register(anna);
  for (let i = 0; i < 60; i++) await anna.ask('POST', `/push/subscriptions/${device}/test`);
  await signIn(owner, '/people?tab=notices', 'olga', 'a long password');
  const lines = owner.getByRole('list', { name: 'Notices to devices' }).getByRole('listitem');
  await expect(lines).toHaveCount(50);
  await owner.getByRole('button', { name: 'Older ones' }).click();
  await expect(lines).toHaveCount(60);
  await expect(owner.getByRole('button', { name: 'Older ones' })).toBeHidden();
});

test('quiet hours and “only today’s jobs” are chosen on the phone and on the board, and hold for both', async ({ page, browser, baseURL, server }) => {
  test.slow();
  const wishes = () => server.as('worker-anna').ask('GET', '/push/settings');
  await ready(page);
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: /^Menu/ }).click();
  await page.getByRole('link', { name: 'Notifications' }).click();
  const today = page.getByRole('switch', { name: 'Only today\'s jobs' });
  await today.click();
  await expect(today).toBeChecked();
  await page.getByRole('switch', { name: 'Quiet hours' }).click();
  await page.getByLabel('From').fill('21:30');
  await page.getByLabel('Until').fill('05:45');
  await page.getByLabel('Until').blur();
  await expect.poll(wishes).toMatchObject({ only_today: true, quiet_from: '21:30', quiet_to: '05:45' });
  await page.reload();
  await expect(page.getByLabel('From')).toHaveValue('21:30');
  await look(page, '51-worker-notifications');

  const office = await another(browser, baseURL);
  await signIn(office, '/me');
  await office.getByRole('switch', { name: /^Quiet hours/ }).click();
  await office.getByLabel('From').fill('22:00');
  await office.getByLabel('From').press('Enter');
  const own = () => server.as('dispatcher').ask('GET', '/push/settings');
  await expect.poll(own).toMatchObject({ quiet_from: '22:00', quiet_to: '06:00' });
  await look(office, '22-me-notices');
  await office.getByRole('switch', { name: /^Quiet hours/ }).click();
  await expect(office.getByLabel('From')).toBeHidden();
  await expect.poll(own).not.toMatchObject({ quiet_from: /./ });
  await office.context().close();
});
