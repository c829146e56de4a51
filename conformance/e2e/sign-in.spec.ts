import { desk } from './support/office.ts';
import { inStep } from './support/phone.ts';
import { client, Issuer } from './support/provider.ts';
import { expect, test as base } from './support/test.ts';

// By the company's account: a real OpenID provider on this machine, its own pages in the same browser.
const test = base.extend<{ issuer: Issuer }>({
  issuer: async ({ server, link }, use) => {
    const issuer = new Issuer();
    await issuer.start(link.url);
    await server.again('--oidc-issuer', issuer.url, '--oidc-client-id', client.id, '--oidc-client-secret', client.secret, '--oidc-org', 'demo', '--oidc-claim', 'preferred_username');
    await use(issuer);
    await issuer.stop();
  },
});

test('a worker signs in by the company’s account, and works on after a reload; a stranger is told why not', async ({ page, issuer, server }) => {
  await page.goto('/m/');
  await page.getByRole('link', { name: 'Sign in with your company account' }).click();
  await issuer.pass(page, 'nobody-here');
  await expect(page.getByRole('alert')).toContainText('Your company account did not let you in.');
  await page.reload();
  await expect(page.getByRole('button', { name: 'Sign in', exact: true })).toBeVisible();
  await expect(page.getByRole('alert')).toHaveCount(0); // it was said

  await page.context().clearCookies(); // the provider remembers the stranger
  await page.getByRole('link', { name: 'Sign in with your company account' }).click();
  await issuer.pass(page, 'anna');
  await expect(page.getByRole('link', { name: /Boiler does not start/ })).toBeVisible();
  await expect(page).toHaveURL(/\/m\/$/);
  await inStep(page);
  await page.reload();
  await expect(page.getByRole('link', { name: /Boiler does not start/ })).toBeVisible();
  const { users } = await server.as('dispatcher').ask<{ users: { login: string; last_seen?: string }[] }>('GET', '/users');
  expect(users.map((u) => u.login)).not.toContain('nobody-here');
});

test.describe(() => {
  test.use(desk);
  test('a dispatcher signs in by single sign-on where he wanted to go; a provider that is away is said', async ({ page, issuer }) => {
    await page.goto('/people?tab=devices');
    await issuer.stop();
    await page.getByRole('link', { name: 'Single sign-on' }).click();
    await expect(page.getByRole('alert')).toContainText('Single sign-on does not answer at the moment.');
    await expect(page).toHaveURL(/\/people\?tab=devices$/);
    await issuer.start(new URL(page.url()).origin);
    await expect(async () => {
      await page.getByRole('link', { name: 'Single sign-on' }).click();
      await expect(page).toHaveURL((url) => url.origin === issuer.url, { timeout: 5000 }); // the server asks it again after two seconds
    }).toPass();
    await issuer.pass(page, 'dispatcher');
    await expect(page).toHaveURL(/\/people\?tab=devices$/);
    await expect(page.getByRole('tab', { name: 'Devices' })).toHaveAttribute('aria-selected', 'true');
    await page.goto('/jobs');
    await expect(page.getByText('6 jobs')).toBeVisible();
  });
});
