import type { JobHandle, Present, Watched } from '@fieldsync/sdk';
import { useMemo, useSyncExternalStore } from 'react';
import { framed } from './framed.ts';

const nothing: Watched<readonly Present[]> = { get: () => none, subscribe: () => () => undefined };
const none: readonly Present[] = [];

/** What follows from who else is there. They move all the time: it is what it was where it says the same, and is looked at once for each frame. of: always the same function. */
export function useOthers<T>(handle: JobHandle | undefined, of: (others: readonly Present[]) => readonly T[]): readonly T[] {
  const { subscribe, get } = useMemo(() => following(framed(handle?.presence.others ?? nothing), of), [handle, of]);
  return useSyncExternalStore(subscribe, get);
}

function following<T>(others: Watched<readonly Present[]>, of: (others: readonly Present[]) => readonly T[]): Watched<readonly T[]> {
  let seen: readonly T[] = [];
  let from = none;
  return {
    subscribe: others.subscribe,
    get() {
      const now = others.get();
      if (now === from) return seen;
      from = now;
      const next = of(now);
      if (JSON.stringify(next) !== JSON.stringify(seen)) seen = next;
      return seen;
    },
  };
}
