import type { AttachOptions, Deed, HistoryPage, JobHandle, News, Permission, Receipt, SharedText, StatusOptions } from '../api.ts';
import { A } from '../automerge.ts';
import { breathe } from '../breathe.ts';
import { covers, type Receipts } from '../client/receipts.ts';
import { ApiError, NotValid } from '../errors.ts';
import { data, type RestClient } from '../rest/client.ts';
import { apply, smallestSplice, type Edit } from '../rules/edits.ts';
import { readJob } from '../rules/read.ts';
import { applyUndo, undo, undoMessage } from '../rules/undo.ts';
import type { Class } from '../rules/transitions.ts';
import { isMap, text, type Tree } from '../rules/values.ts';
import type { Attachment, Clash, Comment, DocumentId, FieldValue, Heads, HistoryEntry, Job, Part, Status, Watched } from '../types.ts';
import { derived, toldBy, Value } from '../watched.ts';
import * as actions from './actions.ts';
import { millis, newsOf } from './changes.ts';
import { newId } from './ids.ts';
import { patchEdits } from './patch.ts';
import { JobPresence } from './presence.ts';
import type { Handle, Replica } from './replica.ts';

const typingRests = 1_000; // ms after the last letter that what was typed is seen in the job as a whole too
const typingEnds = 5_000; // ms after the first one, at most

/** What a job needs beside the replica. */
export interface JobNeeds {
  readonly replica: Replica;
  readonly api: RestClient;
  /** How far other devices are. */
  readonly receipts: Receipts;
  online(): boolean;
  /** Keeps a file and its previews on this device; the rest of attaching is the job's. */
  keep(job: DocumentId, file: Blob, options: AttachOptions): Promise<{ attachment: Attachment; queue: (title: string) => Promise<void> }>;
  /** A status was set: everything is synced at once (S5). */
  statusChanged(): void;
}

/** An open job. */
export class OpenJob implements JobHandle {
  readonly state = new Value<'loading' | 'ready' | 'unavailable'>('loading');
  readonly job: Watched<Job | undefined>;
  readonly part: Watched<Part>;
  readonly news: Watched<readonly News[]>;
  readonly presence: JobPresence;
  /** Counts the states of the document; texts follow each. */
  readonly #version = new Value(0);
  /** What changes when the document does. */
  readonly #states: readonly Watched<unknown>[];
  /** What else there is to see follows when the typing rests: whoever types, or has others type, needs the processor for the letters. */
  readonly #calm = new Value(0);
  #calmDue: { readonly timer: ReturnType<typeof setTimeout>; readonly until: number } | undefined;
  #telling = false;
  #deeds = 0; // that are being done here: what they change is told at once, letters too
  #unseen = 0; // states that nobody was told of, and that are not by typing alone
  /** Texts that may be typed in, as far as was looked: letters change nothing about it, and to look is dearer than to type one. */
  readonly #typable = new Set<string>();
  readonly #n: JobNeeds;
  #handle: Handle | undefined;
  #closed = false;
  readonly #end: () => void;

  constructor(readonly id: DocumentId, needs: JobNeeds) {
    this.#n = needs;
    const { replica } = needs;
    this.#states = [this.#version, replica.swapped];
    replica.hold(id);
    this.presence = new JobPresence(replica.who);
    this.job = toldBy([this.#calm], derived(this.#states, () => this.#read()));
    this.part = toldBy([this.#calm], derived(this.#states, () => (this.#doc ? replica.partOf(this.#doc, id) : 'onlooker')));
    const looked = derived([replica.records], () => replica.record(id)?.looked);
    this.news = toldBy([this.#calm, looked], derived([...this.#states, looked], () => (this.#doc ? newsOf(this.#doc, looked.get(), this.heads(), replica.who.user) : [])));
    // Where the document is replaced (refused work was taken out), the record changes and the handle is another one.
    this.#end = replica.records.subscribe(() => void this.#follow());
    void this.#follow();
  }

  get #doc(): Tree | undefined {
    return this.#handle && this.#n.replica.docOf(this.id);
  }

  #following = false;
  async #follow(): Promise<void> {
    if (this.#closed || this.#following) return;
    if (this.#handle && (this.#handle.isReady() || this.#handle.isUnavailable())) {
      if (this.#handle.isReady() && this.state.get() !== 'ready') this.#changed();
      return;
    }
    this.#following = true;
    try {
      const handle = await this.#n.replica.load(this.id);
      await breathe(); // it was loaded in this task; it is read and shown in another
      if (this.#closed) return;
      this.#unfollow();
      this.#handle = handle;
      handle.on('heads-changed', this.#changed);
      handle.on('change', this.#typed);
      this.presence.attach(handle);
      if (handle.isReady() && A.getHeads(handle.doc()).length > 0) this.#changed();
      else this.state.set('unavailable');
    } catch {
      this.state.set('unavailable');
    } finally {
      this.#following = false;
    }
  }

  #unfollow(): void {
    this.#handle?.off('heads-changed', this.#changed);
    this.#handle?.off('change', this.#typed);
  }

  readonly #changed = (): void => {
    this.#unseen++;
    if (this.#telling) return;
    this.#telling = true;
    // The handle tells before it is ready, where it brings a document for the first time.
    queueMicrotask(() => {
      this.#telling = false;
      if (this.#handle?.isReady()) this.state.set('ready');
      this.#version.update((n) => n + 1);
      if (this.#unseen > 0 || this.#deeds > 0) this.#tell();
      else this.#tellLater();
      this.#unseen = 0;
    });
  };

  /** Comes after #changed, with what the state before became. Letters have places in a text: numbers. */
  readonly #typed = ({ patches }: { readonly patches: readonly A.Patch[] }): void => {
    if (patches.length > 0 && patches.every((p) => typeof p.path[p.path.length - 1] === 'number')) this.#unseen--;
  };

  #tellLater(): void {
    const now = performance.now();
    const until = this.#calmDue?.until ?? now + typingEnds;
    clearTimeout(this.#calmDue?.timer);
    this.#calmDue = { timer: setTimeout(() => this.#tell(), Math.min(typingRests, until - now)), until };
  }

  #tell(): void {
    this.#typable.clear();
    clearTimeout(this.#calmDue?.timer);
    this.#calmDue = undefined;
    this.#calm.update((n) => n + 1);
  }

  #read(): Job | undefined {
    const doc = this.#doc;
    if (!doc) return undefined;
    const { replica } = this.#n;
    const who = actions.classOf(replica.partOf(doc, this.id));
    // A page asks for it many times between two changes: what may be done, for each field.
    if (this.#last?.doc !== doc || this.#last.who !== who) this.#last = { doc, who, job: readJob(doc, { id: this.id, heads: this.heads(), clashes: replica.clashesOf(doc, this.id), who }) };
    return this.#last.job;
  }

  #last: { readonly doc: Tree; readonly who: Class; readonly job: Job } | undefined;

  heads(): Heads {
    return this.#doc ? A.getHeads(this.#doc) : [];
  }

  ready(): Promise<Job> {
    return new Promise((resolve, reject) => {
      const look = () => {
        const state = this.state.get();
        const job = this.job.get();
        if (state === 'loading' || (state === 'ready' && !job)) return;
        end();
        if (job) resolve(job);
        else reject(new NotValid('job-not-here'));
      };
      const ends = [this.state.subscribe(look), this.job.subscribe(look)];
      const end = () => ends.forEach((e) => e());
      look();
    });
  }

  #doing(): actions.Doing {
    const root = this.#doc;
    const job = this.#read();
    if (!root || !job) throw new NotValid('job-loading');
    const { replica } = this.#n;
    return { root, job, part: replica.partOf(root, this.id), who: replica.who, now: new Date(), clashes: replica.clashesOf(root, this.id) };
  }

  may(deed: Deed): Permission {
    return this.#doc ? actions.may(this.#doing(), deed) : actions.no('job-loading');
  }

  next(): readonly Status[] {
    return this.#doc ? actions.nextStatuses(this.#doing()) : [];
  }

  missing(): readonly string[] {
    return this.#doc ? actions.missing(this.#doing()) : [];
  }

  async #do(make: (d: actions.Doing) => Edit[]): Promise<void> {
    await this.ready();
    await this.#n.replica.exclusively(this.id, async () => {
      const edits = make(this.#doing());
      if (edits.length === 0) return;
      const knew = this.news.get().length === 0;
      await this.#change((doc) => apply(doc, edits));
      if (knew) await this.#n.replica.looked(this.id); // what one does oneself is no news
    });
  }

  async #change(make: (doc: Tree) => void, message?: string): Promise<void> {
    this.#deeds++;
    try {
      await this.#n.replica.change(this.id, make, message);
    } finally {
      this.#deeds--;
    }
  }

  async setStatus(status: Status, options: StatusOptions = {}): Promise<void> {
    await this.#do((d) => actions.setStatus(d, newId(), status, options));
    this.#n.statusChanged();
  }

  async undoStatus(event?: string): Promise<void> {
    await this.#do((d) => actions.undoStatus(d, newId(), event));
    this.#n.statusChanged();
  }

  fill(field: string, value: FieldValue): Promise<void> {
    return this.#do((d) => actions.fill(d, field, value));
  }

  tick(item: string, done: boolean): Promise<void> {
    return this.#do((d) => actions.tick(d, item, done));
  }

  async comment(words: string): Promise<Comment> {
    const id = newId();
    await this.#do((d) => actions.comment(d, id, words));
    return this.job.get()!.comments.find((c) => c.uuid === id)!;
  }

  editComment(comment: string, words: string): Promise<void> {
    return this.#do((d) => actions.editComment(d, comment, words));
  }

  removeComment(comment: string): Promise<void> {
    return this.#do((d) => actions.removeComment(d, comment));
  }

  patch(patch: Record<string, unknown>): Promise<void> {
    return this.#do((d) => {
      for (const key of Object.keys(patch)) actions.require(actions.may(d, key === 'assignees' ? { do: 'assign' } : { do: 'plan', key }));
      return patchEdits(d.root, patch);
    });
  }

  async attach(file: Blob, options: AttachOptions = {}): Promise<Attachment> {
    await this.ready();
    const d = this.#doing();
    actions.attach(d, { uuid: 'new', sha256: '0'.repeat(64), size: file.size, ...(options.field ? { field: options.field } : {}) }); // before the file is worked on
    const { attachment, queue } = await this.#n.keep(this.id, file, options);
    await queue(this.#n.replica.record(this.id)?.row.title ?? '');
    await this.#do((now) => actions.attach(now, attachment));
    return attachment;
  }

  removeAttachment(attachment: string): Promise<void> {
    return this.#do((d) => actions.removeAttachment(d, attachment));
  }

  async settle(clash: Clash, value: number): Promise<void> {
    await this.#do((d) => actions.settle(d, newId(), clash, value));
    if (clash.kind === 'status') this.#n.statusChanged();
  }

  text(path: readonly string[]): SharedText {
    const read = (): string => path.reduce<unknown>((m, k) => (isMap(m) ? m[k] : undefined), this.#doc) as string;
    const current = () => text(read()) ?? '';
    const name = path.join('\u0000');
    const write = (make: (doc: Tree) => void) => {
      if (!this.#typable.has(name)) actions.require(actions.mayAt(this.#doing(), path));
      this.#typable.add(name);
      this.#n.replica.type(this.id, path, make);
      this.#version.update((n) => n + 1); // no handle tells of a document that leaves
    };
    const splice = (at: number, remove: number, insert: string) =>
      write((doc) => {
        const was = current();
        if (typeof read() === 'string') A.splice(doc as A.Doc<unknown>, [...path], at, remove, insert);
        else apply(doc, [{ op: 'text', path, text: was.slice(0, at) + insert + was.slice(at + remove) }]); // it becomes a text
      });
    return {
      value: derived(this.#states, current),
      splice,
      replace: (now) => {
        const was = current();
        if (was === now) return;
        const s = smallestSplice(was, now);
        splice(s.at, s.remove, s.insert);
      },
      anchor: (at) => (typeof read() !== 'string' ? '' : A.getCursor(this.#doc as A.Doc<unknown>, [...path], at >= current().length ? 'end' : at)),
      at: (anchor) => {
        try {
          return Math.min(A.getCursorPosition(this.#doc as A.Doc<unknown>, [...path], anchor as A.Cursor), current().length);
        } catch {
          return current().length; // an anchor of a change that is not here yet
        }
      },
    };
  }

  async undo(change: string): Promise<{ readonly left: readonly string[] }> {
    await this.ready();
    const { replica } = this.#n;
    return replica.exclusively(this.id, async () => {
      const d = this.#doing();
      const { edits, left } = undo(d.root as A.Doc<unknown>, change, { id: newId(), at: d.now, by: d.who.user, device: d.who.device });
      for (const e of edits) actions.require(actions.mayUndo(d, e));
      const knew = this.news.get().length === 0;
      await this.#change((doc) => applyUndo(doc, edits), undoMessage(change));
      if (knew) await replica.looked(this.id);
      if (edits.some((e) => e.path[0] === 'status_log')) this.#n.statusChanged();
      return { left: left.map((l) => l.path.join('.')) };
    });
  }

  async history(options: { readonly cursor?: string; readonly limit?: number } = {}): Promise<HistoryPage> {
    if (this.#n.online()) {
      const page = await data(this.#n.api.GET('/api/v1/jobs/{id}/history', { params: { path: { id: this.id }, query: { ...(options.cursor ? { cursor: options.cursor } : {}), limit: options.limit ?? 50 } } })).catch((err: unknown) => {
        if (err instanceof ApiError && err.status === 0) return undefined; // the network went away
        throw err;
      });
      if (page) return { entries: page.entries ?? [], offline: false, ...('next' in page && page.next ? { next: page.next } : {}) };
    }
    return { entries: this.#known(options.limit ?? 50), offline: true };
  }

  /** What this device knows of a job's history by itself: when, and which places; not who, but where the job says so. */
  #known(limit: number): HistoryEntry[] {
    const doc = this.#doc;
    if (!doc) return [];
    const changes = A.getChangesMetaSince(doc, []);
    return changes.slice(-limit).reverse().map((c, i): HistoryEntry => {
      const patches = A.diff(doc, c.deps, [c.hash]);
      const places = new Map(patches.map((p) => [p.path.slice(0, 2).join('.'), p.path.slice(0, 2)]));
      const ms = millis(c.time);
      return {
        version: changes.length - i, hash: c.hash, actor: c.actor, seq: c.seq, ...(ms ? { time: new Date(ms).toISOString(), happened_at: new Date(ms).toISOString() } : {}),
        did: [...places.values()].map((path) => ({ path: [...path], kind: 'set' as const })),
      };
    });
  }

  at(heads: Heads): Job {
    const doc = this.#doc;
    if (!doc || !A.hasHeads(doc, [...heads])) throw new NotValid('state-not-here');
    const view = A.view(doc, [...heads]) as Tree;
    return readJob(view, { id: this.id, heads, clashes: this.#n.replica.clashesOf(view), who: actions.classOf(this.part.get()) });
  }

  receipt(heads?: Heads): Watched<Receipt | undefined> {
    const { replica, receipts } = this.#n;
    const record = derived([replica.records], () => replica.record(this.id));
    const watched = derived([...this.#states, record, receipts.left], (): Receipt | undefined => {
      const doc = this.#doc as A.Doc<unknown> | undefined;
      const of = heads ?? this.heads();
      if (!doc || of.length === 0) return undefined;
      const beyond = (held: readonly string[]) => {
        if (!heads) return new Set(of); // nothing comes after all that is here, so only who names it has it: no walk over what was typed meanwhile, with each letter
        const known = held.filter((h) => A.hasHeads(doc, [h])); // what is not here comes after what is
        return new Set(known.length > 0 ? A.getChangesMetaSince(doc, known).map((c) => c.hash) : of);
      };
      const left = receipts.left.get().get(this.id) ?? [];
      if (left.some((l) => l.user !== replica.who.user && covers(l.seen, of, beyond))) return 'seen';
      if (left.some((l) => covers(l.heads, of, beyond))) return 'on-other-devices';
      // What the server says comes before the record follows: what is new from it is not to be sent.
      const known = replica.record(this.id);
      const held = [...(known?.shared ?? []), ...(replica.heard(this.id) ?? [])];
      if (held.length === 0 && !known?.made) return undefined;
      return covers(held, of, beyond) ? 'on-the-server' : 'on-this-device';
    });
    return {
      get: watched.get,
      subscribe: (listener) => {
        const ends = [watched.subscribe(listener), receipts.ask(this.id)];
        void receipts.exchange(replica.records.get().values());
        return () => ends.forEach((end) => end());
      },
    };
  }

  async looked(): Promise<void> {
    await this.#n.replica.looked(this.id);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#end();
    this.presence.close();
    clearTimeout(this.#calmDue?.timer);
    this.#unfollow();
    this.#n.replica.release(this.id);
  }
}
