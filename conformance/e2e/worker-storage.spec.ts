import { permit } from './support/permissions.ts';
import { addPhotos, noise, openJob, press, ready } from './support/phone.ts';
import { expect, offline, test } from './support/test.ts';

test('the browser is asked to keep what is on the phone; where it may remove unsent work the app warns, until it agrees', async ({ page, context, link }) => {
  await page.addInitScript(() => {
    const persist = StorageManager.prototype.persist;
    StorageManager.prototype.persist = function () {
      document.documentElement.dataset['asked'] = 'yes';
      return persist.call(this);
    };
  });
  await permit(page, link.url, 'persistent-storage', 'denied');
  await ready(page);
  await expect(page.locator('html')).toHaveAttribute('data-asked', 'yes'); // without anybody's doing
  const warning = page.getByRole('status').filter({ hasText: 'The browser may remove unsent work from this phone.' });
  await expect(warning).toHaveCount(0); // nothing is unsent
  await offline(context, link, true);
  await openJob(page, 'Boiler does not start');
  await press(page, 'Start');
  await addPhotos(page, 'Photos', [noise('plate.png')]);
  await warning.getByRole('link', { name: 'Help' }).click();
  await expect(page.getByText("The browser may remove this app's data when space runs short, unsent work too.")).toBeVisible();
  await page.getByRole('button', { name: 'Keep the data' }).click();
  await expect(page.getByText('The browser did not agree.')).toBeVisible();
  await permit(page, link.url, 'persistent-storage', 'granted');
  await page.getByRole('button', { name: 'Keep the data' }).click();
  await expect(page.getByText("The browser keeps this app's data.")).toBeVisible();
  await expect(warning).toHaveCount(0);
});
