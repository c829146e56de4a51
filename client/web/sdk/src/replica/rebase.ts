import { A } from '../automerge.ts';

/** An operation as automerge decodes it. */
export interface Op {
  readonly action: string;
  readonly obj: string;
  readonly key?: string;
  readonly elemId?: string;
  readonly insert?: boolean;
  readonly value?: unknown;
  readonly datatype?: string;
  readonly pred: readonly string[];
}

export interface Decoded {
  readonly actor: string;
  readonly seq: number;
  readonly startOp: number;
  readonly time: number;
  readonly message: string | null;
  readonly hash: string;
  readonly deps: readonly string[];
  readonly ops: readonly Op[];
}

/** Throws where an operation holds a whole number beyond 2^53, which other clients may write. */
export const decode = (change: Uint8Array): Decoded => A.decodeChange(change) as unknown as Decoded;

export interface Rebased {
  /** The document's changes as they are to be: those that stay, and the new ones behind them. */
  readonly changes: readonly Uint8Array[];
  /** What had to go, and the operations of each that were not made anew. */
  readonly gone: readonly { readonly change: Decoded; readonly raw: Uint8Array; readonly dropped: boolean; readonly lost: readonly Op[] }[];
  /** The hash of the change that was made of an old one, where there is exactly one. */
  readonly made: ReadonlyMap<string, string>;
}

/**
 * What is to stand in place of changes that the server refused for good (docs/PROTOCOL.md, What a client does about it): they are taken
 * out, and what was built on them is made anew without them, the same operations under the same counters, by actors that have
 * written nothing. A predecessor that a refused operation was becomes what that had overwritten; an element behind which something was
 * inserted, what that one was inserted behind. What worked inside of something that is gone is lost. move: changes whose work stays and
 * only needs another actor. The same as crdt/history.Rebase, for changes that were all made on this device.
 * Changes that stay are not decoded: not every one that others made can be.
 */
export function rebase(doc: A.Doc<unknown>, drop: ReadonlySet<string>, move: ReadonlySet<string>): Rebased {
  const raws = A.getAllChanges(doc);
  const all = A.getChangesMetaSince(doc, []).map((change, i) => ({ raw: raws[i]!, change })); // both in the order of the history
  const gone = new Set<string>();
  for (const { change: c } of all) if (drop.has(c.hash) || move.has(c.hash) || c.deps.some((d) => gone.has(d))) gone.add(c.hash);

  const known = new Set(all.map((d) => d.change.actor));
  const actors = new Map<string, string>();
  /** The old id with something behind it: it wins and loses against others as the old one did. */
  const actorOf = (old: string): string => {
    let now = actors.get(old);
    for (let n = 1; now === undefined; n++) {
      const tried = old + n.toString(16).padStart(2, '0');
      if (!known.has(tried)) {
        now = tried;
        actors.set(old, now);
        known.add(now);
      }
    }
    return now;
  };

  const lost = new Map<string, Op>(); // by operation id: those of gone changes that are not made anew
  const moved = new Map<string, string>(); // operation id -> its new one
  const base = new Map<string, readonly string[]>(); // gone change -> what stands in its place
  const seqs = new Map<string, number>();
  const parents = new Map<string, readonly string[]>(all.filter((d) => !gone.has(d.change.hash)).map((d) => [d.change.hash, d.change.deps]));
  const made = new Map<string, string>();
  const out: Rebased['gone'][number][] = [];
  const news: Uint8Array[] = [];

  const named = (id: string): string | undefined => (lost.has(id) ? undefined : (moved.get(id) ?? id));
  const preds = (of: readonly string[]): string[] => [...new Set(of.flatMap((p) => (lost.has(p) ? preds(lost.get(p)!.pred) : [moved.get(p) ?? p])))];
  const behind = (element: string): string => {
    let at = element;
    while (lost.has(at)) at = lost.get(at)!.elemId ?? '_head';
    return moved.get(at) ?? at;
  };
  /** Without those that another one depends on. */
  const newest = (of: readonly string[]): string[] => {
    const set = [...new Set(of)];
    if (set.length < 2) return set;
    const past = new Set<string>();
    const todo = set.flatMap((h) => parents.get(h) ?? []);
    for (let h = todo.pop(); h !== undefined; h = todo.pop()) {
      if (past.has(h)) continue;
      past.add(h);
      todo.push(...(parents.get(h) ?? []));
    }
    return set.filter((h) => !past.has(h)).sort();
  };

  for (const { raw, change } of all) {
    if (!gone.has(change.hash)) continue;
    const c = decode(raw);
    const dropped = drop.has(c.hash);
    const deps = newest(c.deps.flatMap((d) => base.get(d) ?? [d]));
    const rootless = deps.length === 0 && c.deps.length > 0; // it would be the first change of another document
    const notAnew: Op[] = [];
    let run: { startOp: number; ops: Op[] } | undefined;
    let last = deps;
    const before = news.length;
    const write = () => {
      if (!run) return;
      const actor = actorOf(c.actor);
      const seq = (seqs.get(actor) ?? 0) + 1;
      seqs.set(actor, seq);
      const bytes = A.encodeChange({ actor, seq, startOp: run.startOp, time: c.time, message: c.message, deps: last, ops: run.ops } as unknown as A.DecodedChange);
      const { hash } = decode(bytes);
      parents.set(hash, last);
      last = [hash];
      news.push(bytes);
      run = undefined;
    };
    c.ops.forEach((op, k) => {
      const id = `${c.startOp + k}@${c.actor}`;
      const now = dropped || rootless ? undefined : anew(op, named, preds, behind, lost);
      if (!now) {
        lost.set(id, op);
        notAnew.push(op);
        write();
        return;
      }
      moved.set(id, `${c.startOp + k}@${actorOf(c.actor)}`);
      run ??= { startOp: c.startOp + k, ops: [] };
      run.ops.push(now);
    });
    if (c.ops.length === 0 && !dropped && !rootless) run = { startOp: c.startOp, ops: [] }; // a merge, or a remark
    write();
    base.set(c.hash, last);
    if (news.length === before + 1) made.set(c.hash, last[0]!);
    out.push({ change: c, raw, dropped, lost: notAnew });
  }
  return { changes: [...all.filter((d) => !gone.has(d.change.hash)).map((d) => d.raw), ...news], gone: out, made };
}

/** The operation in the new document; undefined: what it works on is not there. */
function anew(op: Op, named: (id: string) => string | undefined, preds: (of: readonly string[]) => string[], behind: (element: string) => string, lost: ReadonlyMap<string, Op>): Op | undefined {
  if (op.action.startsWith('mark')) return undefined; // this SDK formats nothing
  const obj = op.obj === '_root' ? op.obj : named(op.obj);
  if (obj === undefined) return undefined;
  const pred = preds(op.pred);
  if (op.action === 'del' && pred.length === 0) return undefined; // what it took away is gone already
  if (op.action === 'inc' && pred.length === 0) return undefined;
  if (op.elemId === undefined) return { ...op, obj, pred };
  if (op.insert) return { ...op, obj, elemId: op.elemId === '_head' ? '_head' : behind(op.elemId), pred };
  if (lost.has(op.elemId)) return undefined;
  return { ...op, obj, elemId: named(op.elemId)!, pred };
}
