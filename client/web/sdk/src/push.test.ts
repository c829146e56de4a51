import { expect, test } from 'vitest';
import { subscribePush, unsubscribePush, type PushPlace } from './push.ts';

const bytes = (n: number, of: number) => new Uint8Array(n).fill(of).buffer;

/** A browser's push manager, with what it has. */
function browser() {
  const calls: string[] = [];
  let now: PushSubscription | null = null;
  const place: PushPlace = {
    pushManager: {
      getSubscription: () => Promise.resolve(now),
      subscribe: (o) => {
        calls.push('subscribe');
        const key = (o?.applicationServerKey as Uint8Array<ArrayBuffer>).slice().buffer;
        now = {
          endpoint: `https://push.example.org/${calls.length}`,
          options: { applicationServerKey: key, userVisibleOnly: true },
          getKey: (name: string) => (name === 'p256dh' ? bytes(65, 255) : bytes(16, 251)),
          unsubscribe: () => {
            calls.push('unsubscribe');
            now = null;
            return Promise.resolve(true);
          },
        } as unknown as PushSubscription;
        return Promise.resolve(now);
      },
    },
  };
  return { place, calls };
}

function server(key: { now: string }, status = 200, type = 'application/problem+json') {
  const told: Record<string, unknown>[] = [];
  const answer = (url: URL, init: RequestInit) => {
    if (status !== 200) return new Response('{}', { status, headers: { 'Content-Type': type } });
    if (init.method === 'PUT') told.push(JSON.parse(init.body as string) as Record<string, unknown>);
    return Response.json({ key: key.now, path: url.pathname });
  };
  return { told, options: { serverUrl: new URL('https://office.example.org'), fetch: ((url: URL, init: RequestInit) => Promise.resolve(answer(url, init))) as typeof fetch } };
}

test('a browser is subscribed once, and anew when the server has another key', async () => {
  const b = browser();
  const key = { now: 'B-_w' };
  const s = server(key);
  expect(await subscribePush(b.place, s.options)).toBe(true);
  expect(await subscribePush(b.place, s.options)).toBe(true);
  expect(b.calls).toEqual(['subscribe']);
  key.now = 'AAAA';
  await subscribePush(b.place, s.options);
  expect(b.calls).toEqual(['subscribe', 'unsubscribe', 'subscribe']);
  expect(s.told.map((t) => [t.endpoint, t.server_key])).toEqual([
    ['https://push.example.org/1', 'B-_w'],
    ['https://push.example.org/1', 'B-_w'],
    ['https://push.example.org/3', 'AAAA'],
  ]);
  expect(s.told[0]?.keys).toEqual({ p256dh: '_'.repeat(86) + '8', auth: '-_v7-_v7-_v7-_v7-_v7-w' });
  await unsubscribePush(b.place);
  expect(await b.place.pushManager.getSubscription()).toBeNull();
});

test('nobody signed in is no subscription, and a server that fails is said', async () => {
  const b = browser();
  expect(await subscribePush(b.place, server({ now: '' }, 401).options)).toBe(false);
  await expect(subscribePush(b.place, server({ now: '' }, 401, 'text/html').options)).rejects.toThrow('Something else answers'); // a hotel's page
  await expect(subscribePush(b.place, server({ now: '' }, 503).options)).rejects.toThrow('503');
  expect(b.calls).toEqual([]);
});
