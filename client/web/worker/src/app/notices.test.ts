import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { dismiss, hold, notify, release, seen, shown } from './notices.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.runAllTimers();
  vi.useRealTimers();
});

const texts = () => shown().map((n) => n.text);
const undo = { label: 'Undo', run: () => undefined };

test('a notice goes after 4 seconds, one with something to press and one that warns after 8', () => {
  notify({ kind: 'done', text: 'Started', action: undo });
  notify({ kind: 'warn', text: 'That did not work' });
  notify({ kind: 'info', text: 'New job' });
  vi.advanceTimersByTime(3999);
  expect(texts()).toEqual(['Started', 'That did not work', 'New job']);
  vi.advanceTimersByTime(1);
  expect(texts()).toEqual(['Started', 'That did not work']);
  vi.advanceTimersByTime(4000);
  expect(texts()).toEqual([]);
});

test('who reads it, or is about to press its button, keeps it; its time begins anew when he has gone', () => {
  notify({ kind: 'done', text: 'Started', action: undo });
  const { id } = shown()[0]!;
  hold(id);
  vi.advanceTimersByTime(60_000);
  expect(texts()).toEqual(['Started']);
  release(id);
  vi.advanceTimersByTime(7999);
  expect(texts()).toEqual(['Started']);
  vi.advanceTimersByTime(1);
  expect(texts()).toEqual([]);
});

test('one that says the same takes the place of the earlier, and three are the most', () => {
  const say = (...all: string[]) => all.forEach((text) => notify({ kind: 'info', text }));
  say('one', 'two', 'one');
  expect(texts()).toEqual(['two', 'one']);
  say('three', 'four');
  expect(texts()).toEqual(['one', 'three', 'four']);
});

test('it is put away by hand, and by what makes it needless', () => {
  for (const text of ['one', 'two']) notify({ kind: 'info', text });
  dismiss(shown()[1]!.id);
  expect(texts()).toEqual(['one']);
  seen('one');
  expect(texts()).toEqual([]);
});
