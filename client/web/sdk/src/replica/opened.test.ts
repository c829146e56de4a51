import { afterEach, expect, test, vi } from 'vitest';
import { Database, type DocRecord } from '../store/database.ts';
import { DocumentStorage } from '../store/documents.ts';
import { tidied } from './opened.ts';

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

test('nothing leaves while another tab is there', async () => {
  const held: { mode: string; ends?: () => void }[] = [];
  vi.stubGlobal('navigator', {
    locks: {
      request: async (_: string, o: { mode?: string; ifAvailable?: boolean }, run: (lock: object | null) => Promise<unknown>) => {
        if (o.ifAvailable && held.length > 0) return run(null);
        const lock = { mode: o.mode ?? 'exclusive' };
        held.push(lock);
        await run(lock);
        held.splice(held.indexOf(lock), 1);
      },
    },
  });
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
