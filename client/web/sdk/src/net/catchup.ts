import { sha256 } from '@noble/hashes/sha2.js';
import { keyOf, maxSketch, sketch, sketchFirst, symbolsFrom } from './sketch.ts';

/** A document that may be talked about, with the digest of its heads; 16 bytes each. */
export interface Item {
  readonly doc: Uint8Array;
  readonly digest: Uint8Array;
}

/** A range as it stands in a frame: from, to, count, digest, items (docs/PROTOCOL.md, Catch-up). */
export type Range = [from: Uint8Array, to: Uint8Array, count: number, digest: Uint8Array, items: Uint8Array | null];

export interface CatchUpFrame {
  readonly r?: readonly Range[] | null;
  readonly d?: boolean | null;
  /** Symbols of the dialer's sketch. */
  readonly k?: Uint8Array | null;
  /** How many symbols the other end wants in all. */
  readonly m?: number | null;
  /** Read from the sketch: its items that the dialer has not, or at other heads. */
  readonly i?: Uint8Array | null;
  /** Likewise: the keys of the dialer's items that it has not, or at other heads. */
  readonly y?: Uint8Array | null;
}

export interface Compared {
  readonly equal: readonly Uint8Array[];
  readonly differ: readonly Uint8Array[];
  /** Of differ: what we hold and the server does not list. */
  readonly unlisted: readonly Uint8Array[];
}

const none = new Uint8Array(0);

/** The digest of heads: the first 16 bytes of SHA-256 over them, sorted. */
export function headsDigest(heads: readonly string[]): Uint8Array {
  return sum([...heads].sort().map(fromHex));
}

/** The dialer's side of a comparison: what it sends, and what came out of it. */
export class Comparison {
  readonly #items: readonly Item[];
  readonly #equal = new Set<Item>();
  readonly #differ = new Map<string, Uint8Array>();
  readonly #unlisted = new Map<string, Uint8Array>();
  readonly #whole: Range;
  #sketched = 0; // symbols sent

  constructor(items: readonly Item[]) {
    this.#items = [...items].sort((a, b) => compare(a.doc, b.doc));
    this.#whole = range(none, none, this.#items);
  }

  /** One range over everything, and the beginning of a sketch of it. */
  first(): CatchUpFrame {
    return { r: [this.#whole], ...(this.#items.length > 0 ? this.#more(sketchFirst) : {}) };
  }

  #more(symbols: number): CatchUpFrame {
    const k = symbolsFrom(sketch(this.#whole[3], this.#items, symbols), this.#sketched);
    this.#sketched = symbols;
    return { k };
  }

  /** Takes an answer: the next frame to send, or what came out. */
  next(frame: CatchUpFrame): CatchUpFrame | Compared {
    if (frame.m && frame.m > this.#sketched && frame.m <= maxSketch) return this.#more(frame.m);
    if (frame.m) return { r: [this.#whole] }; // no such sketch is ours to send
    if (frame.i?.length || frame.y?.length) return this.#read(frame);
    const out: Range[] = [];
    for (const [from, to, count, digest, items] of frame.r ?? []) {
      const mine = this.#within(from, to);
      const own = range(from, to, mine);
      if (items) {
        this.#compare(mine, parse(items));
        own[4] = pack(mine);
      } else if (count === mine.length && compare(digest, own[3]) === 0) for (const item of mine) this.#equal.add(item);
      out.push(own);
    }
    if (!frame.d && out.length > 0) return { r: out };
    // What was found in no differing range lies in one that both ends know to be equal: the whole, if nothing was narrowed.
    const equal = this.#items.filter((item) => !this.#differ.has(hex(item.doc)));
    return { equal: equal.map((item) => item.doc), differ: [...this.#differ.values()], unlisted: [...this.#unlisted.values()] };
  }

  /** The other end has read the difference from the sketch. What we hold, so changed, must be what it says that it holds: else ranges have to do. */
  #read(frame: CatchUpFrame): CatchUpFrame | Compared {
    const theirs = parse(frame.i ?? none);
    const listed = new Set(theirs.map((item) => hex(item.doc)));
    const keys = hex(frame.y ?? none);
    const other = new Set(Array.from({ length: keys.length / 16 }, (_, n) => keys.slice(n * 16, n * 16 + 16)));
    const equal: Item[] = [];
    const unlisted: Uint8Array[] = [];
    for (const item of this.#items) {
      if (listed.has(hex(item.doc))) continue;
      if (other.has(hex(keyOf(this.#whole[3], item)))) unlisted.push(item.doc);
      else equal.push(item);
    }
    const own = range(none, none, [...equal, ...theirs].sort((a, b) => compare(a.doc, b.doc)));
    const said = frame.r?.[0];
    if (frame.r?.length !== 1 || !said || said[0].length + said[1].length > 0 || said[2] !== own[2] || compare(said[3], own[3]) !== 0) return { r: [this.#whole] };
    return { equal: equal.map((item) => item.doc), differ: [...theirs.map((item) => item.doc), ...unlisted], unlisted };
  }

  #compare(mine: readonly Item[], theirs: readonly Item[]) {
    const listed = new Map(theirs.map((item) => [hex(item.doc), item]));
    for (const item of mine) {
      const key = hex(item.doc);
      const other = listed.get(key);
      if (other && compare(other.digest, item.digest) === 0) this.#equal.add(item);
      else this.#differ.set(key, item.doc);
      if (!other) this.#unlisted.set(key, item.doc);
      listed.delete(key);
    }
    for (const [key, item] of listed) this.#differ.set(key, item.doc);
  }

  #within(from: Uint8Array, to: Uint8Array): readonly Item[] {
    return this.#items.filter((item) => compare(item.doc, from) >= 0 && (to.length === 0 || compare(item.doc, to) < 0));
  }
}

function range(from: Uint8Array, to: Uint8Array, items: readonly Item[]): Range {
  return [from, to, items.length, sum(items.flatMap((item) => [item.doc, item.digest])), null];
}

function sum(parts: readonly Uint8Array[]): Uint8Array {
  const hash = sha256.create();
  for (const part of parts) hash.update(part);
  return hash.digest().slice(0, 16);
}

function pack(items: readonly Item[]): Uint8Array {
  const out = new Uint8Array(items.length * 32);
  items.forEach((item, i) => {
    out.set(item.doc, i * 32);
    out.set(item.digest, i * 32 + 16);
  });
  return out;
}

function parse(bytes: Uint8Array): Item[] {
  const out: Item[] = [];
  for (let i = 0; i + 32 <= bytes.length; i += 32) out.push({ doc: bytes.slice(i, i + 16), digest: bytes.slice(i + 16, i + 32) });
  return out;
}

export function compare(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < a.length && i < b.length; i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return a.length - b.length;
}

export const hex = (bytes: Uint8Array): string => Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('');
export const fromHex = (s: string): Uint8Array => Uint8Array.from({ length: s.length / 2 }, (_, i) => parseInt(s.slice(i * 2, i * 2 + 2), 16));
