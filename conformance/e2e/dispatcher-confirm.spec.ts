import { violations } from './support/axe.ts';
import { another, desk, look, signIn } from './support/office.ts';
import { expect, test as base, type Page } from './support/test.ts';

/** Journeys of somebody who administers. */
const test = base.extend<{ owner: Page }>({
  owner: async ({ browser, baseURL, server }, use) => {
    await server.addUser('olga', 'owner');
    const page = await another(browser, baseURL);
    await use(page);
    await page.context().close();
  },
});

test.use({ ...desk, actionTimeout: 60_000 });

/** What the owner's page sends to the API with the rights of her session. */
const send = <T>(page: Page, method: string, path: string, body?: unknown) =>
  page.evaluate(
    async ([method, path, body]) => {
      const response = await fetch(`/api/v1${path}`, { method, headers: { 'Content-Type': 'application/json' }, ...(body ? { body } : {}) });
      if (!response.ok) throw new Error(await response.text());
      return (await response.json()) as T;
    },
    [method, path, body ? JSON.stringify(body) : ''] as const,
  );

test('a key is revoked by who means it: the focus begins on the harmless button, Escape and Cancel revoke nothing', async ({ owner, server }) => {
  await signIn(owner, '/settings?tab=keys', 'olga', 'a long password');
  const key = await send<{ secret: string }>(owner, 'POST', '/apikeys', { name: 'ERP', role: 'dispatcher' });
  const comesIn = async () => (await fetch(`${server.url}/api/v1/jobs?limit=1`, { headers: { Authorization: `Bearer ${key.secret}` } })).status;
  await owner.reload();
  const revoke = owner.getByRole('button', { name: 'Revoke ERP' });
  const dialog = owner.getByRole('dialog', { name: 'Revoke the key “ERP”?' });
  const cancel = dialog.getByRole('button', { name: 'Cancel' });
  await revoke.focus();
  for (const leave of ['Escape', 'Enter']) {
    await owner.keyboard.press('Enter');
    await expect(cancel).toBeFocused();
    await expect(dialog).toHaveAccessibleDescription(/out at once/);
    await owner.keyboard.press(leave); // Enter is on Cancel
    await expect(dialog).toBeHidden();
    await expect(revoke).toBeFocused();
  }
  expect(await comesIn()).toBe(200);
  await owner.keyboard.press('Enter');
  await expect(cancel).toBeFocused();
  await look(owner, '50-confirm');
  await owner.goBack(); // a question does not outlive its page
  await expect(dialog).toBeHidden();
  await owner.goto('/settings?tab=keys');
  await revoke.focus();
  await owner.keyboard.press('Enter');
  await expect(cancel).toBeFocused();
  await owner.keyboard.press('Tab');
  await expect(dialog.getByRole('button', { name: 'Revoke', exact: true })).toBeFocused();
  await owner.keyboard.press('Enter');
  await expect(owner.getByText('No API keys')).toBeVisible();
  expect(await comesIn()).toBe(401);
});

test('nothing that cannot be taken back is done by one press', async ({ owner }) => {
  test.slow();
  await signIn(owner, '/people', 'olga', 'a long password');
  await send(owner, 'POST', '/teams', { name: 'Lifts', foreman: 'anna', members: ['anna', 'ben'] });
  await send(owner, 'POST', '/webhooks', { url: 'https://example.org/hook', description: 'ERP', events: [] });
  const sent: string[] = [];
  owner.on('request', (r) => void (r.method() !== 'GET' && r.url().includes('/api/v1/') && sent.push(`${r.method()} ${new URL(r.url()).pathname.replace('/api/v1', '')}`)));
  for (const [path, press, asks, does] of [
    ['/people?tab=teams', 'Remove: Lifts', 'Remove the team “Lifts”?', 'Remove'],
    ['/people/ben', 'Sign this device out: demo', 'Sign “demo” out?', 'Sign this device out'],
    ['/people/anna', 'Sign all out', 'Sign all devices of Anna Worker out?', 'Sign all out'],
    ['/settings?tab=webhooks', 'New secret', 'A new secret for “ERP”?', 'New secret'],
    ['/settings?tab=webhooks', 'Remove', 'Remove the webhook “ERP”?', 'Remove'],
  ] as const) {
    await owner.goto(path);
    if (path.includes('webhooks')) await owner.getByRole('button', { name: 'Show', exact: true }).click();
    const button = owner.getByRole('button', { name: press, exact: true });
    const dialog = owner.getByRole('dialog', { name: asks });
    await button.click();
    await expect(dialog.getByRole('button', { name: 'Cancel' })).toBeFocused();
    await expect(dialog).toHaveCSS('opacity', '1');
    expect((await violations(owner).analyze()).violations.map((v) => v.id)).toEqual([]);
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    await expect(dialog).toBeHidden();
    expect(sent).toEqual([]);
    await button.click();
    await dialog.getByRole('button', { name: does, exact: true }).click();
    await expect(dialog).toBeHidden();
    await expect.poll(() => sent.length, { message: press }).toBe(1);
    sent.length = 0;
  }
  await owner.goto('/people/ben');
  const mayComeIn = owner.getByRole('switch', { name: /May come in/ });
  await mayComeIn.click();
  await owner.getByRole('dialog', { name: 'Shut Ben Worker out?' }).getByRole('button', { name: 'Cancel' }).click();
  await expect(mayComeIn).toBeChecked();
  expect(sent).toEqual([]);
  await mayComeIn.click();
  await owner.getByRole('dialog').getByRole('button', { name: 'Shut out' }).click();
  await expect(mayComeIn).not.toBeChecked();
  await mayComeIn.click(); // who may come in again is not asked about
  await expect(mayComeIn).toBeChecked();
  expect(sent).toEqual(['PATCH /users/ben', 'PATCH /users/ben']);
});
