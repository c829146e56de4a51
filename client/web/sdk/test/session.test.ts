import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { WebSocket as NodeWebSocket } from 'ws';
import { FieldClient } from '../src/client/client.ts';
import { Server, until } from './server.ts';
import { wasm } from './setup.ts';

let server: Server;
let cookie = '';
const asked: string[] = [];
const real = globalThis.fetch;
beforeAll(async () => {
  server = await Server.start();
});
afterEach(() => vi.unstubAllGlobals());
afterAll(() => server.end());

/** A browser in which somebody has signed in at another page, as the callback of an OpenID provider does: it has the cookie, the SDK knows nothing of it. */
async function browser(): Promise<typeof WebSocket> {
  const answer = await real(`${server.url}/api/v1/session`, { method: 'POST', headers: { 'Content-Type': 'application/json', Origin: server.url }, body: JSON.stringify({ login: 'anna', password: 'demo' }) });
  cookie = answer.headers.getSetCookie().map((c) => c.split(';')[0]!).join('; ');
  expect(cookie).not.toBe('');
  asked.length = 0;
  vi.stubGlobal('fetch', (input: Request | URL | string, init?: RequestInit) => {
    const request = new Request(input, init);
    const headers = new Headers(request.headers);
    headers.set('Cookie', cookie);
    headers.set('Origin', server.url);
    asked.push(`${request.method} ${new URL(request.url).pathname}`);
    return real(request, { headers });
  });
  return class extends NodeWebSocket {
    constructor(url: string | URL) {
      super(url, { headers: { Cookie: cookie }, origin: server.url });
    }
  } as unknown as typeof WebSocket;
}

test('who comes back from a provider is signed in by the cookie alone; a start that resumes only who is known does not ask', async () => {
  const webSocket = await browser();
  const waits = new FieldClient({ serverUrl: server.url, storage: 'sso', wasm: wasm(), resume: 'known' }, { webSocket });
  await until(() => waits.session.get().state === 'signed-out');
  expect(asked).toEqual([]);
  await waits.close();

  const anna = new FieldClient({ serverUrl: server.url, storage: 'sso', wasm: wasm() }, { webSocket });
  await until(() => anna.session.get().state === 'signed-in');
  expect(anna.session.get()).toMatchObject({ confirmed: true, who: { user: 'anna', role: 'worker' } });
  await until(() => anna.jobs.get().length > 0 && anna.sync.get().complete);
  await anna.close();

  // From then on he is known: without a network too.
  vi.stubGlobal('fetch', () => Promise.reject(new TypeError('no network')));
  const again = new FieldClient({ serverUrl: server.url, storage: 'sso', wasm: wasm(), resume: 'known' }, { webSocket });
  await until(() => again.jobs.get().length > 0);
  expect(again.session.get()).toMatchObject({ state: 'signed-in', confirmed: false, who: { user: 'anna' } });
  await again.close();
});

test('a session that has ended elsewhere is told, and what is on the device stays for the next sign-in', async () => {
  const webSocket = await browser();
  const anna = new FieldClient({ serverUrl: server.url, storage: 'ended', wasm: wasm() }, { webSocket });
  await until(() => anna.jobs.get().length > 0 && anna.sync.get().complete);
  await real(`${server.url}/api/v1/session`, { method: 'DELETE', headers: { Cookie: cookie, Origin: server.url } });
  await anna.syncNow().catch(() => undefined);
  await until(() => anna.session.get().state !== 'signed-in' || !anna.ready.get());
  expect(anna.session.get()).toMatchObject({ state: 'signed-out' });
  expect((await indexedDB.databases()).map((d) => d.name)).toContain(`ended:${new URL(server.url).host}:demo:anna`);
  await anna.close();
});
