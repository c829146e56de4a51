import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { english } from '../reasons.ts';
import type { Role } from '../types.ts';
import { maySetStatus, mayWrite, partOf, placeOf, why, type Verb, type Write } from './access.ts';

/** The table that the server is held to, by real changes of automerge through its WebSocket: conformance/access. */
const lines = readFileSync(new URL('../../../../../conformance/access/testdata/matrix.txt', import.meta.url), 'utf8').split('\n');
const reasons = new Map(lines.flatMap((l) => /^# {3}(\w) {2}(.*)$/.exec(l)?.slice(1, 3) as [string, string] | undefined ?? []).reduce<[string, string][]>((all, x, i, flat) => (i % 2 ? all : [...all, [x as string, flat[i + 1] as string]]), []));

interface Cell {
  readonly section: string;
  readonly edit: string;
  readonly column: string;
  readonly want: string;
}
const cells: Cell[] = [];
let [section, columns] = ['', [] as string[]];
for (const line of lines) {
  if (line.startsWith('== ')) section = line.slice(3);
  else if (line && !line.startsWith('#')) {
    const bar = line.indexOf('|');
    const [edit, rest] = [line.slice(0, bar).trim(), line.slice(bar).replaceAll('|', ' ').trim().split(/\s+/)];
    if (edit === '') columns = rest;
    else rest.forEach((want, i) => cells.push({ section, edit, column: columns[i]!, want }));
  }
}

const roles: Record<string, Role> = { own: 'owner', adm: 'administrator', dis: 'dispatcher', int: 'dispatcher', dir: 'director' };
/** What somebody knew of his assignment when he made the change: with edit access, without; absent: none. */
const assigned = (c: Cell): boolean | undefined => ({ edi: true, lae: true, una: true, cre: true, vie: false, lav: false, dem: c.edit.endsWith('at old heads') })[c.column];
/** What in the document is his: conformance/access lays it out. */
const owns = (c: Cell, what: 'status_log' | 'comments' | 'attachments'): boolean =>
  c.column === 'cre' ? what !== 'status_log' || c.section === 'job under way' : c.column === 'vie' || c.column === 'lav' ? what === 'comments' : true;

interface Judged {
  readonly allowed: boolean;
  readonly why: string;
}

function judge(c: Cell, path: readonly string[], verb: Verb, status: string | undefined): Judged {
  const kind = /^(template|client|site|opaque)/.exec(c.section)?.[1] ?? 'job';
  const edit = assigned(c);
  const root = { ...(kind === 'opaque' ? {} : { kind }), assignees: edit === undefined ? {} : { me: { edit } } };
  const part = partOf(root, { user: 'me', role: roles[c.column] ?? 'worker' }, c.column === 'cre' && (kind === 'job' || kind === 'opaque'));
  const own = path[1] === 'me' || (path[1] === 'mine' && owns(c, path[0] as 'comments'));
  const w: Write = { place: placeOf(kind === 'opaque' ? '' : kind, path), verb, own, underWay: c.section === 'job under way' };
  if (!mayWrite(part, w)) return { allowed: false, why: english(why(part, w, path[0])) };
  const takingBack = c.edit.endsWith('after one’s own') || c.edit.endsWith("after one's own");
  if (status !== undefined && !maySetStatus(part, status, takingBack && owns(c, 'status_log'))) return { allowed: false, why: `${reasons.get('w')}.` };
  return { allowed: true, why: '' };
}

/** "comments/mine/text: edit" and the like; several in one change with "and". */
function judged(c: Cell): Judged {
  const [places, how] = c.edit.split(': ') as [string, string];
  let out: Judged = { allowed: true, why: '' };
  for (const place of places.split(' and ')) {
    const path = place.split('/');
    const word = how.split(' ')[0]!;
    const verb = (word === 'in' ? (path.includes('new') ? 'add' : 'set') : word) as Verb;
    const status = path[0] === 'status_log' && path[1] === 'new' && c.section.startsWith('job') ? (/^add (\w+)( after.*)?$/.exec(how)?.[1] ?? (how.includes('tomorrow') ? 'tomorrow' : 'started')) : undefined;
    const one = judge(c, path, verb, status === 'unsigned' ? 'started' : status);
    if (out.allowed) out = one;
  }
  return out;
}

/** What the value is decides: another's name, no map, no status. The SDK signs with one's own, and writes no such entries. */
const ofTheValue = ['b', 'm', 'n'];

describe('who may write what, as the server is held to it', () => {
  const all = cells.filter((c) => c.section !== 'making' && c.edit !== 'read' && c.want !== '.');
  test('the table is there', () => {
    expect(all.length).toBeGreaterThan(1000);
    expect([...reasons.keys()].sort().join('')).toBe('CFJabcfjklmnopqrstuvw');
  });

  test.each([...new Set(all.map((c) => `${c.section} · ${c.edit}`))])('%s', (row) => {
    const of = all.filter((c) => `${c.section} · ${c.edit}` === row);
    const line = (told: (c: Cell) => string) => of.map((c) => `${c.column} ${told(c)}`).join('\n');
    const said = (c: Cell): string => {
      const { allowed, why: reason } = judged(c);
      if (allowed) return ofTheValue.includes(c.want) ? c.want : '+';
      const words = reason.toLowerCase().replaceAll('’', "'").replace(/\.$/, '');
      if (c.want === 'p' ? words.startsWith('only a dispatcher ') : c.want === 'o' ? /^(whoever looks on|only a dispatcher changes templates)/.test(words) : words === reasons.get(c.want)) return c.want;
      return words;
    };
    expect(line(said)).toBe(line((c) => c.want));
  });
});
