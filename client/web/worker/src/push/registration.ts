import type { Client } from '@fieldsync/sdk';
import { subscribePush, unsubscribePush } from '@fieldsync/sdk/push';
import { pushState, watchPush } from './permission.ts';

const hour = 3_600_000;

/** Has this phone told of changes while its person is signed in and permits it; looks again when the app is looked at, at most every hour. */
export function keepSubscribed(client: Client): void {
  if (!('serviceWorker' in navigator) || !('PushManager' in window)) return;
  let done = 0; // when; 0: not yet, or not as it is to be
  let running: Promise<void> | undefined;
  const look = () => {
    const session = client.session.get();
    if (session.state === 'signed-out') {
      if (done) void navigator.serviceWorker.ready.then(unsubscribePush).catch(() => undefined);
      done = 0;
      return;
    }
    if (session.state !== 'signed-in' || !session.confirmed || session.who.role !== 'worker' || pushState() !== 'on' || running || Date.now() - done < hour) return;
    running = navigator.serviceWorker.ready
      .then((place) => subscribePush(place))
      .then(
        (is) => {
          done = is ? Date.now() : 0;
        },
        () => {
          done = 0; // no network, or no push service: when the app is looked at again
        },
      )
      .finally(() => {
        running = undefined;
      });
  };
  client.session.subscribe(look);
  watchPush(look);
  window.addEventListener('online', look);
  look();
}
