import type { Database, DocRecord } from '../store/database.ts';
import type { DocumentStorage } from '../store/documents.ts';
import { same } from './changes.ts';

/** How many jobs stay on a device that keeps what is opened: those last opened, so that they are there without a network. */
export const keptOpened = 100;

/**
 * Takes from the disk what lies beyond keptOpened and is on the server as a whole. At a start, before any document is in memory, and only where no other tab of this person is
 * there, as that may have one in hand. Gives how to say that this tab has gone.
 */
export async function tidied(db: Database, storage: DocumentStorage, keep = keptOpened): Promise<() => void> {
  const locks = (globalThis.navigator as Navigator | undefined)?.locks as LockManager | undefined;
  const name = `${db.name}:opened`;
  if (!locks) {
    if (typeof window === 'undefined') await tidy(db, storage, keep); // a page that is not served securely does not know of its other tabs
    return () => undefined;
  }
  await locks.request(name, { ifAvailable: true }, async (alone) => {
    if (alone) await tidy(db, storage, keep);
  });
  return new Promise((here) => {
    void locks.request(name, { mode: 'shared' }, () => new Promise<void>((leave) => here(leave)));
  });
}

async function tidy(db: Database, storage: DocumentStorage, keep: number): Promise<void> {
  const [records, outbox, work] = await Promise.all([db.all('docs'), db.all('outbox'), db.all('work')]);
  if (records.length <= keep) return;
  const needed = new Set([...outbox, ...work].map((e) => e.job));
  const sent = (r: DocRecord) => r.unsent.length === 0 && r.shared.length > 0 && same(r.shared, r.heads) && !needed.has(r.id);
  const old = [...records].sort((a, b) => (b.used ?? 0) - (a.used ?? 0)).slice(keep).filter(sent);
  for (const { id } of old) {
    // The record first: what is on the disk without one is read when it is opened again, as the server has it too.
    await db.write(['docs', 'facts'], (store) => {
      store('docs').delete(id);
      store('facts').delete(`made:${id}`);
    });
    await storage.removeRange([id]);
  }
}
