import { afterEach, expect, test, vi } from 'vitest';
import { Database, type DocRecord } from '../store/database.ts';
import { DocumentStorage } from '../store/documents.ts';
import { tidied, tidiedAgain } from './opened.ts';

afterEach(() => vi.unstubAllGlobals());

const record = (id: string, used: number, more: Partial<DocRecord> = {}): DocRecord => ({ id, heads: ['aa'], shared: ['aa'], unsent: [], made: false, withdrawn: false, files: [], used, row: {} as DocRecord['row'], ...more });

async function filled(name: string): Promise<{ db: Database; storage: DocumentStorage; kept: () => Promise<string[][]> }> {
  const [db, storage] = [await Database.open(name), new DocumentStorage(`${name}:documents`)];
  const docs = [record('new', 9), record('newer', 10), record('old', 2), record('oldest', 1), record('unsent', 0, { heads: ['bb'], unsent: [{} as never] }), record('never sent', 0, { shared: [] }), record('its file waits', 0), record('refused', 0)];
  for (const d of docs) {
    await db.put('docs', d);
    await db.put('facts', true, `made:${d.id}`);
    await storage.save([d.id, 'snapshot', 'x'], Uint8Array.of(1));
    await storage.save([d.id, 'sync-state', 'server'], Uint8Array.of(2));
  }
  await db.put('outbox', { id: 'o', job: 'its file waits' } as never);
  await db.put('work', { id: 'w', job: 'refused' } as never);
  const kept = async () => [
    (await db.all('docs')).map((d) => d.id).sort(),
    (await db.keys('facts')).map((k) => k.slice(5)).sort(),
    (await Promise.all(docs.map(async (d) => ((await storage.loadRange([d.id])).length === 2 ? d.id : '')))).filter(Boolean).sort(),
  ];
  return { db, storage, kept };
}

const all = ['its file waits', 'never sent', 'new', 'newer', 'old', 'oldest', 'refused', 'unsent'];
const rest = ['its file waits', 'never sent', 'new', 'newer', 'refused', 'unsent'];

test('what was opened long ago leaves the device; what was opened lately, and whatever is here alone, stays', async () => {
  const { db, storage, kept } = await filled('opened-one');
  await tidied(db, storage, 8);
  expect(await kept()).toEqual([all, all, all]);
  await tidied(db, storage, 2);
  expect(await kept()).toEqual([rest, rest, rest]);
});

/** Web Locks, as far as they are used: those that are held. */
function locks(): { name: string; mode: string }[] {
  const held: { name: string; mode: string }[] = [];
  type Run = (lock: object | null) => Promise<unknown>;
  vi.stubGlobal('navigator', {
    locks: {
      query: async () => ({ held: [...held] }),
      request: async (name: string, ...rest: [Run] | [{ mode?: string; ifAvailable?: boolean }, Run]) => {
        const run = rest[rest.length - 1] as Run;
        const o = rest.length > 1 ? (rest[0] as { mode?: string; ifAvailable?: boolean }) : {};
        const lock = { name, mode: o.mode ?? 'exclusive' };
        const taken = () => held.some((h) => h.name === name && (h.mode === 'exclusive' || lock.mode === 'exclusive'));
        if (o.ifAvailable && taken()) return run(null);
        while (taken()) await new Promise(setImmediate);
        held.push(lock);
        try {
          return await run(lock);
        } finally {
          held.splice(held.indexOf(lock), 1);
        }
      },
    },
  });
  return held;
}

test('nothing leaves while another tab is there', async () => {
  const held = locks();
  const { db, storage, kept } = await filled('opened-two');
  const leave = await tidied(db, storage, 8);
  const leaveToo = await tidied(db, storage, 2);
  expect(await kept()).toEqual([all, all, all]);
  leave();
  leaveToo();
  await vi.waitUntil(() => held.length === 0);
  (await tidied(db, storage, 2))();
  expect(await kept()).toEqual([rest, rest, rest]);
});

test('a tab that stays open tidies up while it is alone, but not what is in use', async () => {
  const held = locks();
  const { db, storage, kept } = await filled('opened-three');
  const leave = await tidied(db, storage, 8);
  const leaveToo = await tidied(db, storage, 8);
  const again = () => tidiedAgain(db, storage, (id) => id === 'old', 2);
  expect(await again()).toEqual([]);
  leaveToo();
  await vi.waitUntil(() => held.length === 1);
  const entering = tidied(db, storage, 8); // who comes meanwhile waits at the door
  expect(await again()).toEqual([]);
  (await entering)();
  await vi.waitUntil(() => held.length === 1);
  expect(await again()).toEqual(['oldest']);
  const left = all.filter((id) => id !== 'oldest');
  expect(await kept()).toEqual([left, left, left]);
  leave();
});
