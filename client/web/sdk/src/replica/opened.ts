import type { Database, DocRecord } from '../store/database.ts';
import type { DocumentStorage } from '../store/documents.ts';
import type { DocumentId } from '../types.ts';
import { same } from './changes.ts';

/** How many jobs stay on a device that keeps what is opened: those last opened, so that they are there without a network. */
export const keptOpened = 100;

/**
 * Takes from the disk what lies beyond keptOpened and is on the server as a whole. At a start, before any document is in memory, and only where no other tab of this person is
 * there, as that may have one in hand. Gives how to say that this tab has gone.
 */
export async function tidied(db: Database, storage: DocumentStorage, keep = keptOpened): Promise<() => void> {
  const locks = locksOf();
  if (!locks) {
    if (typeof window === 'undefined') await tidy(db, storage, keep); // a page that is not served securely does not know of its other tabs
    return () => undefined;
  }
  let leave = (): void => undefined;
  await locks.request(door(db), async () => {
    await locks.request(here(db), { ifAvailable: true }, async (alone) => {
      if (alone) await tidy(db, storage, keep);
    });
    await new Promise<void>((entered) => {
      void locks.request(here(db), { mode: 'shared' }, () => new Promise<void>((gone) => {
        leave = gone;
        entered();
      }));
    });
  });
  return leave;
}

/** The same later, in a tab that stays open for days; not what is in use there. Gives what was taken. */
export async function tidiedAgain(db: Database, storage: DocumentStorage, used: (id: DocumentId) => boolean, keep = keptOpened): Promise<readonly DocumentId[]> {
  const locks = locksOf();
  if (!locks) return typeof window === 'undefined' ? tidy(db, storage, keep, used) : [];
  return locks.request(door(db), async () => {
    const tabs = (await locks.query()).held?.filter((l) => l.name === here(db)) ?? [];
    return tabs.length > 1 ? [] : tidy(db, storage, keep, used);
  });
}

const locksOf = () => (globalThis.navigator as Navigator | undefined)?.locks as LockManager | undefined;
const here = (db: Database): string => `${db.name}:opened`; // each tab has a share of it
const door = (db: Database): string => `${db.name}:door`; // nobody comes in while one tidies up

async function tidy(db: Database, storage: DocumentStorage, keep: number, used: (id: DocumentId) => boolean = () => false): Promise<readonly DocumentId[]> {
  const [records, outbox, work] = await Promise.all([db.all('docs'), db.all('outbox'), db.all('work')]);
  const needed = new Set([...outbox, ...work].map((e) => e.job));
  const sent = (r: DocRecord) => r.unsent.length === 0 && r.shared.length > 0 && same(r.shared, r.heads) && !needed.has(r.id);
  const gone: DocumentId[] = [];
  for (const { id } of [...records].sort((a, b) => (b.used ?? 0) - (a.used ?? 0)).slice(keep).filter(sent)) {
    if (used(id)) continue; // asked for each, as one may be opened while others go
    gone.push(id);
    // The record first: what is on the disk without one is read when it is opened again, as the server has it too.
    await db.write(['docs', 'facts'], (store) => {
      store('docs').delete(id);
      store('facts').delete(`made:${id}`);
    });
    await storage.removeRange([id]);
  }
  return gone;
}
