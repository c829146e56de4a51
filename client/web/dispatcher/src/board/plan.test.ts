import { afterEach, expect, test, vi } from 'vitest';
import type { Row } from '../api/types.ts';
import { applied, atMinute, inverse, levels, patchOf, snap, startOn } from './plan.ts';

const day = '2026-11-25';
const job = (more: Partial<Row> = {}): Row =>
  ({ id: 'j', kind: 'job', scheduled_at: atMinute(day, 480).toISOString(), scheduled_duration: { minutes: 90 }, assignees: [{ user: 'anna', edit: true }, { user: 'ben', edit: false }], ...more }) as Row;

test('a move is a patch of just what it changes', () => {
  expect(patchOf(day, job(), 'anna', { worker: 'anna', start: 480, minutes: 90 })).toBeUndefined();
  expect(patchOf(day, job(), 'anna', { worker: 'anna', start: 495, minutes: 90 })).toEqual({ scheduled_at: atMinute(day, 495).toISOString() });
  expect(patchOf(day, job(), 'ben', { worker: 'ben', start: 480, minutes: 60 })).toEqual({ scheduled_duration: { minutes: 60 } });
});

test('whoever takes the line over takes the report over, and exactly one has it', () => {
  expect(patchOf(day, job(), 'anna', { worker: 'carl', start: 480, minutes: 90 })?.assignees).toEqual({ anna: null, carl: { edit: true } });
  expect(patchOf(day, job(), 'ben', { worker: 'carl', start: 480, minutes: 90 })?.assignees).toEqual({ ben: null, carl: { edit: false } });
  expect(patchOf(day, job(), 'ben', { worker: 'anna', start: 480, minutes: 90 })?.assignees).toEqual({ ben: null, anna: { edit: true } });
  expect(patchOf(day, job(), 'anna', { worker: null, start: 480, minutes: 90 })?.assignees).toEqual({ anna: null, ben: { edit: true } });
  expect(patchOf(day, job({ assignees: [] }), null, { worker: 'carl', start: 480, minutes: 90 })?.assignees).toEqual({ carl: { edit: true } });
});

test('a move is taken back by its inverse', () => {
  for (const to of [{ worker: 'carl', start: 600, minutes: 30 }, { worker: null, start: null, minutes: 90 }, { worker: 'ben', start: 480, minutes: 90 }]) {
    const row = job();
    const patch = patchOf(day, row, 'anna', to)!;
    const back = applied(applied(row, patch), inverse(row, patch));
    expect(back.scheduled_at).toBe(row.scheduled_at);
    expect(back.scheduled_duration).toEqual(row.scheduled_duration);
    expect([...back.assignees!].sort((a, b) => a.user.localeCompare(b.user))).toEqual(row.assignees);
  }
});

test('jobs that overlap stand below one another, others beside', () => {
  const rows = [job({ id: 'a' }), job({ id: 'b', scheduled_at: atMinute(day, 500).toISOString() }), job({ id: 'c', scheduled_at: atMinute(day, 570).toISOString() })];
  const { level, count } = levels(day, rows);
  expect(count).toBe(2);
  expect([level.get('a'), level.get('b'), level.get('c')]).toEqual([0, 1, 0]);
});

test('a move snaps to the quarter of an hour, and stays in the day', () => {
  expect(snap(487, 60)).toBe(480);
  expect(snap(488, 60)).toBe(495);
  expect(snap(-30, 60)).toBe(0);
  expect(snap(2000, 60)).toBe(1425);
});

afterEach(() => vi.unstubAllEnvs());

test('on the days when clocks are changed a job stands at its time, and who gets it gets it at that time', () => {
  vi.stubEnv('TZ', 'Europe/Berlin');
  for (const [change, length] of [['2026-03-29', 23], ['2026-10-25', 25]] as const) {
    expect((atMinute(change, 1440).getTime() - atMinute(change, 0).getTime()) / 3_600_000).toBe(length); // the zone is in force
    const row = job({ scheduled_at: atMinute(change, 8 * 60 + 5).toISOString() });
    expect(startOn(change, row)).toBe(8 * 60 + 5);
    expect(patchOf(change, row, 'anna', { worker: 'carl', start: startOn(change, row), minutes: 90 })).toEqual({ assignees: { anna: null, carl: { edit: true } } });
  }
  expect(startOn('2026-03-30', job({ scheduled_at: atMinute('2026-03-29', 23 * 60).toISOString() }))).toBe(-60);
  expect(startOn('2026-03-29', job({ scheduled_at: atMinute('2026-03-30', 60).toISOString() }))).toBe(25 * 60);
});
