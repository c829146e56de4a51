import type { Watched } from '@fieldsync/sdk';
import { useWatched } from '@fieldsync/sdk/react';
import { useMemo } from 'react';

const beat = 100; // ms between two frames that show what others do
const patience = 200; // ms that it waits for one's own next letter, which it is shown with, where one types

const due = new Set<() => void>(); // listeners that the next frame calls
let timer: ReturnType<typeof setTimeout> | undefined;
let frame: number | undefined;
let typed = -Infinity; // when one's own last letter came, ms

function draw(): void {
  frame = undefined;
  const all = [...due];
  due.clear();
  for (const listener of all) listener();
}

/** One's own letter came: a frame is drawn for it anyway, and shows what others have done, too. */
export function drawWithOwn(): void {
  typed = performance.now();
  drawNext();
}

function drawNext(): void {
  if (due.size === 0) return;
  clearTimeout(timer);
  timer = undefined;
  frame ??= requestAnimationFrame(draw);
}

function drawAtBeat(listener: () => void): void {
  due.add(listener);
  if (frame !== undefined) return;
  const now = performance.now();
  timer ??= setTimeout(drawNext, now - typed < patience ? typed + patience - now : beat - (now % beat));
}

/**
 * A Watched whose listeners are called ten times a second, before a frame, once for all that has changed until then. All of them are called before the same frame: text and
 * carets, which is one layout for a page in which several type at once. One's own letters are in the field already, and what others did is shown with them (drawWithOwn).
 */
export const framed = <T>(watched: Watched<T>): Watched<T> => ({
  get: watched.get,
  subscribe(listener) {
    const mine = () => listener(); // one for each subscription
    const end = watched.subscribe(() => drawAtBeat(mine));
    return () => {
      end();
      due.delete(mine);
    };
  },
});

/** What a Watched holds, drawn at the next beat. */
export function useFramed<T>(watched: Watched<T>): T {
  return useWatched(useMemo(() => framed(watched), [watched]));
}
