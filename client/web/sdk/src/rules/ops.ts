import { A } from '../automerge.ts';
import { SharedString } from './edits.ts';

/** One operation of a document's history. */
export interface Op {
  readonly id: string;
  readonly counter: number;
  readonly actor: string;
  /** The change's place in the history. */
  readonly change: number;
  readonly action: string;
  readonly obj: string;
  /** In a map. */
  readonly key: string | undefined;
  /** In a sequence: the element that is written to, the new one for an insertion. */
  readonly elem: string | undefined;
  /** Of an insertion: the element that it stands behind; _head. */
  readonly behind: string | undefined;
  readonly type: string;
  readonly value: unknown;
  readonly by: Op[]; // what overwrote it, deleted it, or counted it up
}

/** Which changes are looked at. */
export type View = (change: number) => boolean;

interface RawOp {
  readonly action: string;
  readonly obj: string;
  readonly key?: string;
  readonly elemId?: string;
  readonly insert?: boolean;
  readonly datatype?: string;
  readonly value?: unknown;
  readonly pred?: readonly string[];
}

const standing = new Set(['set', 'makeMap', 'makeList', 'makeText', 'makeTable']);

/** What one value may hold that is brought back. */
export class Budget {
  cut = false;
  constructor(private values: number, private bytes: number) {}
  take(bytes: number): boolean {
    this.values--;
    this.bytes -= bytes;
    if (this.values < 0 || this.bytes < 0) this.cut = true;
    return !this.cut;
  }
}

/** A document's operations, each with what followed it, so that it can be read as if some changes had not been made. */
export class Ops {
  readonly changes: readonly { readonly hash: string; readonly deps: readonly string[] }[];
  readonly #index = new Map<string, number>();
  readonly #of: Op[][] = []; // by change
  readonly #places = new Map<string, Op[]>();
  readonly #members = new Map<string, Set<string>>();
  readonly #sequences = new Map<string, string[]>();
  readonly #byId = new Map<string, Op>();

  /** Throws where a change cannot be decoded: one holds a whole number beyond 2^53. */
  constructor(doc: A.Doc<unknown>) {
    const decoded = A.getAllChanges(doc).map((c) => A.decodeChange(c));
    this.changes = decoded.map((c) => ({ hash: c.hash!, deps: c.deps }));
    decoded.forEach((c, change) => {
      this.#index.set(c.hash!, change);
      this.#of.push((c.ops as unknown as RawOp[]).map((raw, i) => this.#add(raw, change, c.startOp + i, c.actor)));
    });
    for (const at of this.#places.values()) at.sort((a, b) => older(a, b));
  }

  #add(raw: RawOp, change: number, counter: number, actor: string): Op {
    const id = `${counter}@${actor}`;
    const elem = raw.key === undefined ? (raw.insert ? id : raw.elemId) : undefined;
    const op: Op = {
      id, counter, actor, change, action: raw.action, obj: raw.obj, key: raw.key, elem, behind: raw.insert ? raw.elemId : undefined,
      type: raw.datatype ?? (Array.isArray(raw.value) ? 'bytes' : typeof raw.value), value: raw.value, by: [],
    };
    this.#byId.set(id, op);
    for (const p of raw.pred ?? []) this.#byId.get(p)?.by.push(op);
    const place = placeOf(op);
    const at = this.#places.get(place);
    if (at) at.push(op);
    else this.#places.set(place, [op]);
    const members = this.#members.get(op.obj) ?? new Set();
    if (op.key !== undefined) this.#members.set(op.obj, members.add(op.key));
    return op;
  }

  indexOf(hash: string): number | undefined {
    return this.#index.get(hash);
  }

  /** What a change did, in order. */
  of(change: number): readonly Op[] {
    return this.#of[change]!;
  }

  made(obj: string): Op | undefined {
    return this.#byId.get(obj);
  }

  readonly now: View = () => true;
  without = (change: number): View => (i) => i !== change;

  /** The document as the author of a change saw it, without the change. */
  before(change: number): View {
    const past = new Set<number>();
    const rest = [change];
    for (let i = rest.pop(); i !== undefined; i = rest.pop()) {
      for (const dep of this.changes[i]!.deps) {
        const d = this.#index.get(dep)!;
        if (!past.has(d)) rest.push(d);
        past.add(d);
      }
    }
    return (i) => past.has(i);
  }

  /** What stands in a place, what is shown last. */
  stands(place: Op, view: View): readonly Op[] {
    return this.#stands(placeOf(place), view);
  }

  #stands(place: string, view: View): Op[] {
    return (this.#places.get(place) ?? []).filter((op) => view(op.change) && standing.has(op.action) && !op.by.some((s) => s.action !== 'inc' && view(s.change)));
  }

  /** All elements that a sequence ever had, in order. */
  sequence(obj: string): readonly string[] {
    const known = this.#sequences.get(obj);
    if (known) return known;
    const behind = new Map<string, Op[]>();
    for (const ops of this.#of) for (const op of ops) if (op.obj === obj && op.behind !== undefined) behind.set(op.behind, [...(behind.get(op.behind) ?? []), op]);
    const out: string[] = [];
    const rest = ['_head'];
    for (let at = rest.pop(); at !== undefined; at = rest.pop()) {
      if (at !== '_head') out.push(at);
      rest.push(...(behind.get(at) ?? []).sort(older).map((op) => op.id)); // the youngest comes first, so it is pushed last
    }
    this.#sequences.set(obj, out);
    return out;
  }

  /** The operation that shows in an element. */
  shows(obj: string, elem: string, view: View): Op | undefined {
    return this.#stands(`${obj}\u0000@${elem}`, view).at(-1);
  }

  /** The characters of an element; undefined: it is not there. */
  characters(obj: string, elem: string, view: View): string | undefined {
    const op = this.shows(obj, elem, view);
    return op && (op.action === 'set' && typeof op.value === 'string' ? op.value : '\ufffc');
  }

  text(obj: string, view: View): string {
    return this.sequence(obj).map((e) => this.characters(obj, e, view) ?? '').join('');
  }

  /** What a counter says. */
  counted(op: Op, view: View): number {
    return op.by.reduce((n, s) => (s.action === 'inc' && view(s.change) ? n + Number(s.value) : n), Number(op.value));
  }

  /** The way to an object, and whether it is shown there. */
  path(obj: string, view: View): { path: (string | number)[]; shown: boolean } {
    const path: (string | number)[] = [];
    let shown = true;
    for (let at = this.made(obj); at; at = this.made(at.obj)) {
      path.unshift(at.key ?? this.position(at.obj, at.elem!, view).index);
      shown &&= this.stands(at, view).at(-1)?.id === at.id;
    }
    return { path, shown };
  }

  /** An element's place: of all that a sequence ever had, and how much stands before it (in a text UTF-16 units). */
  position(obj: string, elem: string, view: View): { rank: number; index: number } {
    const all = this.sequence(obj);
    const isText = this.made(obj)?.action === 'makeText';
    const rank = all.indexOf(elem);
    let index = 0;
    for (let i = 0; i < rank; i++) {
      if (isText) index += this.characters(obj, all[i]!, view)?.length ?? 0;
      else if (this.shows(obj, all[i]!, view)) index++;
    }
    return { rank, index };
  }

  /** A value with all that is in it, as automerge takes it (by written); what is not known is undefined. */
  value(op: Op, view: View, budget: Budget): unknown {
    if (!budget.take(op.action === 'set' && typeof op.value === 'string' ? op.value.length : 0)) return undefined;
    switch (op.action) {
      case 'makeText': {
        const text = this.text(op.id, view);
        budget.take(text.length);
        return new SharedString(text);
      }
      case 'makeList':
        return this.sequence(op.id).flatMap((e) => {
          const shown = budget.cut ? undefined : this.shows(op.id, e, view);
          return shown ? [this.value(shown, view, budget)] : [];
        });
      case 'set':
        break;
      default: {
        const out: Record<string, unknown> = {};
        for (const key of [...(this.#members.get(op.id) ?? [])].sort()) {
          const shown = budget.cut ? undefined : this.#stands(`${op.id}\u0000.${key}`, view).at(-1);
          if (shown) out[key] = this.value(shown, view, budget);
        }
        return out;
      }
    }
    switch (op.type) {
      case 'counter':
        return new A.Counter(this.counted(op, view));
      case 'timestamp':
        return new Date(Number(op.value));
      case 'int':
        return new A.Int(Number(op.value));
      case 'uint':
        return new A.Uint(Number(op.value));
      case 'float64':
        return new A.Float64(Number(op.value));
      case 'bytes':
        return Uint8Array.from(op.value as number[]);
      case 'string':
      case 'boolean':
        return op.value;
      default:
        return op.value === null ? null : undefined;
    }
  }
}

const older = (a: Op, b: Op): number => a.counter - b.counter || (a.actor < b.actor ? -1 : a.actor > b.actor ? 1 : 0);
const placeOf = (op: Op): string => (op.key === undefined ? `${op.obj}\u0000@${op.elem}` : `${op.obj}\u0000.${op.key}`);

/** What a value is, to be compared: with the kinds of its parts. */
export function told(v: unknown): string {
  return JSON.stringify(v, function (this: Record<string, unknown>, key, x: unknown) {
    const was = this[key]; // before toJSON
    if (was instanceof SharedString) return { text: was.text };
    if (was instanceof A.Counter || was instanceof A.Int || was instanceof A.Uint || was instanceof A.Float64) return { [was.constructor.name]: String(was.value) };
    if (was instanceof Date) return { date: was.getTime() };
    if (was instanceof Uint8Array) return { bytes: [...was] };
    return was === undefined ? { unknown: true } : x;
  });
}
