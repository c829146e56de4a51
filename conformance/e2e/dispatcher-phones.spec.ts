import { addPhotos, openJob, press, ready } from './support/phone.ts';
import { another, look, signIn } from './support/office.ts';
import { expect, test } from './support/test.ts';

test.use({ actionTimeout: 60_000 });

test('the office sees how far each phone is: in step, unsent work, the link, how old that is', async ({ page, browser, baseURL, server, link }) => {
  test.slow();
  await ready(page);
  const office = await another(browser, baseURL);
  await signIn(office, '/people?tab=devices');
  const phone = office.getByRole('listitem').filter({ hasText: 'Anna Worker' }).filter({ hasText: 'Browser' });
  await expect(phone).toContainText(/in step (now|\d)/);
  await expect(phone).toContainText('All is sent');
  await expect(phone).toContainText('Good link');

  await link.set('2g');
  await openJob(page, 'Boiler does not start');
  await press(page, 'Start');
  await addPhotos(page, 'Photos', [{ name: 'plate.png', mimeType: 'image/png', buffer: Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64') }]);
  await expect(page.getByText('Slow network: 1 file waits for a faster network.')).toBeVisible();
  const report = async () => (await server.as('dispatcher').ask<{ devices: { kind: string; report?: { link: string; unsent: { changes: number; files: number } } }[] }>('GET', '/users/anna/devices')).devices.find((d) => d.kind === 'session')?.report;
  await expect.poll(report).toMatchObject({ link: 'slow', unsent: { changes: 0, files: 1 } });
  await link.set('direct'); // so that the office's own page need not wait; what was said stays until the phone says more
  await office.goto('/people?tab=devices');
  await expect(phone).toContainText(/Unsent: 1 file|All is sent/);
  await server.as('worker-anna').ask('PUT', '/me/device/report', { link: 'slow', metered: true, since_sync: 7200, unsent: { changes: 3, files: 2, bytes: 4_200_000 } });
  const program = office.getByRole('listitem').filter({ hasText: 'Anna Worker' }).filter({ hasText: 'Unsent: 3 changes, 2 files (4.2 MB)' });
  await expect(program).toContainText('Slow link, files wait, data costs money');
  await expect(program).toContainText(/in step 2 hr ago/);
  await look(office, '19-devices-report');
  await office.context().close();
});
