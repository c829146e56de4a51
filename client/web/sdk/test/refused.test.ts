import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket as NodeWebSocket } from 'ws';
import { A } from '../src/automerge.ts';
import { Engine } from '../src/client/engine.ts';
import { newId } from '../src/replica/ids.ts';
import { OpenJob } from '../src/replica/job.ts';
import { newJob } from '../src/replica/patch.ts';
import { data, restClient, type RestClient } from '../src/rest/client.ts';
import { written } from '../src/rules/edits.ts';
import type { RefusedWork } from '../src/index.ts';
import { Network, Server, until } from './server.ts';

let server: Server;
let office: RestClient;
beforeAll(async () => {
  server = await Server.start();
  office = restClient({ serverUrl: new URL(server.url), token: 'demo-dispatcher' });
}, 240_000);
afterAll(() => server.end());

async function engine(url: string, name: string, refused: RefusedWork[] = []): Promise<Engine> {
  return Engine.open({
    name, serverUrl: new URL(url), token: 'demo-worker-anna', api: restClient({ serverUrl: new URL(url), token: 'demo-worker-anna' }), who: { user: 'anna', name: 'Anna', role: 'worker', org: 'demo', device: 'd' },
    settings: () => ({ photo_location: 'keep', worker_jobs: 'any', time_zone: 'UTC', workday_end: '20:00' }), keep: 'all', interval: 120_000, photos: false,
    emit: (event, value) => event === 'work-refused' && refused.push(value as RefusedWork), signedOut: () => undefined, webSocket: NodeWebSocket as unknown as typeof WebSocket,
    source: async (blob) => Buffer.from(await blob.arrayBuffer()),
  });
}

const jobOf = (e: Engine, id: string) => new OpenJob(id, { replica: e.replica, api: office, receipts: e.receipts, online: () => true, keep: (j, f, o) => e.keep(j, f, o), statusChanged: () => e.statusChanged() });
const made = async () => ((await data(office.POST('/api/v1/jobs', { body: { title: 'Boiler', description: 'Cold.', status: 'published', assignees: [{ user: 'anna', edit: true }] } as never }))) as { id: string }).id;
const there = async (id: string) => data(office.GET('/api/v1/jobs/{id}', { params: { path: { id } } }));

test('refused work is kept with its reason, leaves the document, and what came after it arrives', async () => {
  const network = await Network.to(server.url);
  const refused: RefusedWork[] = [];
  const anna = await engine(network.url, 'refused', refused);
  const id = await made();
  await until(() => anna.rows.get().some((r) => r.id === id));
  network.cut();
  await until(() => anna.link.get().class === 'none');
  const job = jobOf(anna, id);
  await job.ready();
  await job.comment('before');
  // Around the rules that this device knows: the title is a dispatcher's.
  await anna.replica.change(id, (doc) => void ((doc as Record<string, unknown>)['title'] = new A.ImmutableString('Mine')));
  await job.setStatus('started');
  await job.comment('after');
  expect(job.job.get()!.title).toBe('Mine');
  network.mend();
  await anna.syncNow().catch(() => undefined);
  await until(() => anna.refused.get().length === 1 && anna.unsent.get().count === 0 && anna.replica.pending.get().size === 0);
  expect(anna.refused.get()[0]).toMatchObject({ job: id, code: 'not-allowed', jobTitle: 'Mine', reason: 'only a dispatcher changes what is to be done', because: { code: 'task-by-dispatcher' }, did: [{ what: 'title', value: 'Mine' }] });
  expect(refused).toHaveLength(1);
  const at = await there(id);
  expect(at).toMatchObject({ title: 'Boiler', status: 'started' });
  expect(at.comments.map((c) => c.text)).toEqual(['before', 'after']);
  await until(() => job.job.get()?.title === 'Boiler');
  expect(job.job.get()).toMatchObject({ status: 'started', heads: at.heads });
  // The open job goes on in the new document.
  await job.comment('and on');
  await until(async () => (await there(id)).comments.length === 3);
  await anna.recovery.dismiss(anna.refused.get()[0]!.id);
  await until(() => anna.refused.get().length === 0);
  job.close();
  await anna.close();
  const again = await engine(network.url, 'refused'); // and it is all like that on the disk
  await again.syncNow();
  expect(again.rows.get().find((r) => r.id === id)).toMatchObject({ title: 'Boiler', comments: 3 });
  expect(again.refused.get()).toEqual([]);
  await again.close();
  network.end();
}, 120_000);

test('a job that the server refuses is gone from the lists, and nothing waits for it', async () => {
  const network = await Network.to(server.url);
  const anna = await engine(network.url, 'refused-job');
  await anna.syncNow();
  network.cut();
  await until(() => anna.link.get().class === 'none');
  const id = await anna.replica.create(written(newJob({ plan: { title: 'Mine' }, by: 'anna', device: 'd', now: new Date(), eventId: newId(), assign: true })) as Record<string, unknown>); // from no template
  await until(() => anna.unsent.get().count === 1);
  const job = jobOf(anna, id);
  await job.ready();
  network.mend();
  await anna.syncNow().catch(() => undefined);
  await until(() => anna.refused.get().length === 1);
  expect(anna.refused.get()[0]).toMatchObject({ job: id, code: 'not-allowed', jobTitle: 'Mine' });
  await until(() => anna.unsent.get().count === 0 && !anna.rows.get().some((r) => r.id === id));
  await until(() => job.state.get() === 'unavailable');
  await anna.syncNow();
  expect(anna.sync.get()).toMatchObject({ running: false, pending: 0 });
  job.close();
  await anna.close();
  const again = await engine(network.url, 'refused-job'); // and it is all like that on the disk
  await again.syncNow();
  expect(again.rows.get().some((r) => r.id === id)).toBe(false);
  expect(again.refused.get()).toHaveLength(1);
  await again.close();
  network.end();
}, 120_000);

test('an upload goes on at the byte where the connection broke, in another life of the page', async () => {
  const network = await Network.to(server.url);
  const anna = await engine(network.url, 'upload');
  const id = await made();
  await until(() => anna.rows.get().some((r) => r.id === id) && anna.link.get().class === 'fast');
  await anna.syncNow();
  const bytes = crypto.getRandomValues(new Uint8Array(60_000));
  const file = new File(Array.from({ length: 50 }, () => bytes), 'boiler.bin', { type: 'application/octet-stream' }); // 3 MB
  network.cut();
  await until(() => anna.link.get().class === 'none');
  const job = jobOf(anna, id);
  await job.ready();
  const a = await job.attach(file);
  await until(() => anna.unsent.get().count === 1);
  expect(anna.unsent.get()).toMatchObject({ bytes: file.size, items: [{ kind: 'file', label: 'boiler.bin', state: 'waiting-for-network', sent: 0 }] });
  network.mend();
  network.left = 1_500_000;
  await anna.syncNow().catch(() => undefined);
  await until(() => network.left <= 0 && anna.queue.sending.get().size === 0 && (anna.queue.entries.get()[0]?.attempts ?? 0) > 0);
  const broken = anna.queue.entries.get()[0]!;
  expect(broken.uploadUrl).toBeDefined();
  job.close();
  await anna.close();
  const sent = network.sent;
  network.mend();
  const again = await engine(network.url, 'upload');
  await again.syncNow();
  await until(() => again.unsent.get().count === 0);
  expect(network.sent - sent).toBeLessThan(file.size - 1_000_000); // what had arrived was not sent again
  const states = await data(office.GET('/api/v1/jobs/{id}/files', { params: { path: { id } } }));
  expect(states.files).toMatchObject([{ attachment: a.uuid, state: 'here', size: file.size }]);
  // Another device brings it, and verifies it.
  const other = await engine(server.url, 'download');
  await until(() => other.files.held.get().has(a.sha256));
  expect(other.rows.get().find((r) => r.id === id)!.files).toEqual({ total: 1, here: 1 });
  await other.close();
  await again.close();
  network.end();
}, 120_000);

test('on a slow link jobs are synced and no file moves, but one that is sent now', async () => {
  const anna = await engine(server.url, 'slow');
  const id = await made();
  await until(() => anna.rows.get().some((r) => r.id === id) && anna.link.get().roundTripMs !== undefined);
  await anna.syncNow();
  for (let i = 0; i < 5; i++) anna.measure(2_000);
  expect(anna.link.get().class).toBe('slow');
  const job = jobOf(anna, id);
  await job.ready();
  const [one, two] = [await job.attach(new File(['one'], 'one.txt')), await job.attach(new File(['two'], 'two.txt'))];
  await until(async () => (await there(id)).attachments.length === 2);
  await until(() => anna.unsent.get().items.every((i) => i.kind === 'file' && i.state === 'waiting-for-faster-network'));
  anna.sendNow(`file:${two.uuid}`);
  await until(() => anna.queue.entries.get().length === 1);
  expect(anna.queue.entries.get()[0]).toMatchObject({ attachment: one.uuid, attempts: 0, sent: 0 });
  for (let i = 0; i < 5; i++) anna.measure(50);
  await until(() => anna.unsent.get().count === 0);
  job.close();
  await anna.close();
}, 120_000);

test('refused work of several changes leaves, with others’ work and one’s own around it; done again when it is allowed, it arrives', async () => {
  const network = await Network.to(server.url);
  const anna = await engine(network.url, 'again');
  const id = ((await data(office.POST('/api/v1/jobs', {
    body: { title: 'Boiler', description: 'Cold.', status: 'published', assignees: [{ user: 'anna', edit: false }, { user: 'ben', edit: true }], checklist: [{ uuid: 'gas', text: 'Gas' }], report_fields: [{ uuid: 'notes', name: 'Notes', field_type: 'text' }] } as never,
  }))) as { id: string }).id;
  await until(() => anna.rows.get().some((r) => r.id === id));
  network.cut();
  await until(() => anna.link.get().class === 'none');
  const job = jobOf(anna, id);
  await job.ready();
  const around = (make: (doc: Record<string, Record<string, Record<string, unknown>>>) => void) => anna.replica.change(id, (doc) => make(doc as never)); // the rules that this device knows
  await job.comment('one');
  await around((doc) => void (doc['checklist']!['gas']!['done'] = true));
  await job.comment('two');
  await around((doc) => void (doc['report_fields']!['notes']!['value'] = 'All well'));
  await job.comment('three');
  await data(office.PATCH('/api/v1/jobs/{id}', { params: { path: { id } }, body: { title: 'Boiler, again' } as never })); // and the office meanwhile
  network.mend();
  await anna.syncNow().catch(() => undefined);
  await until(() => anna.refused.get().length === 2 && anna.unsent.get().count === 0 && anna.replica.pending.get().size === 0);
  let at = await there(id);
  expect(at).toMatchObject({ title: 'Boiler, again', checklist: [{ done: false }], report_fields: [{ value: null }] });
  expect(at.comments.map((c) => c.text)).toEqual(['one', 'two', 'three']);
  expect(anna.refused.get().map((w) => [w.reason, w.did.map((d) => d.value)])).toEqual([['the checklist is ticked by the worker with edit access', [true]], ['the report is filled in by the worker with edit access', ['All well']]]);

  await data(office.PATCH('/api/v1/jobs/{id}', { params: { path: { id } }, body: { assignees: [{ user: 'anna', edit: true }] } as never }));
  await until(() => job.part.get() === 'editor');
  for (const w of anna.refused.get()) await anna.recovery.again(w.id);
  await until(() => anna.refused.get().length === 0);
  await anna.syncNow();
  await until(() => anna.unsent.get().count === 0 && anna.replica.pending.get().size === 0);
  at = await there(id);
  expect(at).toMatchObject({ checklist: [{ done: true }], report_fields: [{ value: 'All well' }], comments: [{}, {}, {}] });
  expect(job.heads()).toEqual(at.heads);
  job.close();
  await anna.close();
  network.end();
}, 120_000);

test('on a slow link no file comes; what others attached follows when the link is fast', async () => {
  const anna = await engine(server.url, 'slow-down');
  const id = await made();
  await until(() => anna.rows.get().some((r) => r.id === id) && anna.link.get().roundTripMs !== undefined);
  await anna.syncNow();
  for (let i = 0; i < 5; i++) anna.measure(2_000);
  expect(anna.link.get().class).toBe('slow');
  const other = await engine(server.url, 'slow-other');
  await until(() => other.rows.get().some((r) => r.id === id) && other.link.get().class === 'fast');
  const theirs = jobOf(other, id);
  await theirs.ready();
  const a = await theirs.attach(new File([crypto.getRandomValues(new Uint8Array(40_000))], 'plan.pdf', { type: 'application/pdf' }));
  await until(() => other.unsent.get().count === 0);
  await until(() => anna.rows.get().find((r) => r.id === id)!.files.total === 1);
  await anna.syncNow(); // by hand too it stays: the text is here, the file is not
  await until(() => !anna.sync.get().running); // downloads too
  expect(anna.link.get().class).toBe('slow');
  expect(anna.files.held.get().has(a.sha256)).toBe(false);
  expect(anna.rows.get().find((r) => r.id === id)!.files).toEqual({ total: 1, here: 0 });
  for (let i = 0; i < 5; i++) anna.measure(50);
  await until(() => anna.files.held.get().has(a.sha256));
  theirs.close();
  await Promise.all([anna.close(), other.close()]);
}, 120_000);
