import { expect, test } from 'vitest';
import { A } from '../automerge.ts';
import { clashes, type Conflicts } from '../rules/clashes.ts';
import type { Tree } from '../rules/values.ts';
import { ClashFinder } from './clashfinder.ts';

type Root = Record<string, unknown>;
const conflicts: Conflicts = (map, key) => A.getConflicts(map as A.Doc<unknown>, key) as ReturnType<Conflicts>;

const job = (): A.Doc<Root> => A.from<Root>({ kind: 'job', title: 'Boiler', description: 'No hot water.', checklist: { gas: { text: 'Gas off', done: false } }, status_log: { one: { status: 'published' } } });

/** Numbers that look random, the same in each run. */
const numbers = (seed: number) => (below: number) => (seed = (seed * 48_271) % 2_147_483_647) % below;

test('finds in every state of a history what looking at each place finds', () => {
  let found = 0;
  for (let seed = 1; seed <= 12; seed++) {
    const pick = numbers(seed);
    const finder = new ClashFinder();
    let docs = [0, 1, 2].map((_, i) => (i ? A.init<Root>() : job()));
    docs = docs.map((d, i) => (i ? A.merge(d, A.clone(docs[0]!)) : d));
    for (let step = 0; step < 40; step++) {
      const i = pick(3);
      const values = ['Pump', 'Valve', 'Heater'];
      const deeds: ((d: Root) => void)[] = [
        (d) => A.splice(d as A.Doc<Root>, ['description'], pick(5), pick(2), 'word '),
        (d) => A.splice(d as A.Doc<Root>, ['description'], 0, 0, 'x'),
        (d) => (d['title'] = values[pick(3)]),
        (d) => (d['description'] = values[pick(3)]), // another text under the same key: what is typed in the one that loses is seen in the clash
        (d) => ((d['checklist'] as Record<string, Root>)['gas']!['text'] = values[pick(3)]),
        (d) => ((d['status_log'] as Root)[`${seed} ${step}`] = { status: ['started', 'finished', 'cancelled'][pick(3)], after: ['one'] }),
      ];
      docs[i] = A.change(docs[i]!, deeds[pick(10) < 6 ? pick(2) : pick(deeds.length)]!);
      if (pick(3) === 0) docs[0] = A.merge(docs[0]!, A.clone(docs[1 + pick(2)]!));
      if (pick(4) === 0) docs[1 + pick(2)] = A.clone(docs[0]!);
      const doc = docs[0] as Tree;
      const seen = finder.of(doc, 'job');
      expect(seen).toEqual(clashes(doc, conflicts));
      found += seen.length;
    }
  }
  expect(found).toBeGreaterThan(50); // it was no walk past all clashes
});

test('typing asks no place; what else changes does', () => {
  let asked = 0;
  const finder = new ClashFinder((map, key) => (asked++, conflicts(map, key)));
  let doc = job();
  const look = () => {
    asked = 0;
    finder.of(doc as Tree, 'job');
    return asked;
  };
  expect(look()).toBeGreaterThan(5);
  doc = A.change(doc, (d) => A.splice(d, ['description'], 2, 0, 'words '));
  const other = A.change(A.clone(doc), (d) => A.splice(d, ['description'], 0, 3, ''));
  doc = A.merge(A.change(doc, (d) => A.splice(d, ['description'], 1, 0, 'y')), other);
  expect(look()).toBe(0);
  doc = A.change(doc, (d) => void (d['title'] = 'Pump'));
  expect(look()).toBeGreaterThan(5);
  finder.forget('job');
  doc = A.change(doc, (d) => A.splice(d, ['description'], 2, 0, 'z'));
  expect(look()).toBeGreaterThan(5);
});

test('two who wrote the same clash when one of the two texts is typed in', () => {
  const finder = new ClashFinder();
  const start = job();
  const set = (d: A.Doc<Root>) => A.change(d, (r) => void (r['description'] = 'Pump'));
  let doc = A.merge(set(A.clone(start)), set(A.clone(start)));
  expect(finder.of(doc as Tree, 'job')).toEqual([]);
  doc = A.change(doc, (d) => A.splice(d, ['description'], 4, 0, 's'));
  expect(finder.of(doc as Tree, 'job').map((c) => c.values.map((v) => v.value))).toEqual([['Pumps', 'Pump']]);
});
