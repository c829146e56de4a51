import { afterEach, expect, test, vi } from 'vitest';
import { afterwards } from './breathe.ts';

const tasks: (() => void)[] = [];

/** A browser whose page is never done with what is more pressing, until its tasks are run. */
function busy(): void {
  vi.useFakeTimers();
  vi.stubGlobal('scheduler', { postTask: (task: () => void) => new Promise<void>(() => tasks.push(task)) });
}

afterEach(() => {
  tasks.length = 0;
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

test('what lets others go before goes when they are done', async () => {
  busy();
  const gone = vi.fn();
  void afterwards().then(gone);
  await vi.advanceTimersByTimeAsync(100);
  expect(gone).not.toHaveBeenCalled();
  tasks.forEach((run) => run());
  await vi.advanceTimersByTimeAsync(0);
  expect(gone).toHaveBeenCalled();
});

test('what lets others go before goes after half a second though they are never done', async () => {
  busy();
  const gone = vi.fn();
  void afterwards().then(gone);
  await vi.advanceTimersByTimeAsync(499);
  expect(gone).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1);
  expect(gone).toHaveBeenCalled();
});
