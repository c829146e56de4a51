import { requireOurs } from './rest/client.ts';

/** Where a browser's push subscriptions are made: a ServiceWorkerRegistration, as far as it matters here. */
export interface PushPlace {
  readonly pushManager: Pick<PushManager, 'getSubscription' | 'subscribe'>;
}

export interface PushOptions {
  /** The server; absent: this page's. */
  readonly serverUrl?: URL;
  readonly fetch?: typeof fetch;
}

/**
 * Has this browser told of changes: subscribes with the server's key, anew where that has changed, and says so to the server, for whoever is signed in here. To be called at each start
 * while notices are permitted; where all is as it was, that costs two small requests. Works in a page and in a service worker. False: nobody is signed in. Throws what the browser's
 * push service, or the network, does.
 */
export async function subscribePush(place: PushPlace, options: PushOptions = {}): Promise<boolean> {
  const ask = asker(options);
  const answer = await ask('key');
  if (answer.status === 401) return false;
  if (!answer.ok) throw new Error(`The server answered ${answer.status}`);
  const { key } = (await answer.json()) as { key: string };
  let subscription = await place.pushManager.getSubscription();
  if (subscription && encode(subscription.options?.applicationServerKey ?? null) !== key) {
    await subscription.unsubscribe(); // it is bound to a key that the server does not use any more
    subscription = null;
  }
  subscription ??= await place.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: decode(key) });
  const said = await ask('subscription', 'PUT', {
    service: 'webpush',
    endpoint: subscription.endpoint,
    keys: { p256dh: encode(subscription.getKey('p256dh')), auth: encode(subscription.getKey('auth')) },
    server_key: key,
    time_zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
  });
  if (said.status === 401) return false;
  if (!said.ok) throw new Error(`The server answered ${said.status}`);
  return true;
}

/** Ends the notices to this browser. The server does so by itself when its session ends; this ends it at the push service too, and works without a network. */
export async function unsubscribePush(place: PushPlace): Promise<void> {
  const subscription = await place.pushManager.getSubscription();
  await subscription?.unsubscribe();
}

function asker(o: PushOptions) {
  return async (what: 'key' | 'subscription', method = 'GET', body?: unknown): Promise<Response> => {
    const answer = await (o.fetch ?? fetch)(new URL(`/api/v1/push/${what}`, o.serverUrl ?? globalThis.location.origin), {
      method,
      credentials: 'include',
      ...(body !== undefined && { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } }),
    });
    requireOurs(answer); // a network's page, whose 401 signs nobody out
    return answer;
  };
}

function encode(bytes: ArrayBuffer | null): string {
  let text = '';
  for (const b of new Uint8Array(bytes ?? new ArrayBuffer(0))) text += String.fromCharCode(b);
  return btoa(text).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

function decode(text: string): Uint8Array<ArrayBuffer> {
  const raw = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  const out = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) out[i] = raw.charCodeAt(i);
  return out;
}
