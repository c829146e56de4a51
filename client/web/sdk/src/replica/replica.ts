import { documentIdToBinary, Repo, type DocHandle, type DocumentId as RepoId, type NetworkAdapterInterface } from '@automerge/automerge-repo/slim';
import { A } from '../automerge.ts';
import { ServerAdapter } from '../net/adapter.ts';
import type { Refusal } from '../net/frames.ts';
import { headsDigest, type Compared, type Item } from '../net/catchup.ts';
import { partOf } from '../rules/access.ts';
import type { PlacedClash } from '../rules/clashes.ts';
import { labelOf } from '../rules/read.ts';
import { byWorker } from '../rules/transitions.ts';
import { apply, carried } from '../rules/edits.ts';
import { isMap, text, type Tree } from '../rules/values.ts';
import type { Database, DocRecord } from '../store/database.ts';
import type { DocumentStorage } from '../store/documents.ts';
import type { DocumentId, Heads, Identity, Part } from '../types.ts';
import { Value } from '../watched.ts';
import { madeAt, newsOf, same, unsentOf } from './changes.ts';
import { ClashFinder } from './clashfinder.ts';
import { bytesToId } from './documentid.ts';
import { keptOpened, tidied, tidiedAgain } from './opened.ts';
import { filesOf, readRow } from './row.ts';

export type Handle = DocHandle<Tree>;

export interface ReplicaOptions {
  readonly db: Database;
  readonly storage: DocumentStorage;
  /** Connections to the other tabs. */
  readonly tabs: readonly NetworkAdapterInterface[];
  readonly syncUrl: () => string;
  readonly who: Identity;
  readonly keep: 'all' | 'opened';
  readonly events: ReplicaEvents;
  readonly webSocket?: typeof WebSocket;
}

export interface ReplicaEvents {
  connected(): void;
  disconnected(retryAt: number | undefined, why: { readonly code: number; readonly advice: string }): void;
  /** A record was written, here or by another tab. */
  changed(record: DocRecord, before: DocRecord | undefined): void;
  refused(refusal: Refusal): void;
  /** bytes of changes came. */
  moved(bytes: number): void;
}

const loadsAtOnce = 8; // documents that are brought at a time after a comparison
const idleAfter = 30_000; // ms that a document nobody has open stays in memory
const refreshAfter = 30; // ms that further changes of a document join in
const refreshBeat = 1_000; // ms between two when they do not end

/** The documents of one person in this tab: automerge-repo, and a record beside each. */
export class Replica {
  readonly repo: Repo;
  readonly adapter: ServerAdapter;
  readonly records = new Value<ReadonlyMap<DocumentId, DocRecord>>(new Map());
  /** Documents whose exchange with the server is going on. */
  readonly pending = new Value<ReadonlySet<DocumentId>>(new Set());
  /** A comparison is going on, or has not been since the connection stands. */
  readonly comparing = new Value(false);
  /** Counts the documents that were put in the place of others. */
  readonly swapped = new Value(0);
  readonly #o: ReplicaOptions;
  readonly #heard = new Map<DocumentId, Heads>();
  /** What the comparison that goes on was told of each document. */
  #listed: ReadonlyMap<DocumentId, Heads> = new Map();
  readonly #watched = new Map<DocumentId, Handle>();
  readonly #open = new Map<DocumentId, number>();
  readonly #due = new Map<DocumentId, ReturnType<typeof setTimeout>>();
  readonly #refreshed = new Map<DocumentId, number>(); // when a record was last derived because of changes, ms
  #present = () => {}; // says that this tab has gone
  readonly #idle = new Map<DocumentId, ReturnType<typeof setTimeout>>();
  readonly #leaving = new Map<DocumentId, Leaving>();
  readonly #loads = new Set<DocumentId>(); // documents that are on their way into memory
  readonly #busy = new Map<DocumentId, Promise<unknown>>();
  readonly #clashes = new ClashFinder();
  #queue: DocumentId[] = [];
  #loading = 0;
  #closed = false;

  private constructor(o: ReplicaOptions) {
    this.#o = o;
    this.adapter = new ServerAdapter({
      url: o.syncUrl,
      ...(o.webSocket ? { webSocket: o.webSocket } : {}),
      events: {
        inventory: () => this.#inventory(),
        compared: (result) => this.#compared(result),
        incomparable: () => this.#incomparable(),
        refused: (refusal) => o.events.refused(refusal),
        heard: (id, heads, bytes) => this.#hears(id, heads, bytes),
        unavailable: (id) => this.#isUnavailable(id),
        connected: () => {
          this.comparing.set(o.keep === 'all');
          o.events.connected();
          this.#statusesFirst();
        },
        disconnected: (retryAt, why) => {
          this.#heard.clear();
          this.#queue = [];
          this.pending.set(new Set());
          this.comparing.set(false);
          o.events.disconnected(retryAt, why);
        },
        urgent: (id) => carriesStatus(this.record(id)),
        drained: () => this.#pump(),
      },
      compares: o.keep === 'all',
    });
    this.repo = new Repo({ storage: o.storage, network: [this.adapter, ...o.tabs], isEphemeral: false, saveDebounceRate: 20 });
  }

  static async open(o: ReplicaOptions): Promise<Replica> {
    const leave = o.keep === 'opened' ? await tidied(o.db, o.storage) : () => undefined;
    const replica = new Replica(o);
    replica.#present = leave;
    replica.records.set(new Map((await o.db.all('docs')).map((r) => [r.id, r])));
    return replica;
  }

  get who(): Identity {
    return this.#o.who;
  }

  record(id: DocumentId): DocRecord | undefined {
    return this.records.get().get(id);
  }

  /** Another tab wrote a record. */
  async reload(id: DocumentId): Promise<void> {
    const record = await this.#o.db.get('docs', id);
    if (record) this.#put(record);
    else this.#strike(id);
  }

  /** The document, ready or unavailable; the conversation about it begins. */
  async load(id: DocumentId): Promise<Handle> {
    this.#loads.add(id);
    const handle = await this.repo.find<Tree>(id as RepoId, { allowableStates: ['ready', 'unavailable'] }).finally(() => this.#loads.delete(id));
    if (this.#watched.get(id) !== handle) {
      this.#watched.set(id, handle);
      handle.on('heads-changed', () => this.refresh(id));
      offerAll(handle);
      if (handle.isReady()) this.refresh(id);
    }
    this.#rest(id);
    return handle;
  }

  /** Holds a document in memory until release. */
  hold(id: DocumentId): void {
    this.#open.set(id, (this.#open.get(id) ?? 0) + 1);
    clearTimeout(this.#idle.get(id));
    if (this.#o.keep === 'opened') void this.#o.db.update('docs', id, (old) => old && { ...old, used: Date.now() }).catch(() => undefined);
  }

  release(id: DocumentId): void {
    const left = (this.#open.get(id) ?? 1) - 1;
    if (left > 0) this.#open.set(id, left);
    else this.#open.delete(id);
    this.#rest(id);
  }

  /** Makes a change, durable on this device when it resolves. */
  async change(id: DocumentId, make: (doc: Tree) => void, message?: string): Promise<void> {
    const handle = await this.load(id);
    handle.change((doc) => make(doc), message ? { message } : {});
    await this.durable(id);
  }

  async durable(id: DocumentId): Promise<void> {
    await this.repo.flush([id as RepoId]);
    await this.refreshNow(id);
  }

  async create(root: Record<string, unknown>): Promise<DocumentId> {
    const handle = this.repo.create<Tree>(root as Tree);
    const id = handle.documentId as DocumentId;
    await this.#o.db.put('facts', true, `made:${id}`);
    await this.load(id);
    await this.durable(id);
    return id;
  }

  /** One thing after the other for a document. */
  async exclusively<T>(id: DocumentId, work: () => Promise<T>): Promise<T> {
    const before = this.#busy.get(id) ?? Promise.resolve();
    const mine = before.then(work, work);
    const settled = mine.catch(() => undefined);
    this.#busy.set(id, settled);
    void settled.then(() => this.#busy.get(id) === settled && this.#busy.delete(id));
    return mine;
  }

  /** What several people wrote at once. id: absent for a state of the past. */
  clashesOf(doc: Tree, id?: DocumentId): readonly PlacedClash[] {
    return this.#clashes.of(doc, id);
  }

  partOf(doc: Tree, id: DocumentId): Part {
    return partOf(doc, this.#o.who, this.record(id)?.made === true);
  }

  /** Derives the record anew, soon. */
  refresh(id: DocumentId): void {
    if (this.#due.has(id) || this.#closed) return;
    const since = Date.now() - (this.#refreshed.get(id) ?? 0);
    this.#due.set(id, setTimeout(() => {
      this.#due.delete(id);
      this.#refreshed.set(id, Date.now());
      void this.refreshNow(id);
    }, Math.max(refreshAfter, since < 0 ? 0 : refreshBeat - since)));
  }

  async refreshNow(id: DocumentId): Promise<void> {
    const handle = this.#watched.get(id);
    if (this.#closed || !handle?.isReady()) return;
    const doc = handle.doc() as Tree;
    const heads = A.getHeads(doc);
    if (heads.length === 0) return this.#vanish(id);
    const made = this.record(id)?.made ?? (await this.#o.db.get('facts', `made:${id}`)) === true;
    const record = await this.#o.db.update('docs', id, (old) => this.#derive(id, doc, heads, made, old));
    if (!record) return;
    this.#put(record);
    this.#settle(id);
  }

  /** Nothing of a document is left: the server refused that it was made. */
  async #vanish(id: DocumentId): Promise<void> {
    await this.#o.db.delete('docs', id);
    this.#strike(id);
    this.#done(id);
  }

  #strike(id: DocumentId): void {
    if (this.record(id)) this.records.update((all) => new Map([...all].filter(([other]) => other !== id)));
  }

  #derive(id: DocumentId, doc: Tree, heads: Heads, made: boolean, old: DocRecord | undefined): DocRecord {
    const heard = this.#heard.get(id) ?? [];
    const here = heard.filter((h) => A.hasHeads(doc, [h]));
    const before = (old?.shared ?? []).filter((h) => A.hasHeads(doc, [h]));
    const shared = here.length > 0 && here.length === heard.length ? here : [...new Set([...before, ...here])];
    const changedAt = madeAt(doc, heads[0]!);
    const unsent = unsentOf(doc, { id, title: labelOf(doc), shared, heads, at: changedAt });
    // A job that comes is seen when it is opened: it has no news until then. What came with one's own making is known.
    const looked = old?.looked?.every((h) => A.hasHeads(doc, [h])) ? old.looked : made ? heads : undefined;
    const part = partOf(doc, this.#o.who, made);
    const withdrawn = part === 'onlooker' && this.#o.who.role === 'worker' && String((doc['kind'] as { val?: string } | undefined)?.val ?? doc['kind']) === 'job';
    const files = filesOf(doc);
    return {
      id, heads, shared, unsent, made, withdrawn: withdrawn || (old?.withdrawn === true && heard.length === 0), files, ...(looked ? { looked } : {}), ...(this.#o.keep === 'opened' ? { used: old?.used ?? Date.now() } : {}),
      row: readRow(doc, {
        id, part, clashes: this.clashesOf(doc, id).length, unsent: unsent.length, news: newsOf(doc, looked, heads, this.#o.who.user).length,
        files: { total: files.length, here: old?.row.files.here ?? 0 }, withdrawn, changedAt,
      }),
    };
  }

  #put(record: DocRecord): void {
    const before = this.record(record.id);
    this.records.update((all) => new Map(all).set(record.id, record));
    this.#o.events.changed(record, before);
  }

  /** This person has seen the state that the record tells of. Where that was noted already nothing is written, and nobody told. */
  async looked(id: DocumentId): Promise<void> {
    let news = false;
    await this.#o.db.update('docs', id, (old) => {
      news = old !== undefined && !(old.looked && same(old.looked, old.heads));
      return old && news ? { ...old, looked: old.heads } : undefined;
    });
    if (news) await this.refreshNow(id);
  }

  #inventory(): Item[] {
    this.#listed = new Map([...this.records.get().values()].map((r) => [r.id, r.heads]));
    return [...this.#listed].map(([id, heads]) => ({ doc: documentIdToBinary(id as RepoId)!, digest: headsDigest(heads) }));
  }

  #compared(result: Compared): void {
    this.comparing.set(false);
    for (const bytes of result.equal) {
      const id = bytesToId(bytes);
      const record = this.record(id);
      const heads = this.#listed.get(id);
      if (!record || !heads) continue;
      this.#heard.set(id, heads);
      if (!same(record.heads, heads)) this.#bring([id]); // changed here since the comparison began: that is not on the server yet
      else if (!same(record.shared, record.heads) || record.unsent.length || record.withdrawn) {
        void this.#o.db
          .update('docs', id, (old) => old && same(old.heads, record.heads) ? { ...old, shared: old.heads, unsent: [], withdrawn: false, row: { ...old.row, unsent: 0, withdrawn: false } } : undefined)
          .then((written) => written && this.#put(written));
      }
    }
    for (const bytes of result.unlisted) this.#withdraw(bytesToId(bytes));
    this.#bring(result.differ.map(bytesToId));
  }

  /** The server compares not, or only what is opened is kept: what is unsent is talked about. */
  #incomparable(): void {
    const all = [...this.records.get().values()];
    this.#bring(all.filter((r) => this.#o.keep === 'all' || r.unsent.length > 0 || !same(r.heads, r.shared)).map((r) => r.id));
  }

  /** The server lists it not, though it knew it: the assignment has ended, or the job left the inventory. */
  #withdraw(id: DocumentId): void {
    const record = this.record(id);
    if (!record || record.shared.length === 0 || record.withdrawn || record.row.kind !== 'job') return;
    void this.#o.db.update('docs', id, (old) => old && { ...old, withdrawn: true, row: { ...old.row, withdrawn: true } }).then((written) => written && this.#put(written));
  }

  /** Speaks about statuses that the server has not, before the comparison says what else differs; until then text waits. */
  #statusesFirst(): void {
    const ids = [...this.records.get().values()].filter(carriesStatus).map((r) => r.id);
    this.adapter.await(ids);
    this.#bring(ids);
  }

  /** Loads documents that differ, a few at a time, those with a status that the server has not first; loading begins the exchange. */
  #bring(ids: readonly DocumentId[]): void {
    if (ids.length === 0) return;
    this.pending.update((p) => new Set([...p, ...ids]));
    const urgent = ids.filter((id) => carriesStatus(this.record(id)));
    this.#queue = [...urgent, ...this.#queue, ...ids.filter((id) => !urgent.includes(id))];
    this.#pump();
  }

  #pump(): void {
    while (this.#loading < loadsAtOnce && this.#queue.length > 0 && !this.adapter.full) {
      const id = this.#queue.shift()!;
      this.#loading++;
      void this.load(id) // it may have come meanwhile, and nothing more will: so it is looked at
        .then((handle) => (handle.isReady() ? this.refreshNow(id) : this.#done(id)))
        .catch(() => this.#done(id)) // one that cannot be read holds up no other
        .finally(() => {
          this.#loading--;
          this.#pump();
        });
    }
  }

  #hears(id: DocumentId, heads: Heads, bytes: number): void {
    this.#heard.set(id, heads);
    this.#o.events.moved(bytes);
    if (!this.#watched.has(id)) void this.load(id).catch(() => undefined);
    else this.refresh(id);
  }

  #isUnavailable(id: DocumentId): void {
    this.#withdraw(id);
    this.#done(id);
  }

  /** Ends the exchange about a document where both ends hold the same. */
  #settle(id: DocumentId): void {
    const record = this.record(id);
    const heard = this.#heard.get(id);
    if (record && heard && same(record.heads, heard)) this.#done(id);
    else if (record && !same(record.heads, record.shared) && this.adapter.server && !record.withdrawn) this.pending.update((p) => (p.has(id) ? p : new Set([...p, id])));
  }

  #done(id: DocumentId): void {
    this.pending.update((p) => {
      if (!p.has(id)) return p;
      const left = new Set(p);
      left.delete(id);
      return left;
    });
  }

  /** What the server is known to hold of a document on this connection. */
  heard(id: DocumentId): Heads | undefined {
    return this.#heard.get(id);
  }

  /** Gives up a document's place in memory when nobody has needed it for a while. */
  #rest(id: DocumentId): void {
    clearTimeout(this.#idle.get(id));
    if (this.#closed || this.#open.has(id)) return;
    this.#idle.set(id, setTimeout(() => void this.#unload(id), idleAfter));
  }

  async #unload(id: DocumentId): Promise<void> {
    const handle = this.#watched.get(id);
    if (this.#open.has(id) || this.pending.get().has(id) || !handle?.isReady()) return this.#rest(id);
    await this.forget(id);
    if (this.#o.keep === 'opened' && this.records.get().size > keptOpened)
      for (const gone of await tidiedAgain(this.#o.db, this.#o.storage, (other) => this.#watched.has(other) || this.#open.has(other) || this.#loads.has(other))) this.#strike(gone);
  }

  /** Takes a document out of memory; its changes are durable before. */
  async forget(id: DocumentId): Promise<void> {
    const handle = this.#watched.get(id);
    if (!handle) return;
    if (handle.isReady()) {
      await this.repo.flush([id as RepoId]);
      await this.refreshNow(id);
    }
    this.#watched.delete(id);
    this.#refreshed.delete(id);
    this.#clashes.forget(id);
    handle.removeAllListeners('heads-changed');
    await this.repo.removeFromCache(id as RepoId).catch(() => undefined);
  }

  /** The document as who has it open reads it: while another one is put in its place, the one that leaves. */
  docOf(id: DocumentId): Tree | undefined {
    const leaving = this.#leaving.get(id);
    if (leaving) return leaving.doc;
    const handle = this.#watched.get(id);
    return handle?.isReady() ? (handle.doc() as Tree) : undefined;
  }

  /** Types in a text: nobody waits for a keystroke, which is durable within 20 ms, and none is lost, whatever happens to the document meanwhile. */
  type(id: DocumentId, path: readonly string[], make: (doc: Tree) => void): void {
    this.adapter.typing();
    const leaving = this.#leaving.get(id);
    if (!leaving) return this.#watched.get(id)!.change((doc) => make(doc));
    const key = path.join('\u0000');
    if (!leaving.typed.has(key)) leaving.typed.set(key, { path, before: textAt(leaving.doc, path) });
    leaving.doc = A.change(leaving.doc as A.Doc<Tree>, (doc) => make(doc as Tree));
  }

  /** Puts another document in the place of one, in one write, and speaks about it as if it had never been otherwise. remake makes it of the old one. */
  async replace(id: DocumentId, remake: (old: Tree) => Tree): Promise<void> {
    const handle = await this.load(id);
    const doc = remake(handle.doc() as Tree);
    await this.#swap(id, async () => {
      await this.repo.flush([id as RepoId]); // nothing of the old one is saved after the new one
      await this.#o.storage.replace(id, `rebased-${A.getHeads(doc as A.Doc<unknown>).join('')}`, A.save(doc as A.Doc<unknown>));
    });
  }

  /** Another tab has put another document in its place: it is read anew. */
  async drop(id: DocumentId): Promise<void> {
    if (this.#watched.has(id)) await this.#swap(id, async () => undefined);
    else await this.reload(id);
  }

  /**
   * What is asked for it meanwhile goes to the old one, of which nothing is kept: were it out of memory before the new one is stored, it would be read from there once more, and stay.
   * What is typed meanwhile goes to a copy, and from there into the new one.
   */
  async #swap(id: DocumentId, store: () => Promise<void>): Promise<void> {
    const old = this.#watched.get(id);
    const leaving: Leaving | undefined = old?.isReady() ? { doc: A.clone(old.doc() as A.Doc<Tree>), typed: new Map() } : undefined;
    if (leaving) this.#leaving.set(id, leaving);
    this.#unwatch(id); // nothing of the old one is noted any more
    try {
      await store();
      this.#unwatch(id);
      await this.repo.removeFromCache(id as RepoId).catch(() => undefined);
      this.#heard.delete(id);
    } finally {
      const handle = await this.load(id);
      if (leaving) this.#arrive(id, handle, leaving);
    }
    await this.durable(id);
  }

  /** Makes anew in the document of now what was typed in the one that leaves. */
  #arrive(id: DocumentId, handle: Handle, leaving: Leaving): void {
    this.#leaving.delete(id);
    this.swapped.update((n) => n + 1);
    if (leaving.typed.size === 0 || !handle.isReady()) return;
    handle.change((doc) => {
      for (const { path, before } of leaving.typed.values()) apply(doc, [{ op: 'text', path, text: carried(before, textAt(leaving.doc, path), textAt(handle.doc() as Tree, path)) }]);
    });
  }

  #unwatch(id: DocumentId): void {
    this.#clashes.forget(id);
    this.#watched.get(id)?.removeAllListeners('heads-changed');
    this.#watched.delete(id);
  }

  async close(): Promise<void> {
    this.adapter.stop();
    for (const timer of [...this.#due.values(), ...this.#idle.values()]) clearTimeout(timer);
    await this.repo.flush([...this.#watched].filter(([, h]) => h.isReady()).map(([id]) => id as RepoId)).catch(() => undefined);
    this.#closed = true;
    for (const adapter of this.repo.networkSubsystem.adapters) adapter.disconnect();
    await this.#o.storage.close();
    this.#present();
  }
}

/** Whether a document has a status that the server has not. */
function carriesStatus(record: DocRecord | undefined): boolean {
  return record !== undefined && !record.withdrawn && record.unsent.some((u) => u.kind === 'status' || (u.kind === 'job' && byWorker(record.row.status)));
}

/** A document that another one is put in the place of: a copy, with what is typed meanwhile, and what its texts were before that. */
interface Leaving {
  doc: Tree;
  readonly typed: Map<string, { readonly path: readonly string[]; readonly before: string }>;
}

const textAt = (doc: Tree, path: readonly string[]): string => text(path.reduce<unknown>((m, k) => (isMap(m) ? m[k] : undefined), doc)) ?? '';

/**
 * automerge-repo offers a change to peers only when some value became another. What settles a clash by the value
 * that had won already, or only deletes what nobody saw, makes no value another, and has to go out all the same.
 */
function offerAll(handle: Handle): void {
  let told: unknown;
  handle.on('change', ({ doc }) => (told = doc));
  handle.on('heads-changed', ({ doc }) =>
    queueMicrotask(() => {
      if (told !== doc && handle.isReady()) handle.emit('change', { handle, doc, patches: [], patchInfo: { before: doc, after: doc, source: 'change' } });
    }),
  );
}
