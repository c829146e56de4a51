import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { A } from '../automerge.ts';
import { applyUndo, NothingToUndo, undo, type Left, type Undone } from './undo.ts';
import { isMap } from './values.ts';

interface Case {
  readonly name: string;
  readonly changes: readonly string[];
  readonly undo: string;
  readonly error?: string;
  readonly left?: readonly Left[];
  readonly after?: string;
}
const file = JSON.parse(readFileSync(new URL('../../../../../conformance/vectors/job/undo.json', import.meta.url), 'utf8')) as { stamp: { EventID: string; At: string; By: string; Device: string }; cases: readonly Case[] };
const stamp = { id: file.stamp.EventID, at: new Date(file.stamp.At), by: file.stamp.By, device: file.stamp.Device };
const bytes = (s: string) => new Uint8Array(Buffer.from(s, 'base64'));


/** The values of a document; unsigned numbers, which a job has none of, as the others. */
function values(v: unknown): unknown {
  if (typeof v === 'bigint') return Number(v);
  if (Array.isArray(v)) return v.map(values);
  return isMap(v) ? Object.fromEntries(Object.entries(v).map(([k, x]) => [k, values(x)])) : v;
}

describe('the shared vectors of undoing', () => {
  test.each(file.cases.map((c, i) => [i, c.name, c] as const))('%i: %s', (_, _name, c) => {
    const [doc] = A.applyChanges(A.init<Record<string, unknown>>(), c.changes.map(bytes));
    let done: Undone | undefined;
    let failed: unknown;
    try {
      done = undo(doc, c.undo, stamp);
    } catch (err) {
      failed = err;
    }
    if (c.error) {
      expect(failed).toBeInstanceOf(NothingToUndo);
      expect((failed as NothingToUndo).kind).toBe(c.error);
    } else if (failed) throw failed as Error;
    expect(done?.left ?? (failed as NothingToUndo).left).toEqual(c.left ?? []);
    if (!done) return;
    const [want] = A.applyChanges(A.clone(doc), [bytes(c.after!)]);
    const { edits } = done;
    expect(values(A.change(A.clone(doc), (d) => applyUndo(d, edits)))).toEqual(values(want));
  });
});

test('whole numbers come back as the kind that they were, wherever they lie', () => {
  let doc = A.from<Record<string, unknown>>({ kind: new A.ImmutableString('job'), far: { place: {}, list: ['a', 0], n: 1 }, row: [] });
  doc = A.change(doc, (d) => {
    const far = d['far'] as Record<string, Record<string | number, unknown>>;
    far['place']!['latitude'] = new A.Float64(48);
    far['place']!['count'] = new A.Uint(3);
    far['list']![1] = new A.Float64(2);
    d['alone'] = new A.Float64(5);
  });
  const kinds = () => Object.fromEntries(['alone', 'latitude', 'count', 'n', '1'].map((key) => [key, lastKind(doc, key)]));
  const was = { alone: 'float64', latitude: 'float64', count: 'uint', n: 'int', 1: 'float64' };
  expect(kinds()).toEqual(was);
  doc = A.change(doc, (d) => {
    delete d['far'];
    delete d['alone'];
  });
  const { edits } = undo(doc, A.getHeads(doc)[0]!, stamp);
  doc = A.change(doc, (d) => applyUndo(d, edits));
  expect(values(doc['far'])).toEqual({ place: { latitude: 48, count: 3 }, list: [expect.anything(), 2], n: 1 });
  expect(kinds()).toEqual(was);
});

/** How the number is kept that was written last at a key, or at a place of a list. */
function lastKind(doc: A.Doc<unknown>, key: string): string | undefined {
  const ops = A.getAllChanges(doc).flatMap((c) => A.decodeChange(c).ops as unknown as { key?: string; action: string; value?: unknown; datatype?: string }[]);
  return ops.filter((op) => op.action === 'set' && typeof op.value === 'number' && (op.key ?? '1') === key).at(-1)?.datatype;
}
