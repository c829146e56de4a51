import { expect, test } from 'vitest';
import type { Row } from '../api/types.ts';
import { ends, missing } from './ends.ts';

const rows = (from: number, to: number): Row[] => Array.from({ length: to - from }, (_, i) => ({ id: `${from + i}` }) as Row);
const shown = (e: ReturnType<typeof ends>) => Array.from({ length: e.count }, (_, i) => e.at(i)?.id ?? '·').join(' ');

test('a list that is read from both ends is as long as it is counted, with a gap between', () => {
  const e = ends(rows(0, 3), rows(8, 10), false, 10);
  expect(shown(e)).toBe('0 1 2 · · · · · 8 9');
  expect([e.gap, e.gapEnd, e.indexOf('2'), e.indexOf('9'), e.indexOf('5')]).toEqual([3, 8, 2, 9, -1]);
});

test('the ends meet where both have a row, and not before, whatever was counted', () => {
  expect(shown(ends(rows(0, 6), rows(5, 8), false, 8))).toBe('0 1 2 3 4 5 6 7');
  expect(shown(ends(rows(0, 6), rows(4, 8), false, 3))).toBe('0 1 2 3 4 5 6 7');
  expect(shown(ends(rows(0, 5), rows(5, 8), false, 8))).toBe('0 1 2 3 4 · 5 6 7'); // one may have come between them
  expect(shown(ends(rows(0, 3), [], true, 9))).toBe('0 1 2');
  expect(shown(ends(rows(0, 3), [], false, undefined))).toBe('0 1 2 ·');
  expect(shown(ends([], [], true, 0))).toBe('');
});

test('what is in sight is read at the nearer end, a little before it is reached', () => {
  const e = ends(rows(0, 100), rows(900, 1000), false, 1000);
  expect(missing(e, 0, 30, 40)).toBeUndefined();
  expect(missing(e, 30, 60, 40)).toBe('head');
  expect(missing(e, 200, 230, 40)).toBe('head');
  expect(missing(e, 800, 830, 40)).toBe('tail');
  expect(missing(e, 920, 950, 40)).toBe('tail');
  expect(missing(e, 950, 980, 40)).toBeUndefined();
  expect(missing(ends(rows(0, 100), [], false, 1000), 970, 999, 40)).toBe('tail');
  expect(missing(ends(rows(0, 6), rows(5, 8), false, 8), 0, 7, 40)).toBeUndefined();
});
