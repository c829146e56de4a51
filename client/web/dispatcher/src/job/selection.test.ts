import { expect, test } from 'vitest';
import { between, moved, over, type Splice } from './selection.ts';

const apply = (text: string, s: Splice | undefined): string => (s ? text.slice(0, s.at) + s.insert + text.slice(s.at + s.remove) : text);

/** A generator of numbers that gives the same ones each time. */
function random(seed: number): (below: number) => number {
  return (below) => {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    return Math.floor((seed / 2147483648) * below);
  };
}

const lone = /\p{Surrogate}/u; // half of a pair

test('the splice between two texts makes one of the other, and cuts no pair of surrogates', () => {
  const next = random(1);
  const letters = ['a', 'b', '😀', '😁', 'é', ' '];
  const text = () => Array.from({ length: next(8) }, () => letters[next(letters.length)]).join('');
  for (let i = 0; i < 5000; i++) {
    const [from, to] = [text(), text()];
    const s = between(from, to);
    expect(apply(from, s)).toBe(to);
    if (s) {
      expect(s.insert).not.toMatch(lone);
      expect(from.slice(s.at, s.at + s.remove)).not.toMatch(lone);
    }
  }
});

test('what others typed meanwhile stays, wherever it was', () => {
  const next = random(2);
  for (let i = 0; i < 5000; i++) {
    const from = 'abcdefgh'.slice(0, next(9));
    const cut = (): Splice => {
      const at = next(from.length + 1);
      return { at, remove: next(from.length - at + 1), insert: '' };
    };
    const mine = { ...cut(), insert: 'M'.repeat(next(3)) };
    const theirs = { at: next(from.length + 1), remove: 0, insert: 'TT' };
    const out = apply(apply(from, theirs), over(mine, theirs));
    expect(out.replaceAll(/[^M]/g, '')).toBe(mine.insert);
    expect(out.replaceAll(/[^T]/g, '')).toBe('TT');
  }
});

test('a caret stays between its letters', () => {
  expect(moved(3, { at: 0, remove: 0, insert: 'xx' })).toBe(5);
  expect(moved(3, { at: 3, remove: 0, insert: 'xx' })).toBe(3); // typed at it: comes behind
  expect(moved(3, { at: 5, remove: 2, insert: '' })).toBe(3);
  expect(moved(6, { at: 2, remove: 3, insert: 'y' })).toBe(4);
  expect(moved(4, { at: 2, remove: 5, insert: 'y' })).toBe(2); // its place is gone
});
