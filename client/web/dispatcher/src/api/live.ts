import { addressOf } from '@fieldsync/sdk';
import { useEffect, useRef, useState } from 'react';
import { given, type JobQuery } from './rest.ts';
import type { Row } from './types.ts';

/** How a list stands to what happens: followed live, trying to reach the server again, or not followed while nobody looks. */
export type Liveness = 'live' | 'waiting' | 'resting';

/** What a list may be narrowed by that is followed: no words, no order. */
export type JobFilters = Omit<JobQuery, 'q' | 'cursor' | 'limit' | 'total' | 'sort'>;

export interface Heard {
  jobs: Row[];
  removed: string[];
  /** The place of the feed that is reached with it. */
  place: number;
}

const gather = 150; // ms in which events join one another before the page is told: a hundred edits are one rendering
const shortest = 500;
const longest = 30_000; // ms between attempts

/**
 * useJobEvents follows the jobs of some filters from a place of the feed on (docs/API.md, "Live"). It rests while the page is hidden: streams are few for each
 * person, and a browser's connections to one server, too; then it goes on where it was. `resync` means that the list is to be read anew.
 */
export function useJobEvents(
  filters: JobFilters,
  after: number | undefined,
  hear: (heard: Heard) => void,
  resync: () => void,
): Liveness {
  const [state, setState] = useState<Liveness>(() => (document.hidden ? 'resting' : 'waiting'));
  const told = useRef({ hear, resync });
  useEffect(() => {
    told.current = { hear, resync };
  });
  const address = addressOf('/api/v1/jobs/events', { query: given(filters) });

  useEffect(() => {
    if (after === undefined) return;
    let place = after;
    let source: EventSource | undefined;
    let again: ReturnType<typeof setTimeout> | undefined;
    let tell: ReturnType<typeof setTimeout> | undefined;
    let pause = shortest;
    const jobs = new Map<string, Row>();
    const removed = new Set<string>();

    const flush = (): void => {
      tell = undefined;
      const heard = { jobs: [...jobs.values()], removed: [...removed], place };
      jobs.clear();
      removed.clear();
      told.current.hear(heard);
    };
    const note = (event: MessageEvent<string>): void => {
      if (event.lastEventId) place = Number(event.lastEventId);
      tell ??= setTimeout(flush, gather);
    };
    const close = (): void => {
      source?.close();
      source = undefined;
      clearTimeout(again);
    };
    const retry = (): void => {
      close();
      setState('waiting');
      again = setTimeout(open, pause * (0.5 + Math.random() / 2));
      pause = Math.min(pause * 2, longest);
    };
    const open = (): void => {
      close();
      source = new EventSource(`${address}${address.includes('?') ? '&' : '?'}after=${place}`);
      source.onopen = () => {
        pause = shortest;
        setState('live');
      };
      source.onerror = retry;
      source.addEventListener('job', (event) => {
        const row = JSON.parse(event.data as string) as Row;
        removed.delete(row.id);
        jobs.set(row.id, row);
        note(event);
      });
      source.addEventListener('removed', (event) => {
        const { id } = JSON.parse(event.data as string) as { id: string };
        jobs.delete(id);
        removed.add(id);
        note(event);
      });
      source.addEventListener('resync', () => {
        close();
        told.current.resync();
      });
      source.addEventListener('end', retry);
    };
    const looked = (): void => {
      if (document.hidden) {
        close();
        setState('resting');
      } else open();
    };
    if (!document.hidden) open();
    document.addEventListener('visibilitychange', looked);
    window.addEventListener('online', looked);
    return () => {
      document.removeEventListener('visibilitychange', looked);
      window.removeEventListener('online', looked);
      clearTimeout(tell);
      close();
    };
  }, [address, after]);
  return state;
}
