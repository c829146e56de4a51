import { afterEach, expect, test } from 'vitest';
import { Database } from '../store/database.ts';
import { DocumentStorage } from '../store/documents.ts';
import { Replica } from './replica.ts';

const open: Replica[] = [];
afterEach(async () => {
  for (const r of open.splice(0)) await r.close();
});

/** Anna's replica, without a network. */
async function replica(name: string): Promise<Replica> {
  const nothing = () => undefined;
  const r = await Replica.open({
    db: await Database.open(name), storage: new DocumentStorage(`${name}:documents`), tabs: [], syncUrl: () => 'ws://127.0.0.1:1', keep: 'all',
    who: { user: 'anna', name: 'Anna', role: 'worker', org: 'demo', device: 'phone' },
    events: { connected: nothing, disconnected: nothing, changed: nothing, refused: nothing, moved: nothing },
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
