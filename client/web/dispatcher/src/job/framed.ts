import type { Watched } from '@fieldsync/sdk';
import { useWatched } from '@fieldsync/sdk/react';
import { useMemo } from 'react';

const beat = 100; // ms between two frames that show what others do

/**
 * A Watched whose listeners are called ten times a second, before a frame, once for all that has changed until then. All of them are called before the same frame: text and
 * carets, which is one layout for a page in which several type at once. One's own letters are in the field already.
 */
export const framed = <T>(watched: Watched<T>): Watched<T> => ({
  get: watched.get,
  subscribe(listener) {
    let due: ReturnType<typeof setTimeout> | undefined;
    let frame: number | undefined;
    const end = watched.subscribe(() => {
      due ??= setTimeout(() => {
        frame = requestAnimationFrame(() => {
          due = frame = undefined;
          listener();
        });
      }, beat - (performance.now() % beat));
    });
    return () => {
      end();
      clearTimeout(due);
      if (frame !== undefined) cancelAnimationFrame(frame);
    };
  },
});

/** What a Watched holds, drawn at the next beat. */
export function useFramed<T>(watched: Watched<T>): T {
  return useWatched(useMemo(() => framed(watched), [watched]));
}
