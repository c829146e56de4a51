import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { DocumentStorage } from './documents.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
afterEach(() => vi.useRealTimers());

const state = ['doc', 'sync-state', 'server'];
const bytes = (n: number) => new Uint8Array([n]);

/** What another one finds that opens the same store. */
async function found(name: string): Promise<(readonly [string[], number])[]> {
  const other = new DocumentStorage(name);
  const chunks = await other.loadRange([]);
  await other.close();
  return chunks.map((c) => [c.key, c.data![0]!] as const);
}

test('of a document that is talked about without end the sync state is written once a second, the last one, and is there meanwhile for who asks', async () => {
  const storage = new DocumentStorage('states');
  for (let n = 1; n <= 20; n++) await storage.save(state, bytes(n));
  expect(await storage.load(state)).toEqual(bytes(20));
  expect(await found('states')).toEqual([]);
  vi.advanceTimersByTime(1_000);
  vi.useRealTimers();
  await vi.waitFor(async () => expect(await found('states')).toEqual([[state, 20]]));
  await storage.close();
});

test('a sync state that waits is written at the end, and changes of a document at once', async () => {
  const storage = new DocumentStorage('states-end');
  await storage.save(['doc', 'incremental', 'a'], bytes(1));
  await storage.save(state, bytes(2));
  expect(await found('states-end')).toEqual([[['doc', 'incremental', 'a'], 1]]);
  await storage.close();
  expect(await found('states-end')).toEqual([[['doc', 'incremental', 'a'], 1], [state, 2]]);
});

test('of a document that is removed, or replaced, no sync state comes after', async () => {
  const storage = new DocumentStorage('states-gone');
  await storage.save(state, bytes(1));
  await storage.removeRange(['doc']);
  await storage.save(['other', 'sync-state', 'server'], bytes(2));
  await storage.replace('other', 'rebased', bytes(3));
  await storage.save(['third', 'sync-state', 'server'], bytes(4));
  await storage.remove(['third', 'sync-state', 'server']);
  await storage.close();
  expect(await found('states-gone')).toEqual([[['other', 'snapshot', 'rebased'], 3]]);
});
