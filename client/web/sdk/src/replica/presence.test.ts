import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { JobPresence } from './presence.ts';
import type { Handle } from './replica.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

test('where one is is told when it has become another place, and every ten seconds', () => {
  const told: unknown[] = [];
  const presence = new JobPresence({ user: 'dora', name: 'Dora', role: 'dispatcher', org: 'demo', device: 'desk' });
  presence.attach({ on: () => undefined, off: () => undefined, isReady: () => true, broadcast: (m: unknown) => told.push(m) } as unknown as Handle);
  const at = { field: 'description', anchor: '7@anna', head: '7@anna' };
  presence.announce();
  presence.announce(at);
  presence.announce({ ...at }); // a letter was typed before the caret: it is before the same one still
  expect(told).toHaveLength(2);
  presence.announce({ ...at, head: '8@anna' });
  expect(told).toHaveLength(3);
  presence.announce();
  expect(told).toHaveLength(4);
  vi.advanceTimersByTime(10_000);
  expect(told).toHaveLength(5);
  presence.close();
});
