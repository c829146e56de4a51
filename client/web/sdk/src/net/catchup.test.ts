import { sha256 } from '@noble/hashes/sha2.js';
import { expect, test } from 'vitest';
import { compare, Comparison, fromHex, headsDigest, hex, type CatchUpFrame, type Compared, type Item, type Range } from './catchup.ts';

const item = (n: number, state = 0): Item => ({ doc: sha256(Uint8Array.of(n >> 8, n)).slice(0, 16), digest: sha256(Uint8Array.of(1, n >> 8, n, state)).slice(0, 16) });
const pack = (items: readonly Item[]) => Uint8Array.from(items.flatMap((i) => [...i.doc, ...i.digest]));
const range = (from: Uint8Array, to: Uint8Array, items: readonly Item[]): Range => [from, to, items.length, sha256(pack(items)).slice(0, 16), null];

/** The side that is called, written from docs/PROTOCOL.md: it narrows what differs, 16 ways, and lists at most 16. */
function answer(mine: readonly Item[], frame: CatchUpFrame): CatchUpFrame {
  const out: Range[] = [];
  for (const [from, to, count, digest, items] of frame.r ?? []) {
    const own = mine.filter((i) => compare(i.doc, from) >= 0 && (to.length === 0 || compare(i.doc, to) < 0));
    const whole = range(from, to, own);
    if (items || (count === own.length && compare(digest, whole[3]) === 0)) continue;
    if (own.length <= 16 || count === 0) {
      whole[4] = pack(own);
      out.push(whole);
      continue;
    }
    for (let i = 0; i < 16; i++) {
      const part = own.slice((i * own.length) >> 4, ((i + 1) * own.length) >> 4);
      const next = own[((i + 1) * own.length) >> 4];
      out.push(range(i === 0 ? from : part[0]!.doc, i === 15 ? to : next!.doc, part));
    }
  }
  return out.length ? { r: out } : { d: true };
}

function run(ours: readonly Item[], theirs: readonly Item[]): Compared & { frames: number } {
  const sorted = [...theirs].sort((a, b) => compare(a.doc, b.doc));
  const c = new Comparison(ours);
  let frame: CatchUpFrame = c.first();
  for (let frames = 1; frames < 64; frames++) {
    const next = c.next(answer(sorted, frame));
    if ('equal' in next) return { ...next, frames };
    frame = next;
  }
  throw new Error('it does not end');
}

const ids = (docs: readonly Uint8Array[]) => docs.map(hex).sort();

test('nothing changed: one frame each way, and all is known to be equal', () => {
  const all = Array.from({ length: 300 }, (_, n) => item(n));
  const out = run(all, all);
  expect(out.frames).toBe(1);
  expect(out.differ).toEqual([]);
  expect(ids(out.equal)).toEqual(ids(all.map((i) => i.doc)));
});

test('what differs, what only one side holds, and what the server does not list are found among many', () => {
  const ours = Array.from({ length: 300 }, (_, n) => item(n));
  const theirs = [...ours.slice(5), item(1000), item(1001)].map((i) => (hex(i.doc) === hex(item(77).doc) ? item(77, 1) : i));
  const out = run(ours, theirs);
  expect(ids(out.differ)).toEqual(ids([...[0, 1, 2, 3, 4, 77, 1000, 1001].map((n) => item(n).doc)]));
  expect(ids(out.unlisted)).toEqual(ids([0, 1, 2, 3, 4].map((n) => item(n).doc)));
  expect(out.equal).toHaveLength(294);
});

test('who holds nothing gets the whole list', () => {
  const theirs = Array.from({ length: 40 }, (_, n) => item(n));
  const out = run([], theirs);
  expect(ids(out.differ)).toEqual(ids(theirs.map((i) => i.doc)));
  expect(out.unlisted).toEqual([]);
});

test('the digest of heads does not depend on their order', () => {
  const [a, b] = ['11'.repeat(32), 'aa'.repeat(32)];
  expect(headsDigest([b, a])).toEqual(headsDigest([a, b]));
  expect(headsDigest([a, b])).toEqual(sha256(fromHex(a + b)).slice(0, 16));
});
