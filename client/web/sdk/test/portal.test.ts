import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { WebSocket as NodeWebSocket } from 'ws';
import { FieldClient } from '../src/client/client.ts';
import { SignInError, SyncError } from '../src/errors.ts';
import { data } from '../src/rest/client.ts';
import { Network, Server, until } from './server.ts';
import { wasm } from './setup.ts';

let server: Server;
const open: (() => unknown)[] = [];
beforeAll(async () => {
  server = await Server.start();
}, 240_000);
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});
afterAll(() => server.end());

function client(token: string | undefined, storage: string, serverUrl: string): FieldClient {
  const c = new FieldClient(
    { serverUrl, storage, wasm: wasm(), ...(token && { token }) },
    { webSocket: NodeWebSocket as unknown as typeof WebSocket, source: async (blob) => Buffer.from(await blob.arrayBuffer()) },
  );
  open.push(() => c.close());
  return c;
}

const page = '<!doctype html><title>Hotel Wi-Fi</title><form action="http://portal.example/">Sign in</form>';
const html = 'Content-Type: text/html\r\n';
/** What networks that want one to sign in to them answer to everything, WebSockets and uploads too. */
const portals: readonly [string, string, string][] = [
  ['200 OK', html, page],
  ['200 OK', '', page],
  ['302 Found', 'Location: /login\r\n', ''],
  ['401 Unauthorized', html, page],
  ['403 Forbidden', html, page],
  ['404 Not Found', html, page],
  ['511 Network Authentication Required', html, page],
];

test('on a network that answers everything by its own page, nobody is signed out, nothing is told as sent, and all of it arrives afterwards', async () => {
  const network = await Network.to(server.url);
  open.push(() => network.end());
  const office = client('demo-dispatcher', 'portal-office', server.url);
  const { id } = (await data(office.api.POST('/api/v1/jobs', {
    body: { title: 'Boiler', status: 'published', assignees: [{ user: 'anna', edit: true }], report_fields: [{ uuid: 'photos', name: 'Photos', field_type: 'photo' }] } as never,
  }))) as { id: string };
  let anna = client('demo-worker-anna', 'portal', network.url);
  await until(() => anna.jobs.get().some((j) => j.id === id) && anna.sync.get().complete && anna.unsent.get().count === 0);
  const synced = anna.sync.get().lastSync!;

  let count = 0;
  for (const [status, headers, body] of portals) {
    network.portal(status, headers, body);
    await until(() => !anna.link.get().connected);
    const job = anna.open(id);
    await job.ready();
    if (count === 0) {
      await job.setStatus('started');
      await job.attach(new Blob(['photo'], { type: 'application/pdf' }), { name: 'a.pdf' });
    }
    await job.comment(status + headers);
    const failed = await anna.syncNow().then(() => undefined, (err: unknown) => err);
    expect(failed, status).toBeInstanceOf(SyncError);
    expect(failed).toMatchObject({ reason: 'offline' });
    anna.sendNow('all');
    expect((await job.history()).offline, status).toBe(true); // what is known here is shown
    expect(anna.session.get(), status).toMatchObject({ state: 'signed-in', who: { user: 'anna' } });
    expect(anna.sync.get().lastSync).toBe(synced);
    const left = anna.unsent.get();
    expect(left.count, status).toBeGreaterThan(count);
    expect(left.items.every((i) => i.state !== 'sending' && !i.sent)).toBe(true);
    ({ count } = left);
    job.close();

    // A page that is opened there knows the person, his jobs and what is unsent.
    await anna.close();
    const shown = network.shown;
    anna = client('demo-worker-anna', 'portal', network.url);
    await until(() => anna.ready.get() && anna.unsent.get().count === count && network.shown > shown);
    expect(anna.session.get(), status).toMatchObject({ state: 'signed-in', who: { user: 'anna' }, confirmed: false });
    expect(anna.jobs.get().some((j) => j.id === id && j.status === 'started')).toBe(true);
  }

  const stranger = client(undefined, 'portal-stranger', network.url);
  for (const [status, headers, body] of portals) {
    network.portal(status, headers, body);
    const refused = await stranger.signIn({ login: 'anna', password: 'demo' }).catch((err: unknown) => err);
    expect(refused, status).toBeInstanceOf(SignInError);
    if (!status.startsWith('511') && !status.startsWith('302')) expect(refused).toMatchObject({ reason: 'offline', code: 'not-the-server' });
  }

  network.mend();
  await anna.syncNow();
  await until(() => anna.unsent.get().count === 0);
  const theirs = (await data(office.api.GET('/api/v1/jobs/{id}', { params: { path: { id } } }))) as { status: string; comments: unknown[]; attachments: { sha256: string }[] };
  expect([theirs.status, theirs.comments.length, theirs.attachments.length]).toEqual(['started', portals.length, 1]);
  const file = await fetch(`${server.url}/api/v1/files/${theirs.attachments[0]!.sha256}?job=${id}`, { headers: { Authorization: 'Bearer demo-dispatcher' } });
  expect(await file.text()).toBe('photo');
});
