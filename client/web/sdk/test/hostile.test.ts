import { afterEach, expect, test, vi } from 'vitest';
import { A } from '../src/automerge.ts';
import { Receipts } from '../src/client/receipts.ts';
import { newsOf, unsentOf } from '../src/replica/changes.ts';
import { ClashFinder } from '../src/replica/clashfinder.ts';
import { OpenJob } from '../src/replica/job.ts';
import { newJob, patchEdits } from '../src/replica/patch.ts';
import { rebase } from '../src/replica/rebase.ts';
import { Replica } from '../src/replica/replica.ts';
import { filesOf, readRow } from '../src/replica/row.ts';
import type { RestClient } from '../src/rest/client.ts';
import { apply, set, written } from '../src/rules/edits.ts';
import { labelOf, readJob } from '../src/rules/read.ts';
import { outcome, type LogEvent } from '../src/rules/status.ts';
import { NothingToUndo, undo } from '../src/rules/undo.ts';
import type { Tree } from '../src/rules/values.ts';
import { Database } from '../src/store/database.ts';
import { DocumentStorage } from '../src/store/documents.ts';
import { good, hostile, random, spoil, strange } from './hostile.ts';

const open: Replica[] = [];
afterEach(async () => {
  vi.restoreAllMocks();
  for (const r of open.splice(0)) await r.close();
});

const rowOf = (doc: Tree) => readRow(doc, { id: 'd', part: 'editor', clashes: 0, unsent: 0, news: 0, files: { total: 0, here: 0 }, withdrawn: false, changedAt: 0 });
const who = { user: 'anna', name: 'Anna', role: 'worker', org: 'demo', device: 'phone' } as const;

/** All that is read of a document. */
function read(doc: A.Doc<Tree>, before: readonly string[]) {
  const heads = A.getHeads(doc);
  return {
    job: readJob(doc, { id: 'd', heads, clashes: new ClashFinder().of(doc), who: 'worker' }),
    row: rowOf(doc), files: filesOf(doc), label: labelOf(doc), news: newsOf(doc, before, heads, 'anna'),
    unsent: unsentOf(doc, { id: 'd', title: 't', shared: before, heads, at: 0 }),
  };
}

test('whatever a document holds, it is read: nothing throws, all that comes out is plain, and what is good in it is there', () => {
  for (let seed = 1; seed <= 100; seed++) {
    const { doc, before } = hostile(seed);
    const out = read(doc, before);
    expect(strange(out), `seed ${seed}`).toEqual([]);
    const { job } = out;
    for (const list of [job.comments, job.contacts, job.checklist, job.report_fields, job.possible_resolutions, job.attachments, job.status_log])
      expect((list as readonly { uuid: string }[]).map((e) => e.uuid), `seed ${seed}`).toContain('good');
    expect(job.report_fields.find((f) => f.uuid === 'good')?.value).toBe(5);
    for (const change of A.getHeads(doc)) {
      try {
        undo(doc, change, { id: 'e', at: new Date(0), by: 'anna', device: 'p' });
      } catch (err) {
        expect(err, `seed ${seed}`).toBeInstanceOf(NothingToUndo);
      }
    }
  }
});

test('times that no calendar has are none, wherever they stand', () => {
  const first = A.from({ ...good(), scheduled_at: 1, custom: 1 }) as A.Doc<Tree>;
  const sets = ['scheduled_at', 'custom'].map((key) => ({ action: 'set', obj: '_root', key, datatype: 'timestamp', value: 2 ** 53 - 1, pred: [] }));
  const change = A.encodeChange({ actor: 'ab'.repeat(16), seq: 1, startOp: 1_000, time: 2 ** 52, message: null, deps: A.getHeads(first), ops: sets } as unknown as A.DecodedChange);
  const [doc] = A.applyChanges(first, [change]);
  const out = read(doc, A.getHeads(first));
  expect(out.job.scheduled_at).toBeUndefined();
  expect(out.job.clashes.map((c) => c.values.map((v) => v.value))).toEqual([[null, 1], [null, 1]]);
});

test('a job of ten thousand entries is read in a number of steps that grows with it, not with its square', () => {
  const n = 10_000;
  const chain = Array.from({ length: n }, (_, i): LogEvent => ({ id: `e${i}`, status: i % 2 ? 'published' : 'started', after: i ? [`e${i - 1}`] : [], at: i + 1, by: '', note: '', resolution: '' }));
  const add = Set.prototype.add;
  let steps = 0;
  vi.spyOn(Set.prototype, 'add').mockImplementation(function (this: Set<unknown>, v) {
    if (++steps > 6 * n) throw new Error('too many steps');
    return add.call(this, v);
  });
  expect(outcome(chain)).toMatchObject({ status: 'published', timestamps: {} });
  vi.restoreAllMocks();

  const items = Object.fromEntries(Array.from({ length: 1_000 }, (_, i) => [`i${i}`, { text: new A.ImmutableString('Look'), done: false }]));
  const before = A.from({ kind: 'job', checklist: items });
  const doc = A.change(before, (d) => Object.values(d.checklist).forEach((i) => (i.done = true)));
  const sorted = vi.spyOn(Object, 'entries');
  expect(unsentOf(doc, { id: 'd', title: 't', shared: A.getHeads(before), heads: A.getHeads(doc), at: 0 })).toHaveLength(1_000);
  expect(sorted.mock.calls.length).toBeLessThan(10);
});

test('a list shows a text to its first 256 characters', () => {
  const long = new A.ImmutableString('x'.repeat(5_000_000));
  const row = rowOf(A.from({ kind: 'job', description: long, type: long, address: { formatted: long }, client: { name: long }, serial_no: long }) as Tree);
  expect(JSON.stringify(row).length).toBeLessThan(2_500);
  expect(row.title).toHaveLength(256);
  expect(() => encodeURIComponent(labelOf({ title: 'x' + '\u{1F468}'.repeat(200) }))).not.toThrow();
});

test('a job is made of whatever stands in a template', () => {
  for (let seed = 1; seed <= 60; seed++) {
    const next = random(seed);
    const root = A.change(A.from(good()), (d) => spoil(d, next)) as Tree;
    const made = newJob({ plan: { title: 'New', address: { formatted: 'There' } }, template: { id: 't', root }, by: 'anna', device: 'p', now: new Date(0), eventId: 'e', assign: true });
    const job = readJob(A.from(written(made) as Record<string, unknown>), { id: 'd', heads: [], clashes: [], who: 'worker' });
    expect(job, `seed ${seed}`).toMatchObject({ title: 'New', status: 'published', address: { formatted: 'There' } });
    expect(job.checklist.every((i) => !i.done)).toBe(true);
  }
});

// A whole number beyond 2^53 is none of JavaScript's: automerge reads it, but does not decode the change that wrote it.
const beyond = 2n ** 53n;

test('what is written is never a whole number that browsers do not decode', () => {
  const numbers = { big: 2 ** 53, huge: 1e300, small: -(2 ** 60), usual: 1e15, half: 0.5 };
  const doc = A.change(A.init<Record<string, unknown>>(), (d) => apply(d, Object.entries(numbers).map(([k, v]) => set([k], v))));
  expect(doc).toEqual(numbers);
  expect(A.getAllChanges(doc).map((c) => A.decodeChange(c).ops.length)).toEqual([5]);
  expect(() => patchEdits(good() as Tree, { report_fields: { f2: { value: 2 ** 53 } } })).toThrow('too large');
});

test('of a document with a change that cannot be decoded, refused work is taken out all the same', () => {
  const theirs = A.from({ n: beyond, title: 'A' } as { n: bigint; title: string; mine?: string });
  const refused = A.change(A.clone(theirs), (d) => void (d.title = 'refused'));
  const doc = A.change(refused, (d) => void (d.mine = 'kept'));
  const out = rebase(doc, new Set(A.getHeads(refused)), new Set());
  expect(A.applyChanges(A.init(), [...out.changes])[0]).toMatchObject({ title: 'A', mine: 'kept', n: beyond });
});

/** A replica without a network, with one job, and that job opened. */
async function opened(name: string, root: Record<string, unknown>, role: 'worker' | 'dispatcher' = 'worker') {
  const nothing = () => undefined;
  const replica = await Replica.open({
    db: await Database.open(name), storage: new DocumentStorage(`${name}:documents`), tabs: [], syncUrl: () => 'ws://127.0.0.1:1', keep: 'all', who: { ...who, role },
    events: { connected: nothing, disconnected: nothing, changed: nothing, refused: nothing, moved: nothing },
  });
  open.push(replica);
  const id = await replica.create(root);
  const api = {} as RestClient;
  const job = new OpenJob(id, { replica, api, receipts: new Receipts(api, 'phone'), online: () => false, keep: () => Promise.reject(new Error('no files')), statusChanged: nothing });
  await job.ready();
  return { replica, id, job };
}

test('a document with a change that cannot be decoded, made at no time, has its row, its job and its history, and is worked on', async () => {
  const { status_log: _, ...root } = good();
  const { replica, id, job } = await opened('undecodable', root);
  expect(job.job.get()!.clashes).toEqual([]); // from here on a state without clashes is known
  const handle = await replica.load(id);
  handle.update((doc) => A.change(doc, { time: 2 ** 52 }, (d) => void Object.assign(d, { n: beyond, description: ['no', 'text'] })));
  await replica.durable(id);
  expect(replica.record(id)).toMatchObject({ heads: job.heads(), row: { title: 'Boiler', changedAt: 0 } });
  expect(job.job.get()).toMatchObject({ title: 'Boiler', status: 'scheduled' });
  expect((await job.history()).entries.map((e) => e.time)).toEqual([undefined, expect.any(String)]);
  await expect(job.undo(job.heads()[0]!)).rejects.toThrow('cannot be read here');
  expect(job.text(['description']).anchor(0)).toBe('');
  await job.comment('Done.');
  expect(job.job.get()!.comments.map((c) => c.text)).toContain('Done.');
  job.close();
});

test('a status that is set in a job without a log is there', async () => {
  const { job } = await opened('logless', { kind: 'job', title: 'Boiler' }, 'dispatcher');
  await job.setStatus('published');
  expect(job.job.get()!.status).toBe('published');
  job.close();
});
