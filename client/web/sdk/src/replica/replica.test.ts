import { afterEach, expect, test, vi } from 'vitest';
import { cbor } from '@automerge/automerge-repo/slim';
import { A } from '../automerge.ts';
import { Receipts } from '../client/receipts.ts';
import type { RestClient } from '../rest/client.ts';
import { carried, SharedString, written } from '../rules/edits.ts';
import { Database } from '../store/database.ts';
import { DocumentStorage } from '../store/documents.ts';
import type { DocumentId } from '../types.ts';
import { newsOf } from './changes.ts';
import { OpenJob } from './job.ts';
import { Replica } from './replica.ts';

const open: Replica[] = [];
afterEach(async () => {
  vi.useRealTimers();
  for (const r of open.splice(0)) await r.close();
});

/** Anna's replica, without a network. */
async function replica(name: string, storage = new DocumentStorage(`${name}:documents`), keep: 'all' | 'opened' = 'all', webSocket?: typeof WebSocket): Promise<Replica> {
  const nothing = () => undefined;
  const r = await Replica.open({
    db: await Database.open(name), storage, tabs: [], syncUrl: () => 'ws://127.0.0.1:1', keep,
    who: { user: 'anna', name: 'Anna', role: 'worker', org: 'demo', device: 'phone' },
    events: { connected: nothing, disconnected: nothing, changed: nothing, refused: nothing, moved: nothing },
    ...(webSocket ? { webSocket } : {}),
  });
  open.push(r);
  return r;
}

test('what clashes is found once for each state of a document', async () => {
  const r = await replica('clashes-once');
  const id = await r.create({ kind: 'job', title: 'Boiler' });
  const handle = await r.load(id);
  const before = handle.doc();
  const found = r.clashesOf(before);
  expect(r.clashesOf(handle.doc())).toBe(found);
  await r.change(id, (doc) => void Object.assign(doc, { title: 'Boiler, cold' }));
  expect(handle.doc()).not.toBe(before);
  expect(r.clashesOf(handle.doc())).not.toBe(found);
  expect(r.clashesOf(handle.doc())).toEqual([]);
});

test('a state that was looked at is noted once: looking again writes nothing and tells nobody', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout'] }); // no refresh that is due by itself falls in between
  const r = await replica('looked-once');
  const id = await r.create({ kind: 'job', title: 'Boiler' });
  await r.change(id, (doc) => void Object.assign(doc, { title: 'Boiler, cold' }));
  await r.looked(id);
  const noted = r.records.get();
  expect(r.record(id)?.looked).toEqual(r.record(id)?.heads);
  await r.looked(id);
  expect(r.records.get()).toBe(noted);
});

test('a record follows a change at once, and once a second where changes do not end', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
  const r = await replica('record-beat');
  const id = await r.create({ kind: 'job', title: 'Boiler' });
  vi.advanceTimersByTime(5_000);
  const derived = vi.spyOn(r, 'refreshNow').mockResolvedValue(undefined);
  for (let ms = 0; ms < 3_000; ms += 10) {
    r.refresh(id);
    vi.advanceTimersByTime(10);
    if (ms === 30) expect(derived).toHaveBeenCalledTimes(1);
  }
  expect(derived).toHaveBeenCalledTimes(3);
  vi.advanceTimersByTime(1_000);
  expect(derived).toHaveBeenCalledTimes(4); // the last change, too
});

test('that there is no news is the same answer each time, so that who watches it is not told anew', () => {
  const doc = A.from({ title: 'Boiler' });
  const heads = A.getHeads(doc);
  expect(newsOf(doc, [...heads], heads, 'anna')).toBe(newsOf(doc, heads, heads, 'anna'));
});

test('a document that is asked for while another is put in its place is the other one', async () => {
  let asked = async () => {};
  /** Asks just before the other one is there. */
  class Storage extends DocumentStorage {
    override async replace(id: string, name: string, binary: Uint8Array): Promise<void> {
      await asked();
      await super.replace(id, name, binary);
    }
  }
  const r = await replica('swapped', new Storage('swapped:documents'));
  const id = await r.create({ kind: 'job', title: 'Refused' });
  const fresh = A.change(A.init<Record<string, unknown>>(), (doc) => void Object.assign(doc, { kind: 'job', title: 'Without it' }));
  asked = async () => void (await r.load(id));
  await r.replace(id, () => fresh);
  expect((await r.load(id)).doc()['title']).toBe('Without it');
  expect(r.record(id)?.row.title).toBe('Without it');
});

test.each(['stored', 'refused by the disk'])('what is typed while another document is put in the place of one is in the one that stands: %s', async (how) => {
  class Storage extends DocumentStorage {
    override async replace(id: string, name: string, binary: Uint8Array): Promise<void> {
      key();
      if (how !== 'stored') throw new Error('the disk is full');
      await super.replace(id, name, binary);
      key();
    }
  }
  const name = `typed while ${how}`;
  const r = await replica(name, new Storage(`${name}:documents`));
  const id = await r.create(written({ kind: 'job', title: 'Refused', description: new SharedString('cold') }) as Record<string, unknown>);
  const api = {} as RestClient;
  const job = new OpenJob(id, { replica: r, api, receipts: new Receipts(api, 'phone'), online: () => false, keep: () => Promise.reject(new Error('no files')), statusChanged: () => undefined });
  await job.ready();
  const text = job.text(['description']);
  let keys = 0;
  const key = () => {
    const before = text.value.get();
    text.splice(before.length, 0, '.');
    keys++;
    expect(text.value.get()).toBe(`${before}.`); // and is seen at once
  };
  let going = true;
  const typing = (async () => {
    for (; going; await new Promise(setImmediate)) key();
  })();
  const swapped = r.replace(id, (old) => A.from<Record<string, unknown>>({ kind: 'job', title: 'Without it', description: `Very ${old['description'] as string}` }));
  await (how === 'stored' ? swapped : expect(swapped).rejects.toThrow('the disk is full'));
  key();
  going = false;
  await typing;
  const [title, words] = how === 'stored' ? ['Without it', 'Very cold'] : ['Refused', 'cold'];
  expect(keys).toBeGreaterThan(3);
  expect(job.job.get()).toMatchObject({ title, description: words + '.'.repeat(keys) });
  job.close();
  await r.close();
  open.splice(open.indexOf(r), 1);
  const again = await replica(name);
  expect((await again.load(id)).doc()['description']).toBe(words + '.'.repeat(keys));
  expect(again.record(id)?.row.title).toBe(title);
});

test('of what was only opened no more than the last hundred jobs stay, however long the tab is open', async () => {
  const r = await replica('for days', undefined, 'opened');
  const db = await Database.open('for days');
  const id = await r.create({ kind: 'job', title: 'In hand' });
  for (let i = 0; i < 120; i++) {
    const sent = { ...r.record(id)!, id: `job ${i}`, heads: ['aa'], shared: ['aa'], unsent: [], used: i };
    await db.put('docs', sent);
    await r.reload(sent.id);
  }
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  r.hold(id);
  r.release(id);
  await vi.advanceTimersByTimeAsync(30_000);
  vi.useRealTimers();
  await vi.waitUntil(() => r.records.get().size <= 100, { timeout: 60_000 });
  expect(r.record(id)).toBeDefined();
  expect(r.record('job 119')).toBeDefined();
  expect(r.record('job 0')).toBeUndefined();
  expect((await db.all('docs')).length).toBe(100);
});

test('what was written stays where a text became another one meanwhile', () => {
  expect(carried('cold', 'cold.', 'Very cold')).toBe('Very cold.');
  expect(carried('cold', 'so cold', 'cold, and wet')).toBe('so cold, and wet');
  expect(carried('cold and wet', 'cold wet', 'cold but and wet')).toBe('cold but wet');
  expect(carried('cold', 'c', 'cold water')).toBe('c water');
  expect(carried('a secret b', 'a secret! b', 'a  b')).toBe('a ! b');
});

/** A server that joins and says nothing more, and compares not. */
class Quiet {
  /** The documents that it was told about. */
  static sent: string[] = [];
  readonly readyState = 1;
  bufferedAmount = 0;
  onopen?: () => void;
  onmessage?: (e: { data: ArrayBuffer }) => void;
  constructor() {
    setTimeout(() => this.onopen?.());
  }
  send(bytes: Uint8Array): void {
    const frame = cbor.decode(bytes) as { type: string; documentId?: string };
    if (frame.type === 'join') this.onmessage?.({ data: Uint8Array.from(cbor.encode({ type: 'peer', senderId: 'server', targetId: 'me', peerMetadata: {}, selectedProtocolVersion: '1' })).buffer });
    else if (frame.documentId) Quiet.sent.push(frame.documentId);
  }
  close(): void {}
}

test.each(['in memory', 'on the disk'])('what is said first on a connection is about the documents with a status that the server has not; others, %s, wait', async (where) => {
  vi.useFakeTimers({ toFake: ['performance'] }); // it does not get too late
  Quiet.sent = [];
  const name = `statuses first ${where}`;
  const storage = new DocumentStorage(`${name}:documents`);
  const r = await replica(name, storage, 'all', Quiet as unknown as typeof WebSocket);
  const db = await Database.open(name);
  const ids: DocumentId[] = [];
  for (let i = 0; i < 12; i++) {
    const id = await r.create({ kind: 'job', title: `Job ${i}`, status: 'published', status_log: {} });
    await db.update('docs', id, (old) => old && { ...old, shared: old.heads }); // what the server holds
    ids.push(id);
  }
  const status = ids[10]!;
  for (const id of ids) {
    await r.change(id, (doc) => void Object.assign(doc, { title: 'Boiler' }));
    if (id === status) await r.change(id, (doc) => void Object.assign(doc['status_log'] as object, { e1: { status: 'started', by: 'anna' } }));
    if (where === 'on the disk') await r.forget(id);
  }
  const begun = await r.create({ kind: 'job', title: 'Found on the way', status_log: { e1: { status: 'started', by: 'anna' } } });
  expect(ids.map((id) => r.record(id)!.unsent.some((u) => u.kind === 'status'))).toEqual(ids.map((id) => id === status));
  expect(r.record(begun)!.unsent.map((u) => u.kind)).toEqual(['job']);

  const brought = vi.spyOn(r, 'load');
  r.adapter.start();
  await vi.waitUntil(() => Quiet.sent.length >= 2 && brought.mock.calls.length >= 10, { timeout: 60_000 });
  expect(new Set(Quiet.sent)).toEqual(new Set([status, begun]));
  expect(new Set(brought.mock.calls.slice(0, 4).map(([id]) => id))).toEqual(new Set([status, begun])); // as it is connected, and as all is brought
  vi.advanceTimersByTime(3_000);
  await vi.waitUntil(() => new Set(Quiet.sent).size === 13, { timeout: 60_000 });
});
