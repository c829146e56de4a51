import type { Client } from '@fieldsync/sdk';

/** How safe what this phone keeps is. */
export interface Storage {
  /** The browser has promised not to remove it. undefined: it does not say. */
  kept: boolean | undefined;
  used: number | undefined;
  quota: number | undefined;
}

export async function storageState(): Promise<Storage> {
  const s = navigator.storage as StorageManager | undefined;
  const [kept, estimate] = await Promise.all([s?.persisted?.().catch(() => undefined), s?.estimate?.().catch(() => undefined)]);
  return { kept, used: estimate?.usage, quota: estimate?.quota };
}

const asked = 'fieldsync.asked-to-keep';

/** Asks the browser to keep what is on this phone, when somebody works here. Most decide by themselves, and are asked at each start; Firefox asks the person, and so once: then it is for the person to do, on the page of the storage. */
export async function askToKeep(client: Pick<Client, 'persist'>): Promise<void> {
  if (CSS.supports('-moz-appearance', 'none') && localStorage.getItem(asked) !== null) return;
  localStorage.setItem(asked, '1');
  await client.persist().catch(() => undefined); // what became of it is in client.storage
}

/** Whether the app runs from the Home Screen. */
export function installed(): boolean {
  return matchMedia('(display-mode: standalone)').matches || (navigator as { standalone?: boolean }).standalone === true;
}

/** iPhones and iPads; the latter call themselves Macs, but have fingers. */
export function isApple(): boolean {
  return /iPhone|iPad|iPod/.test(navigator.userAgent) || (navigator.userAgent.includes('Macintosh') && navigator.maxTouchPoints > 1);
}

export type Platform = 'android' | 'ios' | 'desktop';

export function platform(): Platform {
  if (isApple()) return 'ios';
  return navigator.userAgent.includes('Android') ? 'android' : 'desktop';
}

/** A browser that removes the data of pages that were not used for a week, unless they are on the Home Screen. */
export function evictsAfterAWeek(): boolean {
  const safari = /Safari\//.test(navigator.userAgent) && !/Chrom(e|ium)\/|Android|CriOS|FxiOS|EdgiOS/.test(navigator.userAgent);
  return (safari || isApple()) && !installed();
}

interface InstallPrompt extends Event {
  prompt(): Promise<void>;
}

let offered: InstallPrompt | undefined;
const told = new Set<() => void>();

/** Keeps the browser's offer to install the app until somebody takes it. */
export function watchInstall(): void {
  addEventListener('beforeinstallprompt', (event) => {
    event.preventDefault();
    offered = event as InstallPrompt;
    told.forEach((f) => f());
  });
  addEventListener('appinstalled', () => {
    offered = undefined;
    told.forEach((f) => f());
  });
}

export const installOffer = {
  subscribe(f: () => void): () => void {
    told.add(f);
    return () => told.delete(f);
  },
  there: (): boolean => offered !== undefined,
  async take(): Promise<void> {
    await offered?.prompt();
  },
};
