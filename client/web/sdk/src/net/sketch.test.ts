import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { Comparison, fromHex, hex, type CatchUpFrame, type Compared, type Item } from './catchup.ts';
import { checkOf, keyOf, places, sketch } from './sketch.ts';

interface Vectors {
  readonly places: readonly { readonly key: string; readonly check: string; readonly places: readonly number[] }[];
  readonly comparisons: readonly { readonly name: string; readonly dialer: readonly string[]; readonly called: readonly string[]; readonly digest: string; readonly sketch: string; readonly items: readonly string[]; readonly keys: readonly string[] }[];
}
const vectors = JSON.parse(readFileSync(new URL('../../../../../conformance/vectors/catch-up.json', import.meta.url), 'utf8')) as Vectors;
const item = (s: string): Item => ({ doc: fromHex(s.slice(0, 32)), digest: fromHex(s.slice(32)) });

describe('the shared vectors of the catch-up', () => {
  test.each(vectors.places)('the places of key $key', ({ key, check, places: want }) => {
    const [high, low] = [parseInt(key.slice(0, 8), 16), parseInt(key.slice(8), 16)];
    expect([...places(high, low, 4096)]).toEqual(want);
    expect(checkOf(high, low).toString(16).padStart(8, '0')).toBe(check);
  });

  test.each(vectors.comparisons)('$name', ({ dialer, called, digest, sketch: want, items, keys }) => {
    const ours = dialer.map(item);
    expect(hex(sketch(fromHex(digest), ours, want.length / 28))).toBe(want);
    expect(ours.filter((i) => !called.includes(hex(i.doc) + hex(i.digest))).map((i) => hex(keyOf(fromHex(digest), i))).sort()).toEqual(keys);

    const c = new Comparison(ours);
    let sent = c.first();
    expect(hex(sent.r![0]![3])).toBe(digest);
    let symbols = hex(sent.k!);
    if (symbols.length < want.length) {
      sent = c.next({ m: want.length / 28 }) as CatchUpFrame;
      expect(sent.r).toBeUndefined();
      symbols += hex(sent.k!);
    }
    expect(symbols).toBe(want);

    const theirs = new Comparison(called.map(item)).first().r!;
    const answer: CatchUpFrame = { r: theirs, i: fromHex(items.join('')), y: fromHex(keys.join('')), d: true };
    const out = c.next(answer) as Compared;
    const differ = dialer.filter((s) => !called.includes(s)).map((s) => s.slice(0, 32));
    expect(out.differ.map(hex).sort()).toEqual([...new Set([...differ, ...items.map((s) => s.slice(0, 32))])].sort());
    expect(out.unlisted.map(hex).sort()).toEqual(differ.filter((id) => !called.some((s) => s.startsWith(id))).sort());
    expect(out.equal).toHaveLength(dialer.length - differ.length);
  });
});

test('what the sketch told is held to what the other end says that it holds: if that is not so, ranges have to do', () => {
  const v = vectors.comparisons[1]!;
  const theirs = new Comparison(v.called.map(item)).first().r!;
  for (const answer of [
    { r: theirs, i: fromHex(v.items.slice(1).join('')), y: fromHex(v.keys.join('')), d: true },
    { r: theirs, i: fromHex(v.items.join('')), d: true },
    { i: fromHex(v.items.join('')), y: fromHex(v.keys.join('')), d: true },
  ]) {
    const c = new Comparison(v.dialer.map(item));
    const { r } = c.first();
    expect(c.next(answer)).toEqual({ r });
  }
});

test('a sketch of no such length is not sent, and nothing held needs none', () => {
  const c = new Comparison(vectors.comparisons[0]!.dialer.map(item));
  const { r } = c.first();
  expect(c.next({ m: 1 << 20 })).toEqual({ r });
  expect(c.next({ m: 10 })).toEqual({ r });
  expect(new Comparison([]).first().k).toBeUndefined();
});
