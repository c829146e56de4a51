import { expect, test } from 'vitest';
import type { Row } from '../api/types.ts';
import { comparer, merge, type Pages } from './merge.ts';
import { SORTS } from './filters.ts';

const row = (id: string, more: Partial<Row> = {}): Row => ({ id, kind: 'job', url: '', etag: '', version: 1, created_at: '2026-01-01T00:00:00Z', updated_at: '2026-01-01T00:00:00Z', ...more }) as Row;
const pages = (rows: Row[][], more = false): Pages => ({ pages: rows.map((jobs, i) => ({ jobs, sequence: 1, ...(more || i < rows.length - 1 ? { next: 'x' } : {}) })), pageParams: rows.map(() => undefined) });
const ids = (p: Pages) => p.pages.map((page) => page.jobs.map((r) => r.id));
const at = (n: number): Partial<Row> => ({ scheduled_at: new Date(Date.UTC(2026, 0, 1, n)).toISOString() });

test('what changed goes to where it stands now, what is gone goes', () => {
  const start = pages([[row('a', at(1)), row('b', at(3))], [row('c', at(5)), row('d', at(7))]]);
  expect(ids(merge(start, { jobs: [row('a', at(6))], removed: ['b'] }, 'scheduled_at'))).toEqual([[], ['c', 'a', 'd']]);
  expect(ids(merge(start, { jobs: [row('n', at(2))], removed: [] }, 'scheduled_at'))).toEqual([['a', 'n', 'b'], ['c', 'd']]);
  expect(ids(merge(start, { jobs: [row('n')], removed: [] }, 'scheduled_at'))).toEqual([['a', 'b'], ['c', 'd', 'n']]); // without a time: last
});

test('what belongs behind the last page that was read is left for when it is read', () => {
  const start = pages([[row('a', at(1)), row('b', at(3))]], true);
  expect(ids(merge(start, { jobs: [row('z', at(9)), row('n', at(2))], removed: [] }, 'scheduled_at'))).toEqual([['a', 'n', 'b']]);
});

test('without an order rows are replaced where they stand', () => {
  const start = pages([[row('b', at(3)), row('a', at(1))]]);
  const out = merge(start, { jobs: [row('a', { title: 'new' }), row('x')], removed: ['b'] }, undefined);
  expect(out.pages[0]!.jobs.map((r) => [r.id, r.title])).toEqual([['a', 'new']]);
});

test('every order is one: downwards is upwards the other way round, and numbers count as numbers', () => {
  const rows = [row('a', { ...at(2), serial_no: 'A-10' }), row('b', { ...at(1), serial_no: 'A-9' }), row('c', { serial_no: 'A-11' })];
  for (const sort of SORTS.filter((s) => !s.startsWith('-'))) {
    const up = [...rows].sort(comparer(sort)).map((r) => r.id);
    expect([...rows].sort(comparer(`-${sort}` as 'scheduled_at')).map((r) => r.id)).toEqual(up.reverse());
  }
  expect([...rows].sort(comparer('serial_no')).map((r) => r.id)).toEqual(['b', 'a', 'c']);
  expect([...rows].sort(comparer('scheduled_at')).map((r) => r.id)).toEqual(['b', 'a', 'c']);
});
