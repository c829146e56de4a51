import { expect, test } from 'vitest';
import { A } from '../automerge.ts';
import { decode, rebase } from './rebase.ts';

type Doc = { title: string; text: string; list?: Record<string, { name: string; by?: string }>; n?: number };

/** A document of the server's, and changes of ours over it, each with its hash. */
function world(...edits: ((d: Doc) => void)[]) {
  const base = A.from<Doc>({ title: 'A', text: 'abc' }, { actor: '10' });
  let doc = A.clone(base, { actor: '20' });
  const made = edits.map((edit) => {
    doc = A.change(doc, { time: 0 }, edit);
    return A.getHeads(doc)[0]!;
  });
  return { base, doc, made };
}

function without(doc: A.Doc<Doc>, drop: string[], move: string[] = []) {
  const out = rebase(doc, new Set(drop), new Set(move));
  const [fresh] = A.applyChanges(A.init<Doc>(), [...out.changes]);
  expect(A.getMissingDeps(fresh, [])).toEqual([]);
  return { ...out, fresh };
}

test('what overwrote a refused value overwrites what that had overwritten', () => {
  const w = world((d) => void (d.title = 'refused'), (d) => void (d.title = 'kept'));
  const { fresh } = without(w.doc, [w.made[0]!]);
  expect(fresh.title).toBe('kept');
  expect(A.getConflicts(fresh, 'title')).toBeUndefined();
  // Whoever never had the refused change takes the others as they are.
  const [other] = A.applyChanges(A.clone(w.base), A.getChanges(w.base, fresh));
  expect(A.getHeads(other)).toEqual(A.getHeads(fresh));
});

test('what was typed behind refused words stands behind what those stood behind, and what took them away is needed no more', () => {
  const w = world(
    (d) => A.splice(d, ['text'], 1, 0, 'XX'),
    (d) => A.splice(d, ['text'], 3, 0, 'Y'),
    (d) => (A.splice(d, ['text'], 1, 1), A.splice(d, ['text'], 4, 1, 'Z')),
  );
  expect(w.doc.text).toBe('aXYbZ');
  const { fresh, gone } = without(w.doc, [w.made[0]!]);
  expect(fresh.text).toBe('aYbZ');
  expect(gone.map((g) => [g.dropped, g.lost.map((op) => op.action)])).toEqual([[true, ['set', 'set']], [false, []], [false, ['del']]]);
});

test('what was done inside of what a refused change made is lost, and said so', () => {
  const w = world(
    (d) => void (d.list = { a: { name: 'refused' } }),
    (d) => void ((d.list!['a']!.by = 'anna'), (d.n = 5)),
  );
  const { fresh, gone } = without(w.doc, [w.made[0]!]);
  expect(A.toJS(fresh)).toEqual({ title: 'A', text: 'abc', n: 5 });
  expect(gone[1]!.lost.length).toBeGreaterThan(0);
});

test('changes keep their counters, and win as they did; those of an actor that is taken move as they are', () => {
  const w = world((d) => void (d.title = 'refused'), (d) => void (d.n = 1));
  const { news, fresh } = (({ changes, ...rest }) => ({ news: changes.slice(-1).map(decode), ...rest }))(without(w.doc, [w.made[0]!]));
  const old = decode(A.getAllChanges(w.doc).at(-1)!);
  expect(news[0]).toMatchObject({ startOp: old.startOp, seq: 1, actor: `${old.actor}01`, deps: A.getHeads(w.base) });
  expect(fresh.title).toBe('A');
  const moved = without(w.doc, [], [w.made[0]!]);
  expect(A.toJS(moved.fresh)).toEqual(A.toJS(w.doc));
  expect(new Set(moved.changes.map((c) => decode(c).actor))).toEqual(new Set(['10', '2001']));
});

test('what others did beside it stays as it is', () => {
  const w = world((d) => void (d.title = 'refused'));
  const theirs = A.change(A.clone(w.base, { actor: '30' }), (d) => void (d.n = 7));
  const { fresh } = without(A.merge(w.doc, theirs), [w.made[0]!]);
  expect(A.getHeads(fresh)).toEqual(A.getHeads(theirs));
});
