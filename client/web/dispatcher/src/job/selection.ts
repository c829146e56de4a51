/* What one edit of a text is, and where a place in the text is after it. Pure; positions count UTF-16 units. */

export interface Splice {
  at: number;
  remove: number;
  insert: string;
}

/** between is the one smallest splice that makes a text another one; undefined where they are the same. Pairs of surrogates stay together. */
export function between(from: string, to: string): Splice | undefined {
  if (from === to) return undefined;
  const shortest = Math.min(from.length, to.length);
  let start = 0;
  while (start < shortest && from.charCodeAt(start) === to.charCodeAt(start)) start++;
  if (start > 0 && high(from.charCodeAt(start - 1))) start--;
  let end = 0;
  while (end < shortest - start && from.charCodeAt(from.length - 1 - end) === to.charCodeAt(to.length - 1 - end)) end++;
  if (end > 0 && low(from.charCodeAt(from.length - end))) end--;
  return { at: start, remove: from.length - start - end, insert: to.slice(start, to.length - end) };
}

const high = (unit: number): boolean => unit >= 0xd800 && unit < 0xdc00;
const low = (unit: number): boolean => unit >= 0xdc00 && unit < 0xe000;

/** moved is where a place is after a splice that somebody else made: what is typed at the place itself comes behind it. */
export function moved(place: number, splice: Splice | undefined): number {
  if (!splice || place <= splice.at) return place;
  if (place <= splice.at + splice.remove) return splice.at;
  return place - splice.remove + splice.insert.length;
}

/** over is a splice as it is to be made on a text that another splice has changed meanwhile: what the other one put there stays. */
export function over(mine: Splice, theirs: Splice | undefined): Splice {
  if (!theirs) return mine;
  const start = moved(mine.at, theirs);
  const end = moved(mine.at + mine.remove, theirs);
  if (theirs.at >= mine.at && theirs.at + theirs.remove <= mine.at + mine.remove && theirs.insert && mine.remove > 0) {
    // it lies within what is taken away: only what stands before it is
    return { at: start, remove: Math.max(0, theirs.at - mine.at), insert: mine.insert };
  }
  return { at: start, remove: Math.max(0, end - start), insert: mine.insert };
}
