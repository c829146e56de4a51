import type { Watched } from '@fieldsync/sdk';
import { useWatched } from '@fieldsync/sdk/react';
import { useMemo } from 'react';

const rest = 250; // ms until what one did oneself is drawn, if nothing else is

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
 * for a page in which several type at once. That what others do comes a few times a second only is the SDK's doing.
 * own: whether what has changed is one's own letters. They are in the field already, so what follows from them may rest for a quarter of a second.
 */
export const framed = <T>(watched: Watched<T>, own: () => boolean = () => false): Watched<T> => ({
  get: watched.get,
  subscribe(listener) {
    let resting: ReturnType<typeof setTimeout> | undefined;
    const mine = () => {
      clearTimeout(resting);
      resting = undefined;
      listener();
    };
    const now = () => {
      due.add(mine);
      frame ??= requestAnimationFrame(draw);
    };
    const end = watched.subscribe(() => {
      if (own()) resting ??= setTimeout(now, rest);
      else now();
    });
    return () => {
      end();
      clearTimeout(resting);
      due.delete(mine);
    };
  },
});

/** What a Watched holds, drawn with the next frame, or a little later where the change is one's own. own: always the same function. */
export function useFramed<T>(watched: Watched<T>, own: () => boolean): T {
  return useWatched(useMemo(() => framed(watched, own), [watched, own]));
}
