import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { A } from '../automerge.ts';
import { clashes } from './clashes.ts';
import { apply, SharedString, written, type Edit } from './edits.ts';
import { events, outcome, resolution, type LogEvent } from './status.ts';
import { next } from './transitions.ts';
import { plain, type Tree } from './values.ts';

// conformance/vectors/job, written by hand from docs/JOB.md: the same that crdt/job is held to.
const vectors = <T>(name: string) => JSON.parse(readFileSync(new URL(`../../../../../conformance/vectors/job/${name}`, import.meta.url), 'utf8')) as T;

interface Expected {
  status: string;
  standing: string[];
  timestamps: Record<string, number>;
  resolution?: object;
  clashes?: { kind: string; field: string; values: unknown[]; name?: string }[];
  values?: { path: string[]; value: unknown }[];
}

/** A value of a vector. */
function value(v: unknown): unknown {
  if (Array.isArray(v)) return v.map(value);
  if (typeof v !== 'object' || v === null) return v;
  if ('$time' in v) return new Date(v.$time as number);
  if ('$text' in v) return new SharedString(v.$text as string);
  if ('$counter' in v) return new A.Counter(v.$counter as number);
  return Object.fromEntries(Object.entries(v).map(([k, x]) => [k, value(x)]));
}

const tree = (v: unknown) => A.from(written(value(v)) as Record<string, unknown>) as Tree;
const millis = (t: object) => Object.fromEntries(Object.entries(t as Record<string, string>).map(([k, v]) => [k, Date.parse(v)]));

for (const c of vectors<{ name: string; log: object; expect: Expected }[]>('status.json')) {
  test(`status: ${c.name}`, () => {
    const { name: _, expect: want, log, ...rest } = c;
    const doc = tree({ kind: 'job', status_log: log, ...rest });
    const o = outcome(events(doc['status_log']));
    expect(o.status).toBe(want.status);
    expect(o.standing.map((e) => e.id)).toEqual(want.standing);
    expect(o.clash).toBe(want.standing.length > 1);
    expect(millis(o.timestamps)).toEqual(want.timestamps);
    expect(resolution(doc, o)).toEqual(want.resolution);
  });
}

for (const c of vectors<{ standing: string[]; worker: string[]; dispatcher: string[] }[]>('transitions.json')) {
  test(`transitions: ${c.standing.join(' and ') || 'no event'}`, () => {
    const log = c.standing.map((status, i): LogEvent => ({ id: `e${i}`, status, after: [], at: 0, by: '', note: '', resolution: '' }));
    expect(next(outcome(log), 'worker')).toEqual(c.worker);
    expect(next(outcome(log), 'dispatcher')).toEqual(c.dispatcher);
  });
}

interface Change {
  id: string;
  actor: string;
  after: string[];
  edits: ({ op: 'set' | 'delete'; path: string[]; value?: unknown } | { op: 'text'; path: string[]; text: string })[];
}

const { base, scenarios } = vectors<{ base: Omit<Change, 'id' | 'after'>; scenarios: { name: string; changes: Change[]; expect: Expected }[] }>('changes.json');

function make(actor: string, known: Uint8Array[], edits: Change['edits']): Uint8Array {
  let [doc] = A.applyChanges(A.init<Record<string, unknown>>({ actor }), known);
  doc = A.change(doc, { time: 0 }, (d) => apply(d, edits.map((e) => ('value' in e ? { ...e, value: value(e.value) } : e) as Edit)));
  return A.getLastLocalChange(doc)!;
}

function* orders<T>(list: readonly T[]): Generator<T[]> {
  if (list.length < 2) yield [...list];
  else for (let i = 0; i < list.length; i++) for (const rest of orders([...list.slice(0, i), ...list.slice(i + 1)])) yield [list[i]!, ...rest];
}

for (const s of scenarios) {
  test(`changes: ${s.name}`, () => {
    const made: Record<string, Uint8Array> = { base: make(base.actor, [], base.edits) };
    const past: Record<string, Set<string>> = { base: new Set() };
    for (const c of s.changes) {
      past[c.id] = new Set(c.after.flatMap((id) => [...past[id]!, id]));
      made[c.id] = make(c.actor, Object.keys(made).filter((id) => past[c.id]!.has(id)).map((id) => made[id]!), c.edits);
    }
    let seen = 0;
    for (const order of orders(Object.keys(made))) {
      let doc = A.init<Record<string, unknown>>();
      for (const id of order) [doc] = A.applyChanges(doc, [made[id]!]);
      const o = outcome(events(doc['status_log']));
      const { values = [], resolution: wanted, ...want } = s.expect;
      const got = clashes(doc, (map, key) => A.getConflicts(map as A.Doc<unknown>, key) as Record<string, unknown> | undefined);
      expect({
        status: o.status, standing: o.standing.map((e) => e.id), timestamps: millis(o.timestamps),
        clashes: got.map(({ kind, field, name, values: v }) => ({ kind, field, ...(name ? { name } : {}), values: v.map((x) => x.value) })),
      }).toEqual(want);
      expect(resolution(doc, o)).toEqual(wanted);
      for (const { path, value: v } of values) expect(plain(path.reduce<unknown>((m, step) => (m as Tree | undefined)?.[step], doc)), path.join('/')).toEqual(v === null ? null : v);
      seen++;
    }
    expect(seen).toBeGreaterThan(0);
  });
}
