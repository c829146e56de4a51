import { Workbox } from 'workbox-window';
import { soon } from './soon.ts';

let waiting: Workbox | undefined;
let applied = false;
const told = new Set<() => void>();
const hour = 3_600_000;

/** Registers the service worker as soon as the first page is there, and asks for a new version every hour and whenever the app is looked at again. */
export function startServiceWorker(): void {
  if (!('serviceWorker' in navigator) || !import.meta.env.PROD) return;
  const workbox = new Workbox(`${import.meta.env.BASE_URL}sw.js`, { scope: import.meta.env.BASE_URL });
  workbox.addEventListener('waiting', () => {
    waiting = workbox;
    told.forEach((f) => f());
  });
  workbox.addEventListener('controlling', (event) => {
    if (!event.isUpdate) return;
    // Another tab has started the new version. This one goes on until nobody looks at it: what is typed is written when it is hidden.
    if (applied || document.visibilityState === 'hidden') location.reload();
    else document.addEventListener('visibilitychange', () => location.reload(), { once: true });
  });
  let asked = Date.now();
  const ask = () => {
    if (document.visibilityState !== 'visible' || !navigator.onLine || Date.now() - asked < hour) return;
    asked = Date.now();
    void workbox.update().catch(() => undefined);
  };
  document.addEventListener('visibilitychange', ask);
  setInterval(ask, hour);
  // It brings the whole program onto the phone, and that is not to take the processor and the line from who wants to sign in.
  soon(() => void workbox.register().catch(() => undefined)); // a private window: everything else works
}

export const update = {
  subscribe(f: () => void): () => void {
    told.add(f);
    return () => told.delete(f);
  },
  ready: (): boolean => waiting !== undefined,
  /** Starts the new version, here and in the other tabs. */
  apply(): void {
    applied = true;
    waiting?.messageSkipWaiting();
  },
};
