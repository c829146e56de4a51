import { A } from '../automerge.ts';
import { NotValid } from '../errors.ts';
import type { ReasonCode } from '../reasons.ts';
import { written } from './edits.ts';
import { Budget, Ops, told, type Op, type View } from './ops.ts';
import { events, outcome } from './status.ts';
import { compact, isMap, text, type Tree } from './values.ts';

/** What an undone status leaves in the status log beside the status itself. */
export interface Stamp {
  readonly id: string;
  readonly at: Date;
  readonly by: string;
  readonly device: string;
}

/** Why a place is left alone: somebody has written there since; what it lies in is gone; it is never changed. */
export type Reason = 'changed' | 'gone' | 'fixed' | 'too_large' | 'strange';

export interface Left {
  readonly path: readonly (string | number)[];
  readonly why: Reason;
}

export type UndoEdit = { readonly path: readonly (string | number)[] } & (
  | { readonly op: 'set' | 'insert'; readonly value: unknown }
  | { readonly op: 'delete' }
  | { readonly op: 'increment'; readonly by: number }
  | { readonly op: 'splice'; readonly at: number; readonly remove: number; readonly insert: string });

export interface Undone {
  readonly edits: readonly UndoEdit[];
  readonly left: readonly Left[];
}

/** Nothing can be undone; left as far as it is known. */
export class NothingToUndo extends NotValid {
  constructor(code: ReasonCode, readonly kind: 'conflict' | 'not-found' | 'too-large', readonly left: readonly Left[] = []) {
    super(code, 'change');
  }
}

const maxBytes = 1 << 20;
const maxValues = 1 << 16;
const maxSlots = 2000; // keys and elements that a change wrote to; a text counts once
const maxSplices = 2000;
const maxKey = 1024;
const maxDepth = 64;
const maxOps = 500_000; // of a document: some seconds

/** The message of a change that undoes another one. */
export const undoMessage = (hash: string): string => `undo ${hash}`;

/**
 * The edits that take back what one change did, and nothing that was done by others or later: the rule is crdt/audit's Log.Undo (docs/JOB.md, Undo), held by
 * conformance/vectors/job/undo.json. Throws where nothing is left to undo.
 */
export function undo(doc: A.Doc<unknown>, hash: string, stamp: Stamp): Undone {
  if (A.stats(doc).numOps > maxOps) throw new NothingToUndo('history-too-long', 'too-large');
  const ops = opsOf(doc);
  const change = ops.indexOf(hash);
  if (change === undefined) throw new NothingToUndo('no-change', 'not-found');
  const u = new Undoing(doc, ops, change);
  u.slots();
  u.status(stamp);
  if (u.edits.length === 0) throw new NothingToUndo('all-changed-since', 'conflict', u.left);
  return { edits: u.sorted(), left: u.left };
}

function opsOf(doc: A.Doc<unknown>): Ops {
  try {
    return new Ops(doc);
  } catch {
    throw new NothingToUndo('history-unreadable', 'too-large');
  }
}

class Undoing {
  readonly edits: { readonly edit: UndoEdit; readonly obj: string; readonly rank: number }[] = [];
  readonly left: Left[] = [];
  readonly #doc: A.Doc<unknown>;
  readonly #ops: Ops;
  readonly #change: number;
  readonly #now: View;
  readonly #without: View;
  readonly #before: View;
  readonly #after: View;
  readonly #budget = new Budget(maxValues, maxBytes);
  readonly #events: string[] = [];

  constructor(doc: A.Doc<unknown>, ops: Ops, change: number) {
    this.#doc = doc;
    this.#ops = ops;
    this.#change = change;
    this.#now = ops.now;
    this.#without = ops.without(change);
    const before = ops.before(change);
    this.#before = before;
    this.#after = (i) => i === change || before(i);
  }

  /** What lies deeper first, and in a sequence what stands further behind: so no edit moves the place of one that follows. */
  sorted(): UndoEdit[] {
    const depth = (e: UndoEdit) => e.path.length + (e.op === 'splice' ? 1 : 0);
    const order = new Map(this.edits.map((e, i) => [e, i]));
    return [...this.edits]
      .sort((a, b) => depth(b.edit) - depth(a.edit) || (a.obj < b.obj ? -1 : a.obj > b.obj ? 1 : b.rank - a.rank) || order.get(a)! - order.get(b)!)
      .map((e) => e.edit);
  }

  #leave(why: Reason, path: readonly (string | number)[]): void {
    this.left.push({ path, why });
  }

  #edit(obj: string, rank: number, edit: UndoEdit): void {
    this.edits.push({ obj, rank, edit });
  }

  /** Goes over all places that the change wrote to. */
  slots(): void {
    const ops = this.#ops;
    const own = new Set(ops.of(this.#change).map((op) => op.id));
    const seen = new Set<string>();
    const holders = new Map<string, (string | number)[] | undefined>();
    for (const place of ops.of(this.#change)) {
      if (own.has(place.obj) || !['set', 'del', 'inc', 'makeMap', 'makeList', 'makeText', 'makeTable'].includes(place.action)) continue;
      if (place.obj === '_root' && place.key === 'kind') throw new NothingToUndo('making-stays', 'conflict');
      const isText = ops.made(place.obj)?.action === 'makeText';
      const slot = `${place.obj}\u0000${isText ? '' : (place.key ?? `@${place.elem}`)}`;
      if (seen.has(slot)) continue;
      seen.add(slot);
      if (seen.size > maxSlots) throw new NothingToUndo('too-much-to-undo', 'too-large');
      if (!holders.has(place.obj)) holders.set(place.obj, this.#reach(place.obj));
      const holder = holders.get(place.obj);
      if (!holder) continue;
      if (isText) this.#text(place.obj, holder);
      else if (this.#inStatusLog(place)) this.#statusPlace(place, holder);
      else this.#slot(place, holder);
    }
  }

  /** The way to an object that can be edited; undefined: it is noted as left, unless the change itself took it away, so that it comes back as a whole. */
  #reach(obj: string): (string | number)[] | undefined {
    const ops = this.#ops;
    const { path, shown } = ops.path(obj, this.#now);
    for (let at = ops.made(obj); at; at = ops.made(at.obj)) {
      const { id } = at;
      if (shown && ops.made(at.obj)?.action === 'makeText') {
        this.#leave('strange', path);
        return undefined;
      }
      const holds = (view: View) => ops.stands(at!, view).some((op) => op.id === id);
      if (!shown && holds(this.#before) && !holds(this.#after)) return undefined;
    }
    if (shown) return path;
    this.#leave('gone', path);
    return undefined;
  }

  #place(place: Op, holder: readonly (string | number)[]): { path: (string | number)[]; rank: number } {
    if (place.key !== undefined) return { path: [...holder, place.key], rank: 0 };
    const { index, rank } = this.#ops.position(place.obj, place.elem!, this.#now);
    return { path: [...holder, index], rank };
  }

  #equal(view: View, a: Op | undefined, other: View, b: Op | undefined): boolean {
    if (!a || !b) return a === b;
    if (a.id === b.id && a.action === 'set' && a.type !== 'counter') return true;
    const [x, y] = [new Budget(maxValues, maxBytes), new Budget(maxValues, maxBytes)];
    return told(this.#ops.value(a, view, x)) === told(this.#ops.value(b, other, y)) && !x.cut && !y.cut;
  }

  /** Takes back what the change did at a key of a map, or to an element of a list. */
  #slot(place: Op, holder: readonly (string | number)[]): void {
    const ops = this.#ops;
    const [was, put, is] = [this.#before, this.#after, this.#now].map((view) => ops.stands(place, view)) as [readonly Op[], readonly Op[], readonly Op[]];
    const { path, rank } = this.#place(place, holder);
    if (was.length === put.length && was.every((op, i) => op.id === put[i]!.id)) {
      const counter = put.at(-1);
      if (counter?.type !== 'counter') return;
      const by = ops.counted(counter, this.#after) - ops.counted(counter, this.#before);
      if (by === 0) return; // it left the place as it was
      if (is.at(-1)?.id !== counter.id) this.#leave('changed', path);
      else if (!writableKey(path.at(-1))) this.#leave('strange', path);
      else this.#edit(place.obj, rank, { op: 'increment', path, by: -by });
      return;
    }
    const own = is.some((op) => op.change === this.#change);
    let back: Op | undefined;
    let from = this.#without;
    if (own && is.at(-1)!.change !== this.#change) { // another value is shown: it is written once more, alone
      back = is.at(-1)!;
      if (back.action !== 'set') return this.#leave('changed', path);
    } else if (own && !this.#equal(this.#now, is.at(-1), this.#after, put.at(-1))) return this.#leave('changed', path); // somebody wrote into what it made
    else if (own || (put.length === 0 && is.length === 0)) back = ops.stands(place, this.#without).at(-1);
    else if (this.#restored(place, put, is)) {
      back = was.at(-1);
      from = this.#before;
    } else return this.#leave('changed', path);
    this.#put(place, path, rank, back, from, is);
  }

  /** What stands there is what the change had put, though another one wrote it last: one that brought it back. Who wrote the same once more meant it. */
  #restored(place: Op, put: readonly Op[], is: readonly Op[]): boolean {
    if (put.length === 0 || is.length !== 1 || !this.#equal(this.#now, is[0], this.#after, put.at(-1))) return false;
    const then = this.#ops.before(is[0]!.change);
    return !this.#equal(then, this.#ops.stands(place, then).at(-1), this.#after, put.at(-1));
  }

  #put(place: Op, path: readonly (string | number)[], rank: number, back: Op | undefined, from: View, is: readonly Op[]): void {
    if (!writableKey(path.at(-1))) return this.#leave('strange', path);
    if (!back) {
      if (is.length === 0) this.#leave('changed', path); // somebody else took it away as well
      else this.#edit(place.obj, rank, { op: 'delete', path });
      return;
    }
    if (is.length === 1 && this.#equal(this.#now, is[0], from, back)) return this.#leave('changed', path); // somebody else wrote the same
    const value = this.#ops.value(back, from, this.#budget);
    if (this.#budget.cut) {
      this.#budget.cut = false;
      return this.#leave('too_large', path);
    }
    if (!writable(value, path.length)) return this.#leave('strange', path);
    this.#edit(place.obj, rank, { op: place.key === undefined && is.length === 0 ? 'insert' : 'set', path, value });
  }

  /** Takes back what the change did to a text's characters. */
  #text(obj: string, path: readonly (string | number)[]): void {
    const ops = this.#ops;
    const mine = [...new Set(ops.of(this.#change).filter((op) => op.obj === obj && op.elem !== undefined && ['set', 'del', 'inc'].includes(op.action)).map((op) => op.elem!))];
    const all = mine
      .map((elem) => ({ ...ops.position(obj, elem, this.#now), now: ops.characters(obj, elem, this.#now), old: ops.characters(obj, elem, this.#without) }))
      .filter((x) => x.now !== x.old)
      .sort((a, b) => a.rank - b.rank);
    if (all.length === 0) {
      if (mine.some((elem) => ops.characters(obj, elem, this.#before) !== ops.characters(obj, elem, this.#after))) this.#leave('changed', path);
      return;
    }
    const begun = this.edits.length;
    for (let k = 0; k < all.length; ) {
      const { index: at, rank } = all[k]!;
      let [end, insert] = [at, ''];
      for (; k < all.length && all[k]!.index === end; k++) {
        insert += all[k]!.old ?? '';
        end += all[k]!.now?.length ?? 0;
      }
      if (end === at && insert === '') continue; // an element without a character
      this.#budget.take(insert.length);
      this.#edit(obj, rank, { op: 'splice', path, at, remove: end - at, insert });
    }
    if (this.#budget.cut || this.edits.length - begun > maxSplices) {
      this.edits.length = begun;
      this.#leave('too_large', path);
    }
  }

  #inStatusLog(place: Op): boolean {
    const root = this.#doc as Tree;
    if (text(root['kind']) !== 'job') return false;
    if (place.obj === '_root') return place.key === 'status_log';
    const log = isMap(root['status_log']) ? A.getObjectId(root['status_log'] as object) : undefined;
    for (let at: string | undefined = place.obj; at; at = this.#ops.made(at)?.obj) if (at === log) return true;
    return false;
  }

  /** Notes an event that the change added. Nothing else in the status log is ever undone. */
  #statusPlace(place: Op, holder: readonly (string | number)[]): void {
    if (holder.length === 1 && this.#ops.stands(place, this.#before).length === 0 && this.#ops.stands(place, this.#after).length > 0) this.#events.push(place.key!);
    else this.#leave('fixed', this.#place(place, holder).path);
  }

  /** Lets a status that the change set be followed by the one before. */
  status(stamp: Stamp): void {
    if (this.#events.length === 0) return;
    const now = events((this.#doc as Tree)['status_log']);
    const own = outcome(now.filter((e) => this.#events.includes(e.id))).standing.map((e) => e.id);
    if (own.length === 0) { // entries that are no events
      for (const id of this.#events) this.#leave('fixed', ['status_log', id]);
      return;
    }
    const stands = outcome(now).standing.map((e) => e.id);
    const nothing = (why: ReasonCode) => new NothingToUndo(why, 'conflict');
    if (own.some((id) => !stands.includes(id))) throw nothing('status-set-since');
    const was = outcome(events((A.view(this.#doc, [...this.#ops.changes[this.#change]!.deps]) as Tree)['status_log']));
    const before = was.standing[0];
    if (!before) throw nothing('no-status-before');
    this.#edit('_root', 0, {
      op: 'set', path: ['status_log', stamp.id],
      value: compact({ status: was.status, happened_at: stamp.at, by: stamp.by, device: stamp.device, after: own, note: before.note, resolution: before.resolution }),
    });
  }
}

const writableKey = (key: string | number | undefined): boolean => typeof key === 'number' || (key !== undefined && key !== '' && new TextEncoder().encode(key).length <= maxKey);

function writable(v: unknown, depth: number): boolean {
  if (v === undefined) return false;
  if (v instanceof A.Float64) return Number.isFinite(v.value);
  if (Array.isArray(v)) return depth < maxDepth && v.every((x) => writable(x, depth + 1));
  if (isMap(v)) return depth < maxDepth && Object.entries(v).every(([k, x]) => writableKey(k) && writable(x, depth + 1));
  return true;
}

/** A value as automerge writes it, but for the kinds of the numbers that lie in others: see kinds. */
function writtenBack(v: unknown, inside = false): unknown {
  if (v instanceof A.Int || (inside && (v instanceof A.Uint || v instanceof A.Float64))) return v.value;
  if (Array.isArray(v)) return v.map((x) => writtenBack(x, true));
  if (isMap(v)) return Object.fromEntries(Object.entries(v).map(([k, x]) => [k, writtenBack(x, true)]));
  return written(v);
}

/** Automerge writes a whole number that lies in a list or map as an integer, whatever it was: so those that were none are written once more, by themselves. */
function kinds(parent: Record<string | number, unknown>, key: string | number, v: unknown, inside = false): void {
  if (v instanceof A.Uint || v instanceof A.Float64) {
    if (inside && (v instanceof A.Uint || Number.isInteger(v.value))) parent[key] = v;
  } else if (Array.isArray(v)) v.forEach((x, i) => kinds(parent[key] as Record<number, unknown>, i, x, true));
  else if (isMap(v)) for (const [k, x] of Object.entries(v)) kinds(parent[key] as Record<string, unknown>, k, x, true);
}

/** Makes the edits of an undoing within A.change. */
export function applyUndo(doc: object, edits: readonly UndoEdit[]): void {
  for (const e of edits) {
    if (e.op === 'splice') {
      A.splice(doc as A.Doc<unknown>, [...e.path], e.at, e.remove, e.insert);
      continue;
    }
    const parent = e.path.slice(0, -1).reduce<Record<string | number, unknown>>((at, k) => at[k] as Record<string | number, unknown>, doc as Record<string, unknown>);
    const key = e.path.at(-1)!;
    switch (e.op) {
      case 'set':
        parent[key] = writtenBack(e.value);
        kinds(parent, key, e.value);
        break;
      case 'insert':
        (parent as unknown as unknown[]).splice(Number(key), 0, writtenBack(e.value, true));
        kinds(parent, key, e.value, true);
        break;
      case 'delete':
        if (Array.isArray(parent)) parent.splice(Number(key), 1);
        else delete parent[key];
        break;
      case 'increment':
        (parent[key] as A.Counter).increment(e.by);
    }
  }
}
