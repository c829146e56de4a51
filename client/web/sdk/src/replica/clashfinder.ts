import { A } from '../automerge.ts';
import { clashes, type Conflicts, type PlacedClash } from '../rules/clashes.ts';
import type { Tree } from '../rules/values.ts';
import type { DocumentId } from '../types.ts';
import { decode } from './rebase.ts';

const fewChanges = 32; // more are not looked at one by one

/**
 * Finds what several people wrote at once: once for each state, and for a state that differs by typing alone from one in which no key had several values, not even
 * that, as each place is asked for, which takes a slow phone 10 ms and more.
 */
export class ClashFinder {
  readonly #found = new WeakMap<Tree, readonly PlacedClash[]>();
  /** The last state of each document, where no key had several values in it. */
  readonly #plain = new Map<DocumentId, Tree>();

  constructor(private readonly conflicts: Conflicts = (map, key) => A.getConflicts(map as A.Doc<unknown>, key) as ReturnType<Conflicts>) {}

  /** id: absent for a state of the past. */
  of(doc: Tree, id?: DocumentId): readonly PlacedClash[] {
    let found = this.#found.get(doc);
    if (found) return found;
    const plain = id === undefined ? undefined : this.#plain.get(id);
    let several = false;
    if (plain && typedSince(doc, plain)) found = [];
    else
      found = clashes(doc, (map, key) => {
        const values = this.conflicts(map, key);
        several ||= values !== undefined && Object.keys(values).length > 1;
        return values;
      });
    this.#found.set(doc, found);
    if (id !== undefined && !several && found.length === 0) this.#plain.set(id, doc);
    else if (id !== undefined) this.#plain.delete(id);
    return found;
  }

  /** Another document has its place, or it is not in memory any more. */
  forget(id: DocumentId): void {
    this.#plain.delete(id);
  }
}

/** Whether all that a document has beyond a state of it is letters that were typed or taken away: no key of a map has another value, or more of them, than it had. */
function typedSince(doc: Tree, state: Tree): boolean {
  const heads = A.getHeads(state as A.Doc<unknown>);
  if (!A.hasHeads(doc, heads)) return false;
  const changes = A.getChangesSince(doc as A.Doc<unknown>, heads);
  try {
    return changes.length <= fewChanges && changes.every((c) => decode(c).ops.every((op) => op.elemId !== undefined));
  } catch {
    return false; // it holds more than letters
  }
}
