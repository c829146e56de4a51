import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { restClient } from '../rest/client.ts';
import { Reports, type DeviceState } from './reports.ts';

let said: unknown[];
let answer: () => Response;
let state: DeviceState | undefined;
let reports: Reports;

beforeEach(() => {
  vi.useFakeTimers();
  said = [];
  answer = () => new Response(null, { status: 204 });
  state = { link: 'slow', metered: false, unsent: { changes: 1, files: 2, bytes: 300 }, lastSync: Date.now() - 90_000 };
  const api = restClient({
    serverUrl: new URL('http://localhost'),
    fetch: async (request) => {
      said.push(await (request as Request).json());
      return answer();
    },
  });
  reports = new Reports(api, () => state);
});

afterEach(() => {
  reports.close();
  vi.useRealTimers();
});

test('what changes is said once, soon, and what changed meanwhile after a pause', async () => {
  reports.tell();
  reports.tell();
  await vi.advanceTimersByTimeAsync(2_000);
  expect(said).toEqual([{ link: 'slow', unsent: { changes: 1, files: 2, bytes: 300 }, since_sync: 92 }]);
  reports.tell();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(said).toHaveLength(1);
  for (let bytes = 290; bytes >= 0; bytes -= 10) {
    state = { link: 'fast', metered: true, unsent: { changes: 0, files: 1, bytes } };
    reports.tell();
    await vi.advanceTimersByTimeAsync(1_000);
  }
  await vi.advanceTimersByTimeAsync(10_000);
  expect(said.length).toBeLessThanOrEqual(5); // half a minute of news
  expect(said.at(-1)).toEqual({ link: 'fast', metered: true, unsent: { changes: 0, files: 1, bytes: 0 } });
});

test('the same is said again with a sync some minutes later, and what was not taken with the next', async () => {
  reports.tell();
  await vi.advanceTimersByTimeAsync(2_000);
  await vi.advanceTimersByTimeAsync(120_000);
  expect(said).toHaveLength(1); // nobody synced
  answer = () => new Response('{}', { status: 503 });
  reports.tell();
  await vi.advanceTimersByTimeAsync(2_000);
  expect(said).toHaveLength(2);
  answer = () => new Response(null, { status: 204 });
  state = { ...state!, unsent: { changes: 0, files: 0, bytes: 0 } };
  reports.tell();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(said).toHaveLength(3);
});

test('a sync that follows what was said upon connecting is said', async () => {
  state = { link: 'fast', metered: false, unsent: { changes: 0, files: 0, bytes: 0 } };
  reports.tell();
  await vi.advanceTimersByTimeAsync(2_000);
  expect(said).toEqual([{ link: 'fast', unsent: { changes: 0, files: 0, bytes: 0 } }]);
  state = { ...state, lastSync: Date.now() };
  reports.tell();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(said).toHaveLength(2);
  expect(said[1]).toMatchObject({ since_sync: expect.any(Number) });
});

test('without a network, or in another tab, nothing is said', async () => {
  state = undefined;
  reports.tell();
  await vi.advanceTimersByTimeAsync(300_000);
  expect(said).toEqual([]);
});
