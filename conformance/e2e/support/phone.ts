import { createHash, randomBytes } from 'node:crypto';
import { deflateSync } from 'node:zlib';
import { expect, installed, type Page } from './test.ts';

/** Opens the workers' app and signs in; back is the list with the day's jobs. base: the server's address, else that of the browser's context. */
export async function signIn(page: Page, login = 'anna', base = ''): Promise<void> {
  await page.goto(`${base}/m/`);
  await page.getByLabel('Login').fill(login);
  await page.getByRole('textbox', { name: 'Password' }).fill('demo');
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await expect(page.getByRole('heading', { name: 'Jobs', level: 1 })).toBeVisible();
}

/** Signs in and waits until the phone has all its jobs, is in step, and would start without a network. */
export async function ready(page: Page, login = 'anna', base = ''): Promise<void> {
  await signIn(page, login, base);
  await expect(page.getByRole('link', { name: /Boiler does not start|Lift stops/ }).first()).toBeVisible();
  await inStep(page);
  await installed(page);
}

/** Waits until the symbol says that all is in step. */
export async function inStep(page: Page): Promise<void> {
  await expect(symbol(page)).toHaveAttribute('data-sync', 'idle');
  await expect(symbol(page)).toHaveAttribute('data-last', /\d/);
}

/** The sync symbol in the bar (S9). */
export const symbol = (page: Page) => page.locator('[data-sync]').first();

export async function lastSync(page: Page): Promise<number> {
  return Number(await symbol(page).getAttribute('data-last'));
}

/** Opens a job from the list. */
export async function openJob(page: Page, title: string): Promise<string> {
  await page.getByRole('link', { name: 'Jobs', exact: true }).click();
  await page.getByRole('link', { name: new RegExp(title) }).click();
  await expect(page.getByRole('heading', { name: title, level: 1 })).toBeVisible();
  await expect(page.getByRole('tablist')).toBeVisible();
  return new URL(page.url()).pathname.split('/').pop()!;
}

export const press = (page: Page, name: 'En route' | 'Start' | 'Continue' | 'Pause' | 'Finish') => page.getByRole('group', { name: 'What next' }).getByRole('button', { name, exact: true }).click();

export const tab = (page: Page, name: 'Details' | 'Report' | 'Comments' | 'History') => page.getByRole('tab', { name: new RegExp(`^${name}`) }).click();

/** Goes to a page of the bottom bar. */
export const goTo = (page: Page, name: 'Jobs' | 'Calendar' | 'Unsent' | 'Menu') => page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: new RegExp(`^${name}`) }).click();

/** How many things the bar says are unsent. */
export async function unsentCount(page: Page): Promise<number> {
  const text = await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: /^Unsent/ }).innerText();
  return Number(text.match(/\d+/)?.[0] ?? 0);
}

export interface Picture {
  name: string;
  mimeType: string;
  buffer: Buffer;
}

/** A PNG of noise, which no codec makes small: about 3 bytes a pixel. */
export function noise(name: string, side = 256): Picture {
  const row = side * 3 + 1;
  const raw = randomBytes(row * side);
  for (let y = 0; y < side; y++) raw[y * row] = 0;
  const header = Buffer.alloc(13);
  header.writeUInt32BE(side, 0);
  header.writeUInt32BE(side, 4);
  header.set([8, 2, 0, 0, 0], 8);
  return { name, mimeType: 'image/png', buffer: Buffer.concat([Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]), chunk('IHDR', header), chunk('IDAT', deflateSync(raw, { level: 1 })), chunk('IEND', Buffer.alloc(0))]) };
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const out = Buffer.alloc(body.length + 8);
  out.writeUInt32BE(data.length, 0);
  body.copy(out, 4);
  let c = 0xffffffff;
  for (const b of body) {
    c ^= b;
    for (let k = 0; k < 8; k++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
  }
  out.writeUInt32BE((c ^ 0xffffffff) >>> 0, body.length + 4);
  return out;
}

/** Adds photos to a field of the report, as if they had been chosen from the gallery, and waits until they are shown. */
export async function addPhotos(page: Page, field: string, pictures: readonly Picture[]): Promise<void> {
  const section = page.getByRole('region', { name: field, exact: true });
  const before = await section.getByRole('button', { name: /^Open photo/ }).count();
  await section.getByLabel(`Gallery: ${field}`).first().setInputFiles([...pictures]);
  await expect(section.getByRole('button', { name: /^Open photo/ })).toHaveCount(before + pictures.length, { timeout: 45_000 * pictures.length }); // they are made ready one after the other
}

export const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** Pulls the list down with a finger. */
export async function pullDown(page: Page): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const at = (y: number) => [{ x: 195, y }];
  await session.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: at(200) });
  for (let y = 210; y <= 420; y += 15) await session.send('Input.dispatchTouchEvent', { type: 'touchMove', touchPoints: at(y) });
  await expect(page.getByText('Let go to sync')).toBeVisible();
  await session.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
  await session.detach();
}
