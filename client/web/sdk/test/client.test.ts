import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { WebSocket as NodeWebSocket } from 'ws';
import { FieldClient } from '../src/client/client.ts';
import { data } from '../src/rest/client.ts';
import type { Client, JobHandle } from '../src/index.ts';
import { Network, Server, until } from './server.ts';
import { wasm } from './setup.ts';

let server: Server;
const open: (() => Promise<void>)[] = [];
let names = 0;

beforeAll(async () => {
  server = await Server.start();
}, 240_000);
afterEach(async () => {
  for (const close of open.splice(0)) await close();
});
afterAll(() => server.end());

/** A client by token: Node has no cookies. Its storage is its own unless named. */
function client(token: string, storage = `test${++names}`, replica: 'all' | 'opened' = 'all', serverUrl = server.url): Client {
  const c = new FieldClient(
    { serverUrl, token, storage, wasm: wasm(), replica },
    { webSocket: NodeWebSocket as unknown as typeof WebSocket, source: async (blob) => Buffer.from(await blob.arrayBuffer()) },
  );
  open.push(() => c.close());
  return c;
}

async function job(c: Client, id: string): Promise<JobHandle> {
  await until(() => c.ready.get());
  const handle = c.open(id);
  open.unshift(async () => handle.close());
  await handle.ready();
  return handle;
}

const inStep = (c: Client) => until(() => c.sync.get().complete && !c.sync.get().running && c.unsent.get().count === 0);

/** A job for anna, made by the API. */
async function made(dispatcher: Client, more: object = {}): Promise<string> {
  const j = await data(dispatcher.api.POST('/api/v1/jobs', {
    body: {
      title: 'Boiler', description: 'No hot water.', status: 'published', assignees: [{ user: 'anna', edit: true }],
      report_fields: [{ uuid: 'pressure', name: 'Pressure', field_type: 'number' }, { uuid: 'photos', name: 'Photos', field_type: 'photo' }, { uuid: 'notes', name: 'Notes', field_type: 'text' }],
      checklist: [{ uuid: 'gas', text: 'Gas turned off' }], ...more,
    } as never,
  }));
  return (j as { id: string }).id;
}

test('a worker gets the jobs that are his, and a job reads as the server reads it', async () => {
  const office = client('demo-dispatcher', undefined, 'opened');
  const anna = client('demo-worker-anna');
  const id = await made(office);
  await until(() => anna.jobs.get().some((j) => j.id === id));
  const handle = await job(anna, id);
  const theirs = await data(office.api.GET('/api/v1/jobs/{id}', { params: { path: { id } } }));
  const { created_by, updated_at, version, url, next_statuses, ...want } = theirs as Record<string, unknown>;
  const { next_statuses: mine, ...got } = handle.job.get()!;
  expect(got).toEqual(want);
  expect(mine).toEqual(['en_route', 'started']);
  for (const row of anna.jobs.get()) { // the demonstration's jobs have all there is
    const seen = await data(anna.api.GET('/api/v1/jobs/{id}', { params: { path: { id: row.id } } }));
    const { created_by: _a, updated_at: _b, version: _c, url: _d, ...whole } = seen as Record<string, unknown>;
    expect((await job(anna, row.id)).job.get()).toEqual(whole);
  }
  expect([created_by, updated_at, version, url, next_statuses].every((x) => x !== undefined)).toBe(true);
}, 120_000);

test('what is done without a network is kept through a restart, counted, and arrives', async () => {
  const office = client('demo-dispatcher', undefined, 'opened');
  const network = await Network.to(server.url);
  const anna = client('demo-worker-anna', 'offline', 'all', network.url);
  const id = await made(office);
  await until(() => anna.jobs.get().some((j) => j.id === id));
  await inStep(anna);
  await until(() => anna.userName('ben') !== undefined);
  const synced = anna.sync.get().lastSync!;
  network.cut();
  await until(() => anna.link.get().class === 'none');
  const handle = await job(anna, id);
  await handle.setStatus('started');
  await handle.fill('pressure', 1.8);
  await handle.tick('gas', true);
  await handle.comment('The valve was shut');
  handle.text(['report_fields', 'notes', 'value']).replace('All well');
  await until(() => anna.unsent.get().count === 5);
  expect(anna.unsent.get().items.map((i) => i.kind).sort()).toEqual(['comment', 'field', 'field', 'status', 'tick']);
  expect(handle.receipt().get()).toBe('on-this-device');
  await expect(anna.syncNow()).rejects.toThrow('cannot be reached');
  for (const close of open.splice(0)) await close(); // the page is closed

  const again = client('demo-worker-anna', 'offline', 'all', network.url);
  await until(() => again.ready.get());
  expect(again.session.get()).toMatchObject({ state: 'signed-in', confirmed: false, who: { user: 'anna' } });
  expect(again.jobs.get().find((j) => j.id === id)).toMatchObject({ status: 'started', unsent: 5 });
  expect(again.unsent.get().count).toBe(5);
  expect(again.sync.get().lastSync).toBe(synced);
  expect(again.userName('ben')).toBe('Ben Worker');
  network.mend();
  await again.syncNow();
  await inStep(again);
  const there = await data(again.api.GET('/api/v1/jobs/{id}', { params: { path: { id } } }));
  expect(there).toMatchObject({ status: 'started', comments: [{ text: 'The valve was shut', by: 'anna' }], checklist: [{ done: true, by: 'anna' }] });
  expect(there.report_fields.map((f) => f.value)).toEqual([1.8, null, 'All well']);
  expect((await job(again, id)).receipt().get()).toBe('on-the-server');
  network.end();
}, 120_000);

test('a sync by hand in which nothing was new is a successful sync too, however often', async () => {
  const anna = client('demo-worker-anna');
  await until(() => anna.sync.get().complete && !anna.sync.get().running);
  for (let i = 0; i < 10; i++) { // the server takes eight comparisons of a connection
    const before = anna.sync.get().lastSync!;
    await until(() => Date.now() > before);
    await anna.syncNow();
    expect(anna.sync.get().lastSync).toBeGreaterThan(before);
  }
}, 120_000);

test('two edit one text at once, and see who else is there', async () => {
  const office = client('demo-dispatcher', undefined, 'opened');
  const other = client('demo-dispatcher', undefined, 'opened');
  const id = await made(office);
  const [a, b] = [await job(office, id), await job(other, id)];
  a.presence.announce({ field: 'description', anchor: a.text(['description']).anchor(3) });
  b.presence.announce();
  await until(() => b.presence.others.get().some((p) => p.field === 'description') && a.presence.others.get().length === 1);
  a.text(['description']).splice(0, 2, 'Hardly any');
  b.text(['description']).splice(12, 1, ' since Monday.');
  await until(() => [a, b].every((h) => h.text(['description']).value.get() === 'Hardly any hot water since Monday.'));
  const mark = b.presence.others.get()[0]!;
  expect(b.text(['description']).at(mark.anchor!)).toBe(11); // where it was, behind what was typed before it
  a.presence.leave();
  await until(() => b.presence.others.get().length === 0);
}, 120_000);

test('receipts: on this device, on the server, on other devices, seen', async () => {
  const ben = client('demo-worker-ben');
  const office = client('demo-dispatcher', undefined, 'opened');
  const anna = client('demo-worker-anna');
  const id = await made(office, { assignees: [{ user: 'anna', edit: true }, { user: 'ben', edit: false }] });
  await until(() => anna.jobs.get().some((j) => j.id === id));
  const handle = await job(anna, id);
  await handle.comment('Who reads this?');
  const receipt = handle.receipt(handle.heads());
  const ladder = [receipt.get()];
  const end = receipt.subscribe(() => ladder.push(receipt.get()));
  await until(async () => {
    await anna.syncNow();
    return receipt.get() === 'on-other-devices';
  });
  await until(() => ben.jobs.get().find((j) => j.id === id)?.comments === 1);
  const other = await job(ben, id);
  await other.looked();
  await ben.syncNow();
  await until(async () => {
    await anna.syncNow();
    return receipt.get() === 'seen';
  });
  end();
  expect(ladder.filter((r, i) => r !== ladder[i - 1])).toEqual(['on-this-device', 'on-the-server', 'on-other-devices', 'seen'].slice(4 - new Set(ladder).size));
}, 120_000);

test('who opens a job and changes nothing is never told that something is on its way, also when others change it', async () => {
  const office = client('demo-dispatcher', undefined, 'opened');
  const desk = client('demo-dispatcher', undefined, 'opened');
  const id = await made(office);
  await until(() => desk.ready.get());
  const handle = desk.open(id);
  open.unshift(async () => handle.close());
  const receipt = handle.receipt();
  const said = [receipt.get()];
  const end = receipt.subscribe(() => said.push(receipt.get()));
  await handle.ready();
  await until(() => said.at(-1) === 'on-the-server');
  await data(office.api.PATCH('/api/v1/jobs/{id}', { params: { path: { id } }, body: { title: 'Boiler leaks' } as never }));
  await until(() => handle.job.get()?.title === 'Boiler leaks');
  await until(() => desk.sync.get().pending === 0);
  end();
  expect(said[0]).toBeUndefined();
  expect(new Set(said)).toEqual(new Set([undefined, 'on-the-server']));
}, 120_000);

test('a clash is shown with both values, and settled by one', async () => {
  const office = client('demo-dispatcher', undefined, 'opened');
  const network = await Network.to(server.url);
  const anna = client('demo-worker-anna', undefined, 'all', network.url);
  const id = await made(office);
  await until(() => anna.jobs.get().some((j) => j.id === id));
  await inStep(anna);
  network.cut();
  await until(() => anna.link.get().class === 'none');
  const handle = await job(anna, id);
  await handle.setStatus('started');
  await data(office.api.POST('/api/v1/jobs/{id}/status', { params: { path: { id } }, body: { status: 'cancelled' } as never }));
  network.mend();
  await anna.syncNow();
  await until(() => handle.job.get()!.clash);
  const clash = handle.job.get()!.clashes[0]!;
  expect(clash.values.map((v) => v.value)).toEqual(['cancelled', 'started']);
  await until(() => anna.jobs.get().find((j) => j.id === id)!.clash); // the row follows
  expect(anna.jobs.get().find((j) => j.id === id)).toMatchObject({ status: 'cancelled' });
  expect(handle.news.get().map((n) => n.path[0])).toEqual(['status_log']);
  await handle.settle(clash, 1);
  expect(handle.job.get()).toMatchObject({ status: 'started', clash: false });
  await inStep(anna);
  expect(await data(office.api.GET('/api/v1/jobs/{id}', { params: { path: { id } } }))).toMatchObject({ status: 'started', clash: false });
  network.end();
}, 120_000);

test('a clash that is settled by the value that had won already reaches the server too', async () => {
  const office = client('demo-dispatcher', undefined, 'opened');
  const network = await Network.to(server.url);
  const anna = client('demo-worker-anna', undefined, 'all', network.url);
  const id = await made(office);
  await until(() => anna.jobs.get().some((j) => j.id === id));
  const handle = await job(anna, id);
  await handle.setStatus('started');
  await inStep(anna);
  network.cut();
  await until(() => anna.link.get().class === 'none');
  await handle.fill('pressure', 1.2);
  await data(office.api.PATCH('/api/v1/jobs/{id}', { params: { path: { id } }, body: { report_fields: { pressure: { value: 3 } } } as never }));
  network.mend();
  await anna.syncNow();
  await until(() => handle.job.get()!.clashes.length > 0);
  const won = handle.job.get()!.report_fields.find((f) => f.uuid === 'pressure')!.value;
  const clash = handle.job.get()!.clashes[0]!;
  await handle.settle(clash, clash.values.findIndex((v) => v.value === won)); // no value becomes another by it
  await inStep(anna);
  expect(await data(office.api.GET('/api/v1/jobs/{id}', { params: { path: { id } } }))).toMatchObject({ clashes: [] });
  network.end();
}, 120_000);
