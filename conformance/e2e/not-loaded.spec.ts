import { violations } from './support/axe.ts';
import { desk, signIn } from './support/office.ts';
import { addPhotos, goTo, inStep, noise, openJob, press, ready, signIn as signInOnPhone } from './support/phone.ts';
import { expect, test, type Page } from './support/test.ts';

/** The app says that it was not loaded, and is what it should be once the person has tried again. */
async function saysSo(page: Page): Promise<void> {
  await expect(page.getByRole('status')).toContainText('The app could not be loaded.');
  const { violations: found } = await violations(page).analyze();
  expect(found.map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(' ')).join('; ')}`)).toEqual([]);
}

const again = (page: Page) => page.getByRole('link', { name: 'Try again' });

for (const [what, script] of [
  ['the program', /\/m\/assets\/index-.*\.js/],
  ['a part of it that it needs at once', /\/m\/assets\/signed-in-.*\.js/],
] as const)
  test(`the workers’ app: where ${what} is not loaded, that is said, and trying again starts it`, async ({ page, context }) => {
    await ready(page);
    await page.evaluate(async () => {
      for (const r of await navigator.serviceWorker.getRegistrations()) await r.unregister(); // as on a phone whose first visit was cut short
      for (const name of await caches.keys()) await caches.delete(name);
    });
    await context.route(script, (route) => route.abort());
    await page.goto('/m/calendar');
    await saysSo(page);
    expect((await again(page).boundingBox())!.height).toBeGreaterThanOrEqual(44);
    await context.unrouteAll();
    await again(page).click();
    await expect(page.getByRole('heading', { name: 'Calendar', level: 1 })).toBeVisible();
  });

test.describe('on a first visit', () => {
  test.use({ serviceWorkers: 'block' }); // nothing of the program is on the phone yet

  test('the workers’ app: where what sends files is not loaded, that is said in a sentence, the photo is kept, and trying again sends it', async ({ page, context, server }) => {
    await context.route(/\/m\/assets\/browser-.*\.js/, (route) => route.abort());
    await signInOnPhone(page);
    await inStep(page);
    const id = await openJob(page, 'Boiler does not start');
    await press(page, 'Start');
    await addPhotos(page, 'Photos', [noise('plate.png')]);
    await goTo(page, 'Unsent');
    await expect(page.getByText('Last try: A part of the app could not be loaded. If it stays so, load the app again.')).toBeVisible();
    expect((await server.as('dispatcher').files(id)).map((f) => f.state)).toEqual(['promised']);
    await context.unrouteAll();
    await page.getByRole('button', { name: 'Try again: plate.png' }).click();
    await expect(page.getByText('Everything is on the server.')).toBeVisible();
    expect((await server.as('dispatcher').files(id)).map((f) => f.state)).toEqual(['here']);
  });
});

test.describe('at a desk', () => {
  test.use(desk);

  test('the board: where the program is not loaded, that is said, and trying again starts it; where nothing of it comes, that is said after a while', async ({ page }) => {
    await signIn(page, '/jobs');
    await page.route(/\/assets\/toast-.*\.js/, (route) => route.abort());
    await page.goto('/people/anna'); // far below: the address of the scripts does not follow the page's
    await saysSo(page);
    await page.unrouteAll();
    await again(page).click();
    await expect(page.getByRole('heading', { name: 'Anna Worker', level: 1 })).toBeVisible();
    await page.route(/\.js$/, (route) => route.abort());
    await page.goto('/jobs');
    await expect(page.getByText('This takes long. Is there a network?')).toBeVisible();
    await page.unrouteAll();
    await again(page).click();
    await expect(page.getByRole('heading', { name: 'Jobs', level: 1 })).toBeVisible();
  });
});
