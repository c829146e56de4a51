import { Value } from '@fieldsync/sdk';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { drawWithOwn, framed } from './framed.ts';

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('requestAnimationFrame', (frame: () => void) => setTimeout(frame, 16));
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

const settled = () => vi.advanceTimersByTimeAsync(0);

test('what others do is drawn ten times a second, all before one frame, and with one\'s own letters where one types', async () => {
  const [text, carets] = [new Value(0), new Value(0)];
  const drawn: string[] = [];
  const ends = [framed(text).subscribe(() => drawn.push('text')), framed(carets).subscribe(() => drawn.push('carets'))];
  text.set(1);
  carets.set(1);
  text.set(2);
  await settled();
  expect(drawn).toEqual([]);
  await vi.advanceTimersByTimeAsync(120); // a beat, and its frame
  expect(drawn).toEqual(['text', 'carets']);

  drawWithOwn(); // nothing else is due
  text.set(3);
  await settled();
  await vi.advanceTimersByTimeAsync(150);
  expect(drawn).toHaveLength(2); // one's next letter is waited for
  drawWithOwn();
  expect(drawn).toHaveLength(2);
  await vi.advanceTimersByTimeAsync(16);
  expect(drawn).toHaveLength(3);

  text.set(4); // one's next letter does not come
  await vi.advanceTimersByTimeAsync(220);
  expect(drawn).toHaveLength(4);

  text.set(5);
  await settled();
  ends.forEach((end) => end());
  await vi.advanceTimersByTimeAsync(1_000);
  expect(drawn).toHaveLength(4);
});
