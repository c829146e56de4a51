/// <reference lib="webworker" />
import { en } from '../i18n/en.ts';
import { readPush, type Push, type ToPage } from './message.ts';

/** How long a notice waits for the sync that it announces: browsers want to see it soon. */
const syncPatience = 12_000;

/** A push has come (S10): sync first, then show the notice, so that a tap finds the job as the notice says. Who looks at the app gets a toast instead. */
export async function pushed(scope: ServiceWorkerGlobalScope, data: PushMessageData | null): Promise<void> {
  const push = readPush(data?.text() ?? '') ?? { title: '', body: '' };
  const pages = await windows(scope);
  const looking = pages.find((p) => p.visibilityState === 'visible');
  if (looking) {
    tell(looking, { type: 'push', push });
    return;
  }
  if (pages[0]) await askToSync(pages[0], push.job);
  await show(scope, push);
}

async function show(scope: ServiceWorkerGlobalScope, push: Push): Promise<void> {
  await scope.registration.showNotification(push.title || en.push.notice, {
    body: push.body || (push.title ? '' : en.push.noticeBody),
    icon: 'icons/icon-192.png',
    badge: 'icons/badge-96.png',
    tag: push.tag ?? push.job ?? 'fieldsync',
    data: { job: push.job },
  });
}

/** A notice was tapped (S11): the job opens, in the window that is there or in a new one. */
export async function clicked(scope: ServiceWorkerGlobalScope, notice: Notification): Promise<void> {
  notice.close();
  const job = (notice.data as { job?: unknown } | null)?.job;
  const id = typeof job === 'string' ? job : undefined;
  const page = (await windows(scope))[0];
  if (!page) {
    await scope.clients.openWindow(new URL(id ? `jobs/${id}` : './', scope.registration.scope).href);
    return;
  }
  if (id) tell(page, { type: 'open', job: id });
  await page.focus().catch(() => undefined); // a browser may refuse; the job is open then all the same
}

/** The windows of this app; the dispatchers' board is of the same origin, and none of ours. */
async function windows(scope: ServiceWorkerGlobalScope): Promise<readonly WindowClient[]> {
  const all = await scope.clients.matchAll({ type: 'window', includeUncontrolled: true });
  return all.filter((w) => w.url.startsWith(scope.registration.scope));
}

function tell(page: WindowClient, message: ToPage, transfer: Transferable[] = []): void {
  page.postMessage(message, transfer);
}

/** Asks a page in the background to sync, until it has or patience ends. */
function askToSync(page: WindowClient, job: string | undefined): Promise<void> {
  return new Promise((resolve) => {
    const channel = new MessageChannel();
    const timer = setTimeout(resolve, syncPatience);
    channel.port1.onmessage = () => {
      clearTimeout(timer);
      resolve();
    };
    tell(page, { type: 'sync', job }, [channel.port2]);
  });
}
