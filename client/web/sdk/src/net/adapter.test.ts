import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { PeerId } from '@automerge/automerge-repo/slim';
import { ServerAdapter, type AdapterEvents } from './adapter.ts';

/** A socket that does what the test says. */
class Socket {
  static made: Socket[] = [];
  readyState = 0;
  binaryType = '';
  onopen: (() => void) | null = null;
  onclose: ((e: { code: number; reason: string }) => void) | null = null;
  onmessage = null;
  onerror = null;
  constructor() {
    Socket.made.push(this);
  }
  send(): void {}
  close(): void {
    this.readyState = 3;
  }
}

beforeEach(() => {
  Socket.made = [];
  vi.useFakeTimers();
});
afterEach(() => vi.useRealTimers());

function dialing() {
  let retryAt: number | undefined;
  const events = { disconnected: (at: number | undefined) => (retryAt = at) } as unknown as AdapterEvents;
  const adapter = new ServerAdapter({ url: () => 'ws://here/sync', events, compares: true, webSocket: Socket as unknown as typeof WebSocket });
  adapter.connect('me' as PeerId);
  adapter.start();
  return { adapter, retryAt: () => (retryAt ?? 0) - Date.now() };
}

test('a server that names a time by its close is asked again then, not before by timer, status, push or network, but when a person asks', () => {
  const { adapter, retryAt } = dialing();
  Socket.made[0]!.onclose!({ code: 1013, reason: 'retry-after: 40' });
  const pause = retryAt();
  expect(pause).toBeGreaterThanOrEqual(40_000);
  expect(pause).toBeLessThanOrEqual(50_000);
  adapter.due();
  adapter.hurry(false);
  vi.advanceTimersByTime(pause - 1);
  adapter.hurry(false);
  expect(Socket.made).toHaveLength(1);
  vi.advanceTimersByTime(1);
  expect(Socket.made).toHaveLength(2);
  Socket.made[1]!.onclose!({ code: 1013, reason: 'retry-after: 40' });
  adapter.hurry(true);
  expect(Socket.made).toHaveLength(3);
  Socket.made[2]!.onclose!({ code: 1006, reason: '' }); // he failed: the server's word still holds
  adapter.hurry(false);
  expect(Socket.made).toHaveLength(3);
  expect(retryAt()).toBeGreaterThanOrEqual(40_000);
  adapter.stop();
});

test('a server that cannot be reached is asked again within eight seconds, and when the time has come', () => {
  const { adapter, retryAt } = dialing();
  for (let i = 0; i < 50; i++) {
    Socket.made.at(-1)!.onclose!({ code: 1006, reason: '' });
    expect(retryAt()).toBeLessThanOrEqual(8_000);
    vi.advanceTimersByTime(8_000);
    expect(Socket.made).toHaveLength(i + 2);
  }
  Socket.made.at(-1)!.onclose!({ code: 1006, reason: '' });
  adapter.due();
  expect(Socket.made).toHaveLength(52);
  adapter.stop();
});
