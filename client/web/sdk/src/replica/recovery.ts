import type { RefusedWork } from '../api.ts';
import { A } from '../automerge.ts';
import { NotValid } from '../errors.ts';
import { reasonIn } from '../reasons.ts';
import type { Refusal } from '../net/frames.ts';
import { apply, rewritten, set, drop, type Edit } from '../rules/edits.ts';
import { entries, isMap, plain, str, type Tree } from '../rules/values.ts';
import type { Database, WorkRecord } from '../store/database.ts';
import type { DocumentId, Identity } from '../types.ts';
import { millis, touched } from './changes.ts';
import { decode, rebase } from './rebase.ts';
import type { Replica } from './replica.ts';

export interface RecoveryOptions {
  readonly db: Database;
  readonly replica: Replica;
  readonly who: Identity;
  readonly changed: () => void;
  /** Another tab has to take a document anew from the disk. */
  readonly replaced: (id: DocumentId) => void;
  readonly refused: (work: RefusedWork) => void;
  /** Files that only the refused work named need not go. */
  readonly dropFiles: (job: DocumentId, attachments: readonly string[]) => Promise<void>;
}

/** Codes that waiting does not change; and those where only the actor does not suit. */
const final = ['too-large', 'bad-checksum', 'malformed', 'unsupported', 'not-canonical', 'bad-actor', 'bad-seq', 'bad-start-op', 'unknown-object', 'wrong-type', 'unknown-element', 'unknown-pred', 'bad-operation', 'not-allowed', 'actor-taken', 'document-too-big'];
const rewritable = ['actor-taken', 'bad-seq'];

/** What the server refused for good: kept where a person sees it, and taken out of the document, so that what came after it arrives. */
export class Recovery {
  readonly #o: RecoveryOptions;
  readonly #waiting = new Map<DocumentId, Map<string, Refusal>>();
  readonly #out = new Map<DocumentId, Set<string>>(); // taken out; another tab may bring them back before it hears of it
  #timer: ReturnType<typeof setTimeout> | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(o: RecoveryOptions) {
    this.#o = o;
  }

  /** Finishes what a crash broke off: an entry that was kept, and whose change is still in the document. */
  async open(): Promise<void> {
    for (const w of await this.#o.db.all('work')) {
      this.#remember(w.job, w.change);
      if (!w.done) this.#note(w.job, { documentId: w.job, code: w.code, change: w.change, retry: false, detail: w.reason });
    }
    if (this.#waiting.size > 0) this.#soon();
  }

  refused(refusal: Refusal): void {
    if (refusal.retry || !refusal.change || !final.includes(refusal.code)) return;
    this.#note(refusal.documentId, refusal);
    this.#soon();
  }

  #note(id: DocumentId, refusal: Refusal): void {
    const of = this.#waiting.get(id) ?? new Map<string, Refusal>();
    of.set(refusal.change!, refusal);
    this.#waiting.set(id, of);
  }

  #remember(id: DocumentId, change: string): void {
    this.#out.set(id, (this.#out.get(id) ?? new Set()).add(change));
  }

  #soon(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.settle(), 300); // the refusals of one message come together
  }

  /** Takes out what was refused until now. */
  settle(): Promise<void> {
    this.#running = this.#running.then(async () => {
      for (const [id, refusals] of [...this.#waiting]) {
        this.#waiting.delete(id);
        await this.#o.replica.exclusively(id, () => this.#recover(id, refusals)).catch(() => this.#waiting.set(id, refusals));
      }
    });
    return this.#running;
  }

  async #recover(id: DocumentId, refusals: ReadonlyMap<string, Refusal>): Promise<void> {
    const handle = await this.#o.replica.load(id);
    if (!handle.isReady()) return;
    const doc = handle.doc() as A.Doc<unknown>;
    const here = [...refusals.values()].filter((r) => A.hasHeads(doc, [r.change!]));
    if (here.length > 0) {
      const moved = new Set(here.filter((r) => rewritable.includes(r.code)).map((r) => r.change!));
      const dropped = new Set(here.filter((r) => !moved.has(r.change!)).map((r) => r.change!));
      const root = doc as Tree;
      const all = A.getAllChanges(doc);
      const raws = new Map(A.getChangesMetaSince(doc, []).map((c, i) => [c.hash, all[i]!])); // both in the order of the history
      // 1. The book entries, durably, before anything else.
      const works = here.filter((r) => dropped.has(r.change!)).map((r) => this.#entry(id, root, r, raws.get(r.change!)!));
      await this.#o.db.write(['work'], (store) => works.forEach((w) => store('work').put(w)));
      // 2. The document without them, and 3. in the place of the old one.
      let fresh: Tree = {};
      await this.#o.replica.replace(id, (old) => {
        const rebased = rebase(old as A.Doc<unknown>, dropped, moved);
        for (const g of rebased.gone) this.#remember(id, g.change.hash);
        return (fresh = A.applyChanges(A.init<Tree>(), [...rebased.changes])[0] as Tree);
      });
      this.#o.replaced(id);
      const named = isMap(fresh['attachments']) ? Object.keys(fresh['attachments']) : [];
      const files = works.flatMap((w) => w.did.filter((d) => d.path[0] === 'attachments').map((d) => d.path[1]!)).filter((a) => !named.includes(a));
      if (files.length > 0) await this.#o.dropFiles(id, files);
      works.forEach((w) => this.#o.refused(shown(w)));
    }
    // 4. What is in the book is in no document any more.
    for (const w of await this.#o.db.all('work')) if (w.job === id && !w.done) await this.#o.db.put('work', { ...w, done: true });
    this.#o.changed();
  }

  #entry(id: DocumentId, root: Tree, r: Refusal, raw: Uint8Array): WorkRecord {
    const doc = root as A.Doc<unknown>;
    const c = decode(raw);
    const after = A.view(doc, [c.hash]) as Tree;
    const did = touched(doc, [...c.deps], [c.hash]).map(({ path, kind }) => ({
      path: [...path], what: nameOf(after, path), ...(kind === 'removed' ? {} : { value: plain(path.reduce<unknown>((m, k) => (isMap(m) ? m[k] : undefined), after)) }),
    }));
    return {
      id: c.hash, job: id, jobTitle: this.#o.replica.record(id)?.row.title ?? '', change: c.hash, raw, at: millis(c.time), refusedAt: Date.now(),
      code: r.code, reason: r.detail?.replace(/^[^:]*: /, '') ?? r.code, did, done: false,
    };
  }

  async list(): Promise<RefusedWork[]> {
    // As it was done: changes know the second, and of one second those come first that the others may build on.
    const made = (w: WorkRecord): number => decode(w.raw).startOp;
    return (await this.#o.db.all('work')).sort((a, b) => a.at - b.at || made(a) - made(b)).map(shown);
  }

  /** Does refused work once more, at the state of now. */
  async again(id: string): Promise<void> {
    const w = await this.#o.db.get('work', id);
    if (!w) throw new NotValid('work-gone');
    const edits = w.did.flatMap((d): Edit[] => redo(d.path, d.value));
    await this.#o.replica.exclusively(w.job, () => this.#o.replica.change(w.job, (doc) => apply(doc, edits)));
    await this.dismiss(id);
  }

  async dismiss(id: string): Promise<void> {
    await this.#o.db.delete('work', id);
    this.#o.changed();
  }
}

function redo(path: readonly string[], value: unknown): Edit[] {
  if (value === undefined) return [drop(path)];
  const shared = path[0] === 'description' || (path[0] === 'report_fields' && path[2] === 'value' && typeof value === 'string');
  if (shared) return [{ op: 'text', path, text: String(value) }];
  return [set(path, times(path, value))];
}

/** Times were strings where they were shown; they are times where they are written. */
function times(path: readonly string[], v: unknown): unknown {
  const key = path[path.length - 1]!;
  if (typeof v === 'string' && /(_at)$/.test(key)) return new Date(v);
  if (isMap(v)) return Object.fromEntries(Object.entries(v).map(([k, x]) => [k, path[0] === 'comments' && k === 'text' ? rewritten(x) : times([...path, k], x)]));
  return v;
}

function nameOf(root: Tree, path: readonly string[]): string {
  const e = entries(root[path[0]!]).find(([id]) => id === path[1])?.[1];
  return e ? str(e['name']) || str(e['text']) || str(e['status']) || path[0]! : path[0]!;
}

const shown = (w: WorkRecord): RefusedWork => ({
  id: w.id, job: w.job, jobTitle: w.jobTitle, at: w.at, refusedAt: w.refusedAt, code: w.code, reason: w.reason, because: reasonIn(w.reason) ?? { code: w.code },
  did: w.did.map(({ path, what, value }) => ({ path, what, ...(value === undefined ? {} : { value }) })), canRepeat: w.did.length > 0,
});

