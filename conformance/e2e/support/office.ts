import { mkdirSync } from 'node:fs';
import { violations } from './axe.ts';
import { cut } from './cut.ts';
import { top } from './program.ts';
import { expect, type Browser, type Locator, type Page } from './test.ts';
import { zone } from './zone.ts';

/** What the dispatchers' journeys are looked at in: a desk, not a phone. */
export const desk = { viewport: { width: 1440, height: 900 }, hasTouch: false, isMobile: false };

/** Opens the board and signs in; one stays where one wanted to go. */
export async function signIn(page: Page, path = '/', login = 'dispatcher', password = 'demo'): Promise<void> {
  await page.goto(path);
  await page.getByLabel('Login').fill(login);
  await page.getByRole('textbox', { name: 'Password' }).fill(password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await expect(page.getByRole('navigation', { name: 'Pages' })).toBeVisible();
}

/** Another browser, with nothing in common with the first. */
export async function another(browser: Browser, baseURL: string): Promise<Page> {
  const context = await browser.newContext({ ...desk, baseURL, locale: 'en-GB', timezoneId: zone });
  return await context.newPage();
}

/** Opens a job, and waits until it can be written to. */
export async function openJob(page: Page, id: string): Promise<void> {
  await page.goto(`/jobs/${id}`);
  await written(page);
}

export async function written(page: Page): Promise<void> {
  await expect(page.getByRole('textbox', { name: 'Description' })).toBeEditable();
  await expect(page.getByText('Saved', { exact: true })).toBeVisible();
}

export const rows = (page: Page) => page.getByRole('grid', { name: 'Jobs' }).getByRole('row');

const shots = `${top}conformance/artefacts/dispatcher`;
mkdirSync(shots, { recursive: true });

const looks = [
  { name: 'wide-light', width: 1440, height: 900, scheme: 'light' },
  { name: 'wide-dark', width: 1440, height: 900, scheme: 'dark' },
  { name: 'phone-light', width: 390, height: 844, scheme: 'light' },
  { name: 'phone-dark', width: 390, height: 844, scheme: 'dark' },
] as const;

/** A picture for the contact sheet, once the page has taken the scheme on: it hears of it a moment later, and fades into it. */
async function shoot(page: Page, name: string, l: (typeof looks)[number]): Promise<void> {
  await page.emulateMedia({ colorScheme: l.scheme });
  await expect(page.locator('html')).toHaveAttribute('data-mantine-color-scheme', l.scheme);
  await page.evaluate(() => Promise.allSettled(document.getAnimations().filter((a) => a.effect?.getComputedTiming().iterations !== Infinity).map((a) => a.finished)));
  await page.screenshot({ path: `${shots}/${name}.${l.name}.png`, animations: 'disabled' });
}

/** From now on every page of this tab is in a language that is written from right to left, whichever it is in. */
export const rightToLeft = (page: Page): Promise<unknown> =>
  page.addInitScript(() => {
    const dir = Object.getOwnPropertyDescriptor(HTMLElement.prototype, 'dir')!;
    Object.defineProperty(HTMLElement.prototype, 'dir', {
      ...dir,
      set(this: HTMLElement) {
        dir.set!.call(this, 'rtl');
      },
    });
  });

/** Opens something over the page by a button, has axe look at it, takes its pictures at this size, and closes it by Escape. */
export async function over(page: Page, opener: Locator, role: 'menu' | 'dialog' | 'listbox', name: string): Promise<void> {
  await opener.click();
  const opened = page.getByRole(role).filter({ visible: true }).last();
  await expect(opened).toBeVisible();
  await opened.evaluate((el) => Promise.all([el, ...el.querySelectorAll('*')].flatMap((e) => e.getAnimations()).map((a) => a.finished)));
  await expect(opened).toHaveCSS('opacity', '1'); // it has come: what is half there has half its contrast
  const { violations: found } = await violations(page).analyze();
  expect.soft(found.map((v) => `${name}: ${v.id}: ${v.nodes.map((n) => n.target.join(' ')).join('; ')}`)).toEqual([]);
  const wide = page.viewportSize()!.width > 1000;
  for (const l of looks) if (l.width > 1000 === wide) await shoot(page, `over-${name}`, l);
  await page.emulateMedia({ colorScheme: 'light' });
  await page.keyboard.press('Escape');
  await expect(opened).toBeHidden();
}

/** Looks at a page in all its sizes and colours: a picture of each for the contact sheet, axe, whether it can be pushed sideways, and whether words on buttons are cut. */
export async function look(page: Page, name: string): Promise<void> {
  const found: string[] = [];
  for (const l of looks) {
    await page.setViewportSize({ width: l.width, height: l.height });
    await shoot(page, name, l);
    if (l.name === 'wide-dark' || l.name === 'phone-light') continue; // each size and each scheme is looked at once by axe
    const result = await violations(page).analyze();
    found.push(...result.violations.map((v) => `${name} ${l.name}: ${v.id}: ${v.nodes.map((n) => n.target.join(' ')).join('; ')}`));
    const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    found.push(...(await cut(page)).map((c) => `${name} ${l.name}: ${c}`));
    if (over > 0) found.push(`${name} ${l.name}: ${over} px wider than the screen`);
  }
  await page.setViewportSize(desk.viewport);
  await page.emulateMedia({ colorScheme: 'light' });
  expect.soft(found).toEqual([]);
}
