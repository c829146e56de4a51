/**
 * Values of a document as automerge gives them: maps are plain objects, texts are strings, scalar strings are objects that hold one in
 * `val`, times are Dates, counters are objects that hold a number in `value`. Readers take a text and a scalar string alike (docs/JOB.md).
 */
export type Tree = { readonly [key: string]: unknown };

const first = -62167219200000; // the year 0
const last = 253402300799999; // the end of 9999

export function isMap(v: unknown): v is Tree {
  if (typeof v !== 'object' || v === null || Array.isArray(v)) return false;
  const prototype = Object.getPrototypeOf(v) as unknown;
  return prototype === Object.prototype || prototype === null;
}

/** A scalar string or a counter: an object of automerge's, not a map that has such a key. */
const isScalar = (v: unknown): v is { readonly val?: unknown; readonly value?: unknown } => typeof v === 'object' && v !== null && !isMap(v);

/** The string of a text or a scalar string; undefined: it is neither. */
export function text(v: unknown): string | undefined {
  if (typeof v === 'string') return v;
  const val = isScalar(v) ? v.val : undefined;
  return typeof val === 'string' ? val : undefined;
}

export const str = (v: unknown): string => text(v) ?? '';

/** A string, or a number that stands for one: numbers of houses and the like. */
export function label(v: unknown): string {
  const n = number(v);
  return n === undefined ? str(v) : String(n);
}

export function number(v: unknown): number | undefined {
  if (typeof v === 'bigint') return Number(v); // beyond 2^53
  if (typeof v === 'number') return Number.isFinite(v) ? v : undefined;
  return isScalar(v) && typeof v.value !== 'object' ? number(v.value) : undefined; // a counter
}

/** Milliseconds since 1970 of what is a time; 0 of what is none. */
export function time(v: unknown): number {
  const ms = v instanceof Date ? v.getTime() : typeof v === 'bigint' ? Number(v) : v;
  return typeof ms === 'number' && Number.isInteger(ms) && ms >= first && ms <= last ? ms : 0;
}

/** RFC 3339 with milliseconds in UTC; undefined for none. */
export function iso(v: unknown): string | undefined {
  const ms = time(v);
  if (ms === 0) return undefined;
  return new Date(ms).toISOString().replace(/^\+0*(\d{4})/, '$1');
}

export const strings = (v: unknown): string[] => (Array.isArray(v) ? v.map(text).filter((s) => s !== undefined) : []);

/** What a table of ours has under a name that a document says: not what every object has, such as `constructor`. */
export const own = <T>(table: Readonly<Record<string, T>>, name: string): T | undefined => (Object.hasOwn(table, name) ? table[name] : undefined);

/** Compares as UTF-8 bytes do: by code points. */
export function byUTF8(a: string, b: string): number {
  for (let i = 0; ; ) {
    const x = a.codePointAt(i);
    const y = b.codePointAt(i);
    if (x === undefined || y === undefined) return x === y ? 0 : x === undefined ? -1 : 1;
    if (x !== y) return x - y;
    i += x > 0xffff ? 2 : 1;
  }
}

/** The entries of a map of entries that are maps, by their ids. */
export function entries(v: unknown): [string, Tree][] {
  if (!isMap(v)) return [];
  return Object.entries(v)
    .filter((e): e is [string, Tree] => isMap(e[1]))
    .sort((a, b) => byUTF8(a[0], b[0]));
}

/** An object without what is undefined or an empty string. */
export function compact<T extends object>(o: { [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(o).filter(([, v]) => v !== undefined && v !== '')) as T;
}

/** A value as the JSON form has it; null: it has none. */
export function plain(v: unknown): unknown {
  const s = text(v);
  if (s !== undefined) return s;
  if (v instanceof Date) return v.getTime() === 0 ? v.toISOString() : (iso(v) ?? null);
  if (Array.isArray(v)) return v.map(plain);
  if (isMap(v)) return Object.fromEntries(Object.keys(v).sort(byUTF8).map((k) => [k, plain(v[k])]));
  return typeof v === 'boolean' ? v : (number(v) ?? null);
}
