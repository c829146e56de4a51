import { ApiError } from '@fieldsync/sdk';
import { useQueryClient } from '@tanstack/react-query';
import { useCallback, useRef } from 'react';
import { api, ask, pathOf, tagged, type Place } from '../api/rest.ts';
import type { Contact, Field, Item, PossibleResolution } from '../api/types.ts';
import { failed } from '../ui/toast.tsx';
import { optimistic } from './optimistic.ts';

/** A list of entries of a job, template, client or site: each with its uuid. */
export type Entries = 'custom_fields' | 'report_fields' | 'checklist' | 'possible_resolutions' | 'contacts';
export type EntryOf = { custom_fields: Field; report_fields: Field; checklist: Item; possible_resolutions: PossibleResolution; contacts: Contact };

export interface Book {
  /** Sends a merge patch of just what changes. Fails with ApiError. */
  patch: (patch: Record<string, unknown>) => Promise<void>;
  set: (list: Entries, uuid: string, entry: Record<string, unknown>) => Promise<void>;
  add: (list: Entries, entry: Record<string, unknown>) => Promise<void>;
  /** Takes an entry out, and tells whether it did. */
  remove: (list: Entries, uuid: string) => Promise<boolean>;
  /** Puts an entry that was taken out at the end. Fails with ApiError. */
  put: (list: Entries, entry: { uuid: string }) => Promise<void>;
  /** Moves an entry by some places. */
  move: (list: Entries, uuid: string, by: number) => Promise<void>;
}

const attempts = 5;

/** useBook changes one document by the API, by the smallest patches, and shows the answer. */
export function useBook(place: Place, key: readonly unknown[], stale: readonly unknown[]): Book {
  const client = useQueryClient();
  const { kind, id } = place;
  const under = useRef(0); // patches on their way
  const patch = useCallback(
    async (body: Record<string, unknown>) => {
      await client.cancelQueries({ queryKey: key });
      client.setQueryData<unknown>(key, (data: unknown) => optimistic(data, body));
      under.current++;
      try {
        const answer = await ask(api.PATCH(pathOf(kind), { params: { path: { id } }, body }));
        if (under.current === 1) client.setQueryData(key, answer); // else it lacks what the next ones are about to change
      } catch (err) {
        void client.invalidateQueries({ queryKey: key });
        throw err;
      } finally {
        under.current--;
      }
      await client.invalidateQueries({ queryKey: stale });
    },
    [client, kind, id, key, stale],
  );
  const set = useCallback<Book['set']>((list, uuid, entry) => patch({ [list]: { [uuid]: entry } }), [patch]);
  const move = useCallback<Book['move']>(
    async (list, uuid, by) => {
      // An order is a list as a whole. So that nobody's new entry is lost by it, it is made on the state that was read, or again.
      for (let n = 1; ; n++) {
        const { data: now, tag } = await tagged(api.GET(pathOf(kind), { params: { path: { id } } }));
        const order = [...(now as unknown as Record<Entries, { uuid: string }[]>)[list]];
        const from = order.findIndex((e) => e.uuid === uuid);
        const to = from + by;
        if (from < 0 || to < 0 || to >= order.length) return;
        order.splice(to, 0, ...order.splice(from, 1));
        try {
          client.setQueryData(key, await ask(api.PATCH(pathOf(kind), { params: { path: { id }, header: { 'If-Match': tag } }, body: { [list]: order } })));
          return;
        } catch (err) {
          if (!(err instanceof ApiError) || err.status !== 412 || n === attempts) return failed(err);
        }
      }
    },
    [client, kind, id, key],
  );
  return {
    patch,
    set,
    add: (list, entry) => patch({ [list]: { [crypto.randomUUID()]: entry } }).catch((err: unknown) => failed(err)),
    remove: (list, uuid) =>
      patch({ [list]: { [uuid]: null } }).then(
        () => true,
        (err: unknown) => {
          failed(err);
          return false;
        },
      ),
    put: (list, { uuid, ...entry }) => patch({ [list]: { [uuid]: Object.fromEntries(Object.entries(entry).filter(([, value]) => value !== null)) } }),
    move,
  };
}
