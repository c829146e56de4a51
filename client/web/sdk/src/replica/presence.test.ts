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

test('who says that he is there is shown to sixty-four names, whatever else he says', () => {
  const told: unknown[] = [];
  let hear!: (e: { senderId: string; message: unknown }) => void;
  const presence = new JobPresence({ user: 'dora', name: 'Dora', role: 'dispatcher', org: 'demo', device: 'desk' });
  presence.attach({ on: (_: string, listener: typeof hear) => (hear = listener), off: () => undefined, isReady: () => true, broadcast: (m: unknown) => told.push(m) } as unknown as Handle);
  const here = { fieldsync: 'here', user: 'anna', name: 'Anna' };
  for (const message of [null, 5, 'here', [], { fieldsync: 'here' }, { ...here, user: 7 }, { ...here, user: 'x'.repeat(101) }, { ...here, name: {} }, { ...here, fieldsync: 'constructor' }]) hear({ senderId: 'p', message });
  expect(presence.others.get()).toEqual([]);
  hear({ senderId: 'p', message: { ...here, name: 'x'.repeat(10_000), field: ['description'], anchor: 5, head: 'x'.repeat(501) } });
  expect(presence.others.get()).toEqual([{ id: 'p', user: 'anna', name: 'x'.repeat(100), seenAt: Date.now() }]);
  for (let n = 0; n < 1_000; n++) hear({ senderId: `p${n}`, message: here });
  expect(presence.others.get()).toHaveLength(64);
  vi.advanceTimersByTime(60_000);
  presence.close();
});
