import { sha256 } from '@noble/hashes/sha2.js';
import type { Item } from './catchup.ts';

/** Symbols of the first frame: enough for some 14 documents that differ. */
export const sketchFirst = 48;
/** Symbols that an answer may want in all. */
export const maxSketch = 3072;
/** Bytes of a symbol: 8 the exclusive or of keys, 4 of their checks, 2 how many there are. */
const symbolSize = 14;
const farthest = 1 << 20;

/** A key of 64 bits, as it is compared: 16 hexadecimal digits. */
export type Key = string;

/** The key of an item in a comparison whose dialer's range over everything has the digest salt. */
export function keyOf(salt: Uint8Array, item: Item): Uint8Array {
  const hash = sha256.create();
  for (const part of [salt, item.doc, item.digest]) hash.update(part);
  return hash.digest().slice(0, 8);
}

/** The finalizer of MurmurHash3, of 32 bits. */
function mix(x: number): number {
  let y = x ^ (x >>> 16);
  y = Math.imul(y, 0x85ebca6b);
  y ^= y >>> 13;
  y = Math.imul(y, 0xc2b2ae35);
  return (y ^ (y >>> 16)) >>> 0;
}

export function checkOf(high: number, low: number): number {
  const l = mix(low);
  return mix(high ^ ((l << 5) | (l >>> 27)));
}

/** The symbols that a key is in, of the first n. */
export function* places(high: number, low: number, n: number): Generator<number> {
  let random = (high ^ low) >>> 0;
  for (let at = 0; at < n; ) {
    yield at;
    random = mix((random + 0x9e3779b9) >>> 0);
    const u = (random + 1) / 2 ** 32;
    at += Math.min(Math.max(Math.ceil((at + 1.5) * (1 / Math.sqrt(u) - 1)), 1), farthest);
  }
}

/**
 * The first n symbols of an inventory as they stand in a frame (docs/PROTOCOL.md, The sketch): so that the other end reads the difference of two
 * inventories from the difference of their sketches. A longer one begins with the shorter.
 */
export function sketch(salt: Uint8Array, items: readonly Item[], n: number): Uint8Array {
  const out = new DataView(new ArrayBuffer(n * symbolSize));
  for (const item of items) {
    const key = keyOf(salt, item);
    const view = new DataView(key.buffer);
    const [high, low] = [view.getUint32(0), view.getUint32(4)];
    const check = checkOf(high, low);
    for (const at of places(high, low, n)) {
      const p = at * symbolSize;
      out.setUint32(p, out.getUint32(p) ^ high);
      out.setUint32(p + 4, out.getUint32(p + 4) ^ low);
      out.setUint32(p + 8, out.getUint32(p + 8) ^ check);
      out.setUint16(p + 12, out.getUint16(p + 12) + 1);
    }
  }
  return new Uint8Array(out.buffer);
}

/** The symbols of a sketch from one on. */
export const symbolsFrom = (s: Uint8Array, from: number): Uint8Array => s.subarray(from * symbolSize);
