import { expect, test, vi } from 'vitest';
import { derived, paced, Value } from './watched.ts';

test('listeners hear once of all that changed until then, and not of what is as it was', async () => {
  const value = new Value(1);
  const heard = vi.fn();
  const end = value.subscribe(heard);
  value.set(2);
  value.set(3);
  expect(value.get()).toBe(3);
  await Promise.resolve();
  expect(heard).toHaveBeenCalledTimes(1);
  value.set(3);
  await Promise.resolve();
  expect(heard).toHaveBeenCalledTimes(1);
  end();
  value.set(4);
  await Promise.resolve();
  expect(heard).toHaveBeenCalledTimes(1);
});

test('one function may subscribe twice, and each ends its own', async () => {
  const value = new Value(1);
  const heard = vi.fn();
  const end = value.subscribe(heard);
  value.subscribe(heard);
  end();
  value.set(2);
  await Promise.resolve();
  expect(heard).toHaveBeenCalledTimes(1);
});

test('what follows from others is the same object until one of them changes', () => {
  const a = new Value(1);
  const b = new Value(2);
  const sum = derived([a, b], () => ({ sum: a.get() + b.get() }));
  const first = sum.get();
  expect(first).toEqual({ sum: 3 });
  expect(sum.get()).toBe(first);
  b.set(5);
  expect(sum.get()).toEqual({ sum: 6 });
});

test('a paced one is told at once, then at most once in its time, with what came last', () => {
  vi.useFakeTimers();
  const value = new Value(0);
  const heard = vi.fn<(n: number) => void>();
  const slow = paced(value, 300);
  const end = slow.subscribe(() => heard(slow.get()));
  const after = async (ms: number, n?: number) => {
    if (n !== undefined) value.set(n);
    await vi.advanceTimersByTimeAsync(ms);
    return heard.mock.calls.flat();
  };
  return (async () => {
    expect(await after(1, 1)).toEqual([1]);
    expect(await after(100, 2)).toEqual([1]);
    expect(await after(100, 3)).toEqual([1]);
    expect(await after(100)).toEqual([1, 3]);
    expect(await after(1_000)).toEqual([1, 3]);
    expect(await after(1, 4)).toEqual([1, 3, 4]);
    value.set(5);
    await Promise.resolve();
    end();
    expect(await after(1_000)).toEqual([1, 3, 4]);
  })().finally(() => vi.useRealTimers());
});
