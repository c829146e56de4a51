import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { adviceOf, Backoff } from './backoff.ts';

interface Step {
  readonly at: number;
  readonly connected?: true;
  readonly network?: true;
  readonly asked?: 'status' | 'push' | 'network' | 'hand';
  readonly ended?: { readonly code: number; readonly reason?: string };
  readonly wait?: number;
}

const retry = JSON.parse(readFileSync(new URL('../../../../../conformance/vectors/retry.json', import.meta.url), 'utf8')) as {
  cases: readonly { readonly name: string; readonly random: number; readonly steps: readonly Step[] }[];
};

test.each(retry.cases)('tries again: $name', ({ random, steps }) => {
  const backoff = new Backoff(() => random);
  for (const { at, connected, network, asked, ended, wait } of steps) {
    if (connected) backoff.connected(at);
    else if (network) backoff.reset();
    else if (asked) {
      if (asked === 'network') backoff.reset();
      expect([at, asked === 'hand' ? 0 : backoff.turn(at)]).toEqual([at, wait]); // the adapter's test has the hand
    } else expect([at, backoff.ended(at, ended!.code, ended!.reason)]).toEqual([at, wait]);
  }
});

test('what the server wants is over when there is a connection, and never longer than it may be, however the clock is set', () => {
  const backoff = new Backoff();
  backoff.ended(0, 1006);
  expect(backoff.turn(0)).toBe(0);
  backoff.ended(0, 1013, 'retry-after: 30');
  expect(backoff.turn(0)).toBeGreaterThanOrEqual(30_000);
  expect(backoff.turn(-3_600_000)).toBe(375_000);
  backoff.connected(40_000);
  expect(backoff.turn(0)).toBe(0);
});

test('close codes advise as PROTOCOL.md says', () => {
  expect([1001, 4408, 4429].map(adviceOf)).toEqual(['at-once', 'at-once', 'at-once']);
  expect(adviceOf(4401)).toBe('sign-in');
  expect([1000, 1002, 1003, 1009, 4403, 4406, 4409].every((c) => adviceOf(c) === 'stop')).toBe(true);
  expect([1006, 1011, 1013, 1012, 3000].every((c) => adviceOf(c) === 'back-off')).toBe(true);
});
