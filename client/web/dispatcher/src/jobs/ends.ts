import type { Row } from '../api/types.ts';

/** How far a list is read: from its beginning on, and from its end back, so that one can be at the end of a long one without all that lies between. */
export interface Ends {
  /** What the list is as long as; what is not read yet is counted too. */
  readonly count: number;
  /** The rows before `gap`, and those from `gapEnd` on; between them nothing is read. All is read: both are `count`. */
  readonly gap: number;
  readonly gapEnd: number;
  readonly at: (index: number) => Row | undefined;
  readonly indexOf: (id: string) => number;
}

/**
 * ends joins what was read from both ends. `head` are the first rows, `tail` the last ones, in the list's order; `whole`: head is all. `total` is how many there are, as it was counted
 * last: it may lag behind, so that only a row which both have says that they meet.
 */
export function ends(head: readonly Row[], tail: readonly Row[], whole: boolean, total: number | undefined): Ends {
  const last = head[head.length - 1];
  const met = whole || !last ? -1 : tail.findIndex((row) => row.id === last.id);
  const after = whole ? [] : tail.slice(met + 1);
  const joined = whole || met >= 0;
  const read = head.length + after.length;
  const count = joined ? read : Math.max(total ?? 0, read + 1);
  const gap = joined ? count : head.length;
  const gapEnd = joined ? count : count - after.length;
  const start = count - after.length; // of what comes from the end
  return {
    count,
    gap,
    gapEnd,
    at: (index) => (index < head.length ? head[index] : index >= start ? after[index - start] : undefined),
    indexOf: (id) => {
      const first = head.findIndex((row) => row.id === id);
      if (first >= 0) return first;
      const then = after.findIndex((row) => row.id === id);
      return then < 0 ? -1 : start + then;
    },
  };
}

/** Where to read on for the rows from `first` to `last` to be there, and some beyond: at the end that is nearer. undefined: nothing is missing. */
export function missing({ gap, gapEnd }: Ends, first: number, last: number, ahead: number): 'head' | 'tail' | undefined {
  if (gap === gapEnd || last + ahead < gap || first - ahead >= gapEnd) return undefined;
  return gapEnd - first < last - gap ? 'tail' : 'head';
}
