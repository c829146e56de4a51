import type { Watched } from '@fieldsync/sdk';
import { useWatched } from '@fieldsync/sdk/react';
import { useMemo } from 'react';

/** A Watched whose listeners are called before the next frame, once for all that has changed until then: more often nobody sees it. */
export const framed = <T>(watched: Watched<T>): Watched<T> => ({
  get: watched.get,
  subscribe(listener) {
    let due: number | undefined;
    const end = watched.subscribe(() => {
      due ??= requestAnimationFrame(() => {
        due = undefined;
        listener();
      });
    });
    return () => {
      end();
      if (due !== undefined) cancelAnimationFrame(due);
    };
  },
});

/** What a Watched holds, drawn once for each frame. */
export function useFramed<T>(watched: Watched<T>): T {
  return useWatched(useMemo(() => framed(watched), [watched]));
}
