import { A } from '../automerge.ts';
import { isMap, text } from './values.ts';

/** One edit of a document. A value may hold SharedString for what merges by characters; other strings are scalar. */
export type Edit =
  | { readonly op: 'set'; readonly path: readonly string[]; readonly value: unknown }
  | { readonly op: 'delete'; readonly path: readonly string[] }
  /** Makes the text there say this by one splice; a text is made where there is none. */
  | { readonly op: 'text'; readonly path: readonly string[]; readonly text: string }
  /** A map is there after it. */
  | { readonly op: 'map'; readonly path: readonly string[] };

/** A text that merges by characters. */
export class SharedString {
  constructor(readonly text: string) {}
}

export const set = (path: readonly string[], value: unknown): Edit => ({ op: 'set', path, value });
export const drop = (path: readonly string[]): Edit => ({ op: 'delete', path });

/** Makes edits within A.change. Those that go through what is not there are left out: somebody took it away meanwhile. */
export function apply(doc: object, edits: readonly Edit[]): void {
  for (const e of edits) {
    const parent = find(doc, e.path.slice(0, -1));
    const key = e.path[e.path.length - 1]!;
    if (!parent) continue;
    switch (e.op) {
      case 'set':
        // A whole number beyond 2^53 would be written as an integer, and the change decoded by no browser.
        parent[key] = typeof e.value === 'number' && Number.isInteger(e.value) && !Number.isSafeInteger(e.value) ? new A.Float64(e.value) : written(e.value);
        break;
      case 'delete':
        delete parent[key];
        break;
      case 'map':
        if (!isObject(parent[key])) parent[key] = {};
        break;
      case 'text':
        if (typeof parent[key] === 'string') spliceText(doc, e.path, parent[key], e.text);
        else parent[key] = e.text; // a scalar string becomes a text
    }
  }
}

/** The one smallest splice that makes a text into another. Positions are UTF-16 units, and no pair is cut in two. */
export function smallestSplice(was: string, now: string): { at: number; remove: number; insert: string } {
  let start = 0;
  while (start < was.length && start < now.length && was[start] === now[start]) start++;
  if (start > 0 && isHigh(was.charCodeAt(start - 1))) start--;
  let end = 0;
  while (end < was.length - start && end < now.length - start && was[was.length - 1 - end] === now[now.length - 1 - end]) end++;
  if (end > 0 && isLow(was.charCodeAt(was.length - end))) end--;
  return { at: start, remove: was.length - start - end, insert: now.slice(start, now.length - end) };
}

const isHigh = (unit: number) => unit >= 0xd800 && unit < 0xdc00;
const isLow = (unit: number) => unit >= 0xdc00 && unit < 0xe000;

function spliceText(doc: object, path: readonly string[], was: string, now: string) {
  if (was === now) return;
  const { at, remove, insert } = smallestSplice(was, now);
  A.splice(doc as A.Doc<unknown>, [...path], at, remove, insert);
}

function find(doc: object, path: readonly string[]): Record<string, unknown> | undefined {
  let at: unknown = doc;
  for (const key of path) at = isObject(at) ? at[key] : undefined;
  return isObject(at) ? at : undefined;
}

const isObject = (v: unknown): v is Record<string, unknown> => typeof v === 'object' && v !== null && !Array.isArray(v) && !(v instanceof Date) && text(v) === undefined;

/** A value as automerge takes it: strings are scalar, undefined is left out. */
export function written(v: unknown): unknown {
  if (typeof v === 'string') return new A.ImmutableString(v);
  if (v instanceof SharedString) return v.text;
  if (v instanceof Date || typeof v !== 'object' || v === null || v instanceof A.ImmutableString || v instanceof Uint8Array || v instanceof A.Counter) return v;
  if (Array.isArray(v)) return v.map(written);
  if (isMap(v)) return Object.fromEntries(Object.entries(v).filter(([, x]) => x !== undefined).map(([k, x]) => [k, written(x)]));
  return v;
}

/** A value that was read, to be written again elsewhere as the same kind of value. */
export function rewritten(v: unknown): unknown {
  if (typeof v === 'string') return new SharedString(v);
  if (text(v) !== undefined) return text(v);
  if (Array.isArray(v)) return v.map(rewritten);
  if (isMap(v)) return Object.fromEntries(Object.entries(v).map(([k, x]) => [k, rewritten(x)]));
  return v;
}

/** A text after an edit that was made while it became another one: before and after are what was edited, now is what it became meanwhile. What was written stays. */
export function carried(before: string, after: string, now: string): string {
  const mine = smallestSplice(before, after);
  const theirs = smallestSplice(before, now);
  const end = mine.at + mine.remove;
  if (theirs.at >= mine.at && theirs.at + theirs.remove <= end) return before.slice(0, mine.at) + mine.insert + theirs.insert + before.slice(end);
  const moved = (at: number) => (at <= theirs.at ? at : at < theirs.at + theirs.remove ? theirs.at : at - theirs.remove + theirs.insert.length);
  const at = moved(mine.at);
  return now.slice(0, at) + mine.insert + now.slice(Math.max(at, moved(end)));
}
