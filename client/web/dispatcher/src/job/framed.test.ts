import { Value } from '@fieldsync/sdk';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { framed } from './framed.ts';

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('requestAnimationFrame', (frame: () => void) => setTimeout(frame, 16));
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

test('what has changed until a frame is drawn with it, once and together', async () => {
  const [text, carets] = [new Value(0), new Value(0)];
  const drawn: string[] = [];
  const ends = [framed(text).subscribe(() => drawn.push(`text ${text.get()}`)), framed(carets).subscribe(() => drawn.push('carets'))];
  text.set(1);
  carets.set(1);
  await vi.advanceTimersByTimeAsync(10);
  text.set(2);
  await vi.advanceTimersByTimeAsync(5);
  expect(drawn).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  expect(drawn).toEqual(['text 2', 'carets']);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(drawn).toHaveLength(2);

  text.set(3);
  carets.set(2);
  await vi.advanceTimersByTimeAsync(0);
  ends[0]!();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(drawn).toEqual(['text 2', 'carets', 'carets']);
});

test('one\'s own letters, which are in the field already, rest until another change is drawn, a quarter of a second at most', async () => {
  const text = new Value('');
  let own = true;
  const drawn: string[] = [];
  const end = framed(text, () => own).subscribe(() => drawn.push(text.get()));
  text.set('a');
  await vi.advanceTimersByTimeAsync(200);
  text.set('ab');
  expect(drawn).toEqual([]);
  await vi.advanceTimersByTimeAsync(66);
  expect(drawn).toEqual(['ab']);
  text.set('abc');
  own = false;
  text.set('abcd');
  await vi.advanceTimersByTimeAsync(16);
  expect(drawn).toEqual(['ab', 'abcd']);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(drawn).toHaveLength(2);
  own = true;
  text.set('abcde');
  await vi.advanceTimersByTimeAsync(266);
  expect(drawn).toEqual(['ab', 'abcd', 'abcde']);
  text.set('abcdef');
  end();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(drawn).toHaveLength(3);
});
