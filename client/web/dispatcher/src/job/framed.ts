import type { Watched } from '@fieldsync/sdk';
import { useWatched } from '@fieldsync/sdk/react';
import { useMemo } from 'react';

const due = new Set<() => void>(); // listeners that the next frame calls
let frame: number | undefined;

function draw(): void {
  frame = undefined;
  const all = [...due];
  due.clear();
  for (const listener of all) listener();
}

/**
 * A Watched whose listeners are called before the next frame, once for all that has changed until then, and all of them before the same one: text and carets, which is one layout
 * for a page in which several type at once. That what others do comes a few times a second only is the SDK's doing. One's own letters are in the field already.
 */
export const framed = <T>(watched: Watched<T>): Watched<T> => ({
  get: watched.get,
  subscribe(listener) {
    const mine = () => listener(); // one for each subscription
    const end = watched.subscribe(() => {
      due.add(mine);
      frame ??= requestAnimationFrame(draw);
    });
    return () => {
      end();
      due.delete(mine);
    };
  },
});

/** What a Watched holds, drawn with the next frame. */
export function useFramed<T>(watched: Watched<T>): T {
  return useWatched(useMemo(() => framed(watched), [watched]));
}
