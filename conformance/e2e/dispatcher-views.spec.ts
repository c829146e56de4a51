import { another, desk, look, rows, signIn } from './support/office.ts';
import { expect, test, type Page } from './support/test.ts';

test.use({ ...desk, actionTimeout: 60_000 });

const keep = async (page: Page, name: string) => {
  await page.getByRole('button', { name: 'Views' }).click();
  await page.getByRole('menuitem', { name: 'Save this view' }).click();
  await page.getByRole('textbox', { name: 'Name' }).fill(name);
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(page.getByRole('dialog')).toBeHidden();
};

test('saved views follow a person to another browser, those that an older board kept in the browser too', async ({ page, browser, baseURL, server }) => {
  test.slow();
  const kept = async () => (await server.as('dispatcher').ask<{ views: { name: string; search: unknown }[] }>('GET', '/me/views')).views;
  await page.addInitScript(() => {
    if (!sessionStorage.getItem('moved')) localStorage.setItem('fieldsync.views.dispatcher', JSON.stringify([{ name: 'From before', search: { status: 'scheduled' } }]));
    sessionStorage.setItem('moved', 'yes');
  });
  await signIn(page, '/jobs?assignee=ben');
  await expect.poll(kept).toEqual([{ name: 'From before', search: { status: 'scheduled' } }]);
  await expect.poll(() => page.evaluate(() => localStorage.getItem('fieldsync.views.dispatcher'))).toBeNull();
  await keep(page, 'Ben’s');

  const other = await another(browser, baseURL);
  await signIn(other, '/jobs?q=boiler');
  await keep(other, 'Boilers');
  expect((await kept()).map((v) => v.name)).toEqual(['From before', 'Ben’s', 'Boilers']);
  await other.goto('/jobs');
  await other.getByRole('button', { name: 'Views' }).click();
  await other.getByRole('menuitem', { name: 'Ben’s' }).click();
  await expect(other).toHaveURL(/assignee=ben/);
  await expect(rows(other).first()).toBeVisible();
  await other.getByRole('button', { name: 'Ben’s' }).click();
  await other.getByRole('menuitem', { name: 'Save this view' }).click();
  await expect(other.getByRole('button', { name: 'Remove the view Boilers' })).toBeVisible();
  await look(other, '34-views');
  await other.context().close();

  // The first browser has not read the list since: what it does is done on what is there now.
  await page.getByRole('button', { name: 'Ben’s' }).click();
  await page.getByRole('menuitem', { name: 'Save this view' }).click();
  await page.getByRole('button', { name: 'Remove the view From before' }).click();
  await expect.poll(async () => (await kept()).map((v) => v.name)).toEqual(['Ben’s', 'Boilers']);
  await page.getByRole('button', { name: 'Undo: From before' }).click();
  await expect.poll(async () => (await kept()).map((v) => v.name)).toEqual(['Ben’s', 'Boilers', 'From before']);
});

test('what is searched for among clients, sites and templates is in the address: it can be sent to somebody', async ({ page, server }) => {
  const office = server.as('dispatcher');
  const made = await office.ask<{ id: string }>('POST', '/clients', { name: 'Harbour bakery' });
  await office.ask('PATCH', `/clients/${made.id}`, { archived: true });
  await signIn(page, '/clients');
  await page.getByRole('searchbox', { name: 'Search' }).fill('bakery');
  await page.getByRole('checkbox', { name: 'Also what is archived' }).check();
  await expect(page.getByRole('link', { name: /Harbour bakery/ })).toBeVisible();
  await expect(page).toHaveURL((url) => url.searchParams.get('q') === 'bakery' && url.searchParams.get('archived') === 'true');
  await page.reload();
  await expect(page.getByRole('searchbox', { name: 'Search' })).toHaveValue('bakery');
  await expect(page.getByRole('link', { name: /Harbour bakery/ })).toBeVisible();
  await expect(page.getByRole('link', { name: /Hotel Lindenhof/ })).toHaveCount(0);
  await page.getByRole('link', { name: 'Clients and sites' }).click(); // all of them again
  await expect(page.getByRole('searchbox', { name: 'Search' })).toHaveValue('');
  await expect(page.getByRole('link', { name: /Hotel Lindenhof/ })).toBeVisible();
});
