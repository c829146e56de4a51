import type { ToPage } from './message.ts';

type Take = (event: MessageEvent<ToPage>) => void;

let take: Take | undefined;
const waiting: MessageEvent<ToPage>[] = [];

/** From the first line of the page on: what the service worker says while it is still loading (a tap on a notice, say) is kept. */
export function listenEarly(): void {
  navigator.serviceWorker?.addEventListener('message', (event: MessageEvent<ToPage>) => {
    if (take) take(event);
    else waiting.push(event);
  });
}

/** Takes what the service worker has said, and all that it says from now on. One page takes it: who comes later is told from then on. */
export function takeMessages(by: Take): void {
  take = by;
  waiting.splice(0).forEach(by);
}
