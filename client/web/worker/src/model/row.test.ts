import { expect, test } from 'vitest';
import { groups, matches, type Row } from './row.ts';

const day = Date.UTC(2026, 10, 25);
const hour = 3_600_000;
let n = 0;
const row = (more: Partial<Row>): Row => ({
  id: `job${n++}`, title: 'Boiler', serial: '', status: 'published', successful: undefined, client: '', address: '', at: day + 9 * hour, minutes: 60, clash: false,
  news: false, unsent: false, refused: false, withdrawn: false, ...more,
});
const names = (rows: Row[]) => groups(rows, day, day + 24 * hour).map((g) => [g.name, g.rows.map((r) => r.title)]);

test('what is under way stands in today whenever it was planned', () => {
  expect(names([row({ title: 'old', status: 'started', at: day - 50 * hour }), row({ title: 'soon', status: 'en_route', at: day + 50 * hour })])).toEqual([['today', ['old', 'soon']]]);
});

test('what was planned before today and is not done comes first, what is done last', () => {
  expect(
    names([
      row({ title: 'done', status: 'finished', at: day + hour }),
      row({ title: 'later', at: day + 30 * hour }),
      row({ title: 'none', at: undefined }),
      row({ title: 'now' }),
      row({ title: 'missed', at: day - 1 }),
    ]),
  ).toEqual([['earlier', ['missed']], ['today', ['now']], ['upcoming', ['later']], ['unscheduled', ['none']], ['done', ['done']]]);
});

test('a day begins with its first millisecond and ends before the next', () => {
  expect(names([row({ title: 'first', at: day }), row({ title: 'next', at: day + 24 * hour })])).toEqual([['today', ['first']], ['upcoming', ['next']]]);
});

test('done jobs older than a week are left out, newer ones come newest first', () => {
  const done = { status: 'finished' };
  expect(names([row({ ...done, title: 'a', at: day - 8 * 24 * hour }), row({ ...done, title: 'b', at: day - 2 * 24 * hour }), row({ ...done, title: 'c', at: day })])).toEqual([['done', ['c', 'b']]]);
});

test('a job that is no longer mine is among the done', () => {
  expect(names([row({ title: 'gone', withdrawn: true })])).toEqual([['done', ['gone']]]);
});

test('a search finds all its words anywhere in a row, in any case', () => {
  const r = row({ title: 'Boiler', client: 'Hotel Lindenhof', address: 'Lindenstrasse 4', serial: '1001' });
  expect([matches(r, 'linden BOIL'), matches(r, '1001'), matches(r, 'boiler adria')]).toEqual([true, true, false]);
});
