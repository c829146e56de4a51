import { Link } from './support/link.ts';
import { addPhotos, goTo, noise, openJob, press, ready } from './support/phone.ts';
import { Release } from './support/release.ts';
import { expect, test as base } from './support/test.ts';

const test = base.extend<{ release: Release }>({
  release: async ({ server }, use) => {
    const release = new Release(server.port);
    await release.start();
    await use(release);
    await release.stop();
  },
  link: async ({ release }, use) => {
    const link = new Link();
    await link.start(release.port);
    await use(link);
    await link.stop();
  },
});

test('a new build is offered, starts when the person says so and not before, and unsent work is kept', async ({ page, context, server, release }) => {
  const build = () => page.locator('meta[name=build]').getAttribute('content');
  await ready(page);
  expect(await build()).toBe('1');
  const id = await openJob(page, 'Boiler does not start');
  await press(page, 'Start');
  await context.route(/\/api\/v1\/(uploads|files)/, (route) => route.abort()); // the photo does not get through
  await addPhotos(page, 'Photos', [noise('plate.png')]);
  await goTo(page, 'Unsent');
  await expect(page.getByRole('heading', { name: /^1 file/ })).toBeVisible();

  release.build = 2;
  await page.reload(); // the app is opened again: it asks whether there is a new build
  const offer = page.getByRole('status').filter({ hasText: 'A new version is ready.' });
  await expect(offer).toBeVisible();
  expect(await build()).toBe('1');
  await page.reload();
  await expect(offer).toBeVisible();
  expect(await build()).toBe('1'); // a reload does not slip it in
  await offer.getByRole('button', { name: 'Update' }).click();
  await expect.poll(build).toBe('2');
  await expect(page.getByRole('heading', { name: /^1 file/ })).toBeVisible();
  await expect(offer).toHaveCount(0);

  await context.unrouteAll();
  await page.getByRole('button', { name: 'Sync', exact: true }).click();
  await expect(page.getByText('Everything is on the server.')).toBeVisible();
  expect((await server.as('dispatcher').files(id)).map((f) => f.state)).toEqual(['here']);
});

test('where a build cannot be loaded any more, trying again starts the new one that waits', async ({ page, context, release }) => {
  const build = () => page.locator('meta[name=build]').getAttribute('content');
  await ready(page);
  release.build = 2;
  await page.reload();
  await expect(page.getByRole('status').filter({ hasText: 'A new version is ready.' })).toBeVisible();
  // A file of it is nowhere any more: not with the service worker, nor in the browser's own cache, nor on the server.
  release.gone = /\/assets\/signed-in-/;
  await page.evaluate(async () => {
    for (const name of await caches.keys()) for (const kept of await (await caches.open(name)).keys()) if (kept.url.includes('/assets/signed-in-')) await (await caches.open(name)).delete(kept);
  });
  await (await context.newCDPSession(page)).send('Network.clearBrowserCache');
  await page.reload();
  await expect(page.getByRole('status')).toContainText('The app could not be loaded.');
  expect(await build()).toBe('1');
  release.gone = undefined;
  await page.getByRole('link', { name: 'Try again' }).click();
  await expect.poll(build).toBe('2');
  await expect(page.getByRole('heading', { name: 'Jobs', level: 1 })).toBeVisible();
});
