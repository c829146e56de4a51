import { press, ready, unsentCount } from './support/phone.ts';
import { expect, offline, test } from './support/test.ts';

declare global {
  interface Window {
    /** Lets the worker that compiles begin. */
    release: () => void;
  }
}

test('S1 S5 a start without a network: a job is tapped before the replica is there and opens, and a status that is pressed at once is kept', async ({ page, server, link }) => {
  await ready(page);
  const { id } = await server.as('dispatcher').find('Boiler does not start');
  await offline(page.context(), link, true);
  await page.addInitScript(() => {
    const start = Worker.prototype.postMessage;
    const held: (() => void)[] = [];
    let released = false;
    Worker.prototype.postMessage = function (this: Worker, message: unknown) {
      if (released) start.call(this, message);
      else held.push(() => start.call(this, message));
    };
    window.release = () => {
      released = true;
      held.splice(0).forEach((go) => go());
    };
  });
  await page.reload();
  await page.getByRole('link', { name: /Boiler does not start/ }).click();
  await expect(page.getByRole('heading', { name: 'Boiler does not start', level: 1 })).toBeVisible();
  await expect(page.getByText('Loading', { exact: true })).toBeVisible(); // nothing of Automerge is there
  await page.evaluate(() => window.release());
  await press(page, 'Start');
  await expect(page.getByRole('button', { name: 'Pause' })).toBeVisible();
  await expect.poll(() => unsentCount(page)).toBe(1);
  await page.reload();
  await page.evaluate(() => window.release());
  await expect(page.getByRole('button', { name: 'Pause' })).toBeVisible();
  await offline(page.context(), link, false);
  await expect.poll(async () => (await server.as('dispatcher').job(id)).status).toBe('started');
});

test('a browser in which no worker compiles starts all the same', async ({ page }) => {
  await page.addInitScript(() => {
    window.Worker = class {
      constructor() {
        throw new Error('no workers here');
      }
    } as unknown as typeof Worker;
  });
  await ready(page);
  await page.getByRole('link', { name: /Boiler does not start/ }).click();
  await expect(page.getByRole('tablist')).toBeVisible();
});
