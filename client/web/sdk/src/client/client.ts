import type { Client, ClientEvents, ClientOptions, CreateClient, FileVariant, FileView, JobHandle, JobRow, Link, RefusedWork, Session, StorageState, SyncState, Unsent } from '../api.ts';
import { afterwards, breathe } from '../breathe.ts';
import { ApiError, NotAllowed, SignInError, SyncError } from '../errors.ts';
import type { QueueOptions } from '../files/queue.ts';
import { newId } from '../replica/ids.ts';
import { data, problem, restClient, type RestClient } from '../rest/client.ts';
import type { Tree } from '../rules/values.ts';
import { Database } from '../store/database.ts';
import type { Attachment, DocumentId, Identity, OrganisationSettings, Watched } from '../types.ts';
import { derived, Value } from '../watched.ts';
import type { Engine } from './engine.ts';
import type * as Parts from './parts.ts';
import { rowsOf } from './rows.ts';

/** What a test puts in place of a browser's. */
export interface Surroundings {
  readonly webSocket?: typeof WebSocket;
  readonly source?: QueueOptions['source'];
}

interface Remembered {
  readonly who: Identity;
  readonly settings: OrganisationSettings;
  /** Names of users by their ids: a phone without a network says who did something, too. */
  readonly names?: ReadonlyMap<string, string>;
}

const cautious: OrganisationSettings = { photo_location: 'strip', worker_jobs: 'templates', time_zone: 'UTC', workday_end: '20:00' };

export const createClient: CreateClient = (options = {}) => new FieldClient(options);

/** The client of one tab. */
export class FieldClient implements Client {
  readonly session = new Value<Session>({ state: 'unknown' });
  readonly api: RestClient;
  readonly restored: Promise<void>;
  readonly ready: Watched<boolean>;
  readonly jobs: Watched<readonly JobRow[]>;
  readonly templates: Watched<readonly JobRow[]>;
  readonly link: Watched<Link>;
  readonly sync: Watched<SyncState>;
  readonly unsent: Watched<Unsent>;
  readonly refused: Watched<readonly RefusedWork[]>;
  readonly storage = new Value<StorageState>({ kept: 'unknown', full: false });
  readonly #o: ClientOptions;
  readonly #around: Surroundings;
  readonly #server: URL;
  readonly #prefix: string;
  readonly #engine = new Value<Engine | undefined>(undefined);
  readonly #listeners = new Map<keyof ClientEvents, Set<(data: never) => void>>();
  readonly #users = new Value<ReadonlyMap<string, string>>(new Map());
  /** The rows that this device has, until the replica is open. */
  readonly #kept = new Value<readonly JobRow[]>([]);
  #parts: typeof Parts | undefined;
  #loading: Promise<typeof Parts> | undefined;
  /** The rows that are on this device are in #kept, where somebody is signed in. */
  #shown: Promise<void> | undefined;
  #memory: Promise<Database> | undefined;
  #opening: Promise<Engine> | undefined;
  #closed = false;

  constructor(options: ClientOptions, around: Surroundings = {}) {
    this.#o = options;
    this.#around = around;
    this.#server = new URL(options.serverUrl ?? globalThis.location?.origin ?? 'http://127.0.0.1:8080');
    this.#prefix = options.storage ?? 'fieldsync';
    this.api = restClient({
      serverUrl: this.#server,
      ...(options.token ? { token: options.token } : {}),
      onUnauthenticated: () => void this.#ended('expired'),
    });
    this.ready = derived([this.#engine], () => this.#engine.get() !== undefined);
    const opened = this.#of((e) => e.rows, []);
    const rows = derived([this.#engine, opened, this.#kept], () => (this.#engine.get() ? opened : this.#kept).get());
    this.jobs = derived([rows], () => rows.get().filter((r) => r.kind === 'job'));
    this.templates = derived([rows], () => rows.get().filter((r) => r.kind === 'template' && !r.archived));
    this.link = this.#of<Link>((e) => e.link, { class: 'none', connected: false, known: false, metered: false });
    this.sync = this.#of<SyncState>((e) => e.sync, { running: false, pending: 0, leads: false, complete: false });
    this.unsent = this.#of<Unsent>((e) => e.unsent, { items: [], count: 0, bytes: 0 });
    this.refused = this.#of((e) => e.refused, []);
    const known = this.#recall();
    this.restored = known.then(() => this.#shown);
    void this.#confirm(known);
    void this.#lookAtStorage();
  }

  /** What the engine of now has; nothing without one. */
  #of<T>(pick: (engine: Engine) => Watched<T>, nothing: T): Watched<T> {
    let last: { engine: Engine; watched: Watched<T> } | undefined;
    const watchedOf = (engine: Engine) => (last?.engine === engine ? last : (last = { engine, watched: pick(engine) })).watched;
    const get = () => {
      const engine = this.#engine.get();
      return engine ? watchedOf(engine).get() : nothing;
    };
    return {
      get,
      subscribe: (listener) => {
        let end: (() => void) | undefined;
        const follow = () => {
          end?.();
          const engine = this.#engine.get();
          end = engine ? watchedOf(engine).subscribe(listener) : undefined;
        };
        follow();
        const unfollow = this.#engine.subscribe(() => {
          follow();
          listener();
        });
        return () => {
          end?.();
          unfollow();
        };
      },
    };
  }

  // ——— who is signed in

  #remembered(): Promise<Database> {
    return (this.#memory ??= Database.open(`${this.#prefix}:session`));
  }

  /** Who was signed in here last: what is on this device is shown at once. */
  async #recall(): Promise<Remembered | undefined> {
    const known = (await this.#remembered().then((db) => db.get('facts', 'session')).catch(() => undefined)) as Remembered | undefined; // a store that cannot be read knows nobody; `restored` is there all the same
    if (known) {
      this.#users.set(known.names ?? new Map());
      this.session.set({ state: 'signed-in', who: known.who, settings: known.settings, confirmed: false });
      void this.#open(known.who).catch(() => undefined);
    }
    return known;
  }

  async #confirm(recalled: Promise<Remembered | undefined>): Promise<void> {
    const known = await recalled;
    if (!known && this.#o.resume === 'known' && !this.#o.token) {
      this.session.set({ state: 'signed-out' });
      return;
    }
    try {
      const answer = await this.api.GET('/api/v1/session');
      if (answer.response.status === 401) {
        await this.#ended(known ? 'expired' : undefined);
        return;
      }
      await this.#signedIn(await data(Promise.resolve(answer)) as Identity);
    } catch {
      if (!known) this.session.set({ state: 'signed-out' }); // nobody answers, and nobody is known here
    }
  }

  async #signedIn(who: Identity): Promise<void> {
    const before = this.session.get();
    if (before.state === 'signed-in' && (before.who.user !== who.user || before.who.org !== who.org)) await this.#shut();
    if (before.state !== 'signed-in' || before.who.org !== who.org) this.#users.set(new Map());
    const organisation = await this.api.GET('/api/v1/organisation').catch(() => undefined);
    const settings = organisation?.data?.settings ?? (before.state === 'signed-in' ? before.settings : cautious);
    await this.#remembered().then((db) => db.put('facts', { who, settings, names: this.#users.get() } satisfies Remembered, 'session')).catch(() => undefined);
    this.session.set({ state: 'signed-in', who, settings, confirmed: true });
    if (this.#o.wasm) await this.#open(who);
    void this.#learnNames();
  }

  async #learnNames(): Promise<void> {
    const names = new Map<string, string>();
    let cursor: string | undefined;
    do {
      const page = await this.api.GET('/api/v1/users', { params: { query: { ...(cursor ? { cursor } : {}), limit: 200 } } }).catch(() => undefined);
      for (const u of page?.data?.users ?? []) names.set(u.id, u.name);
      cursor = page?.data?.next;
    } while (cursor);
    if (names.size === 0) return;
    await this.#remembered().then((db) => db.update('facts', 'session', (known) => known && { ...(known as Remembered), names })).catch(() => undefined);
    this.#users.set(names);
  }

  userName(user: string): string | undefined {
    const s = this.session.get();
    return this.#users.get().get(user) ?? (s.state === 'signed-in' && s.who.user === user ? s.who.name : undefined);
  }

  async prepare(): Promise<void> {
    await this.#load();
  }

  /** What needs Automerge. It is evaluated after what `shown` tells of has been rendered; the WebAssembly is on its way at once, as the app may have another thread for it. */
  #load(shown?: Promise<void>): Promise<typeof Parts> {
    this.#loading ??= (async () => {
      const { wasm } = this.#o;
      const source = typeof wasm === 'function' ? wasm() : Promise.resolve(wasm);
      source.catch(() => undefined); // awaited below
      if (shown) await shown.then(afterwards);
      // In pieces, each of which is little enough for a slow phone to answer a tap after it.
      const { loadAutomerge } = await import('../automerge.ts');
      await breathe();
      const parts = await import('./parts.ts');
      await breathe();
      await loadAutomerge(source);
      await breathe();
      return (this.#parts = parts);
    })();
    this.#loading.catch(() => (this.#loading = undefined)); // the network was away: again with the next call
    return this.#loading;
  }

  async #open(who: Identity): Promise<Engine> {
    this.#opening ??= (async () => {
      const name = this.#nameOf(who);
      this.#shown = this.#show(name);
      const [{ Engine }] = await Promise.all([this.#load(this.#shown), this.#shown]);
      const engine = await Engine.open({
        name, serverUrl: this.#server, who, api: this.api, keep: this.#o.replica ?? 'all', interval: this.#o.interval ?? 120_000,
        photos: this.#o.photos ?? { edge: 2560, quality: 0.85 },
        settings: () => {
          const s = this.session.get();
          return s.state === 'signed-in' ? s.settings : cautious;
        },
        emit: (event, value) => this.#emit(event, value),
        signedOut: (reason) => void this.#ended(reason),
        ...(this.#o.token ? { token: this.#o.token } : {}),
        ...this.#around,
      });
      if (this.#closed) await engine.close();
      else this.#engine.set(engine);
      return engine;
    })();
    this.#opening.catch(() => (this.#opening = undefined));
    return this.#opening;
  }

  /** Shows the rows that are here, while the replica still opens. */
  async #show(name: string): Promise<void> {
    try {
      const db = await Database.open(name);
      const [records, held] = await Promise.all([db.all('docs'), db.held()]);
      db.close();
      this.#kept.set(rowsOf(records, held));
    } catch {
      // the replica tells what is wrong with the store
    }
  }

  #nameOf(who: Identity): string {
    return `${this.#prefix}:${this.#server.host}:${who.org}:${who.user}`;
  }

  async #shut(): Promise<Engine | undefined> {
    const engine = await this.#opening?.catch(() => undefined);
    this.#opening = undefined;
    this.#kept.set([]);
    this.#engine.set(undefined);
    await engine?.close();
    return engine;
  }

  /** The session is over; what is on this device stays for the next time. */
  async #ended(reason: 'expired' | 'revoked' | undefined): Promise<void> {
    if (this.session.get().state === 'signed-out' || this.#closed) return;
    this.session.set({ state: 'signed-out', ...(reason ? { reason } : {}) });
    await this.#remembered().then((db) => db.delete('facts', 'session')).catch(() => undefined);
    await this.#shut();
    if (reason) this.#emit('session-ended', { reason });
  }

  async signIn(login: { readonly login: string; readonly password: string; readonly org?: string }): Promise<Identity> {
    const offline = (err: unknown) => new SignInError(err instanceof ApiError ? { code: err.code, text: err.message } : 'unreachable', 'offline');
    let answer;
    try {
      answer = await this.api.POST('/api/v1/session', { body: login });
    } catch (err) {
      throw offline(err);
    }
    if (answer.error !== undefined || !answer.response.ok) {
      const p = problem(answer.response, answer.error);
      if (p.status === 401) throw new SignInError('wrong-password', 'wrong');
      if (p.status === 429) throw new SignInError('too-many-attempts', 'many', p.retryAfter);
      throw new SignInError({ code: p.code, text: p.message }, p.status === 400 ? 'organisation' : 'failed');
    }
    const who = (await data(this.api.GET('/api/v1/session')).catch((err: unknown) => {
      throw offline(err);
    })) as Identity;
    await this.#signedIn(who);
    return who;
  }

  async signOut(options: { readonly discard?: boolean; readonly force?: boolean } = {}): Promise<void> {
    const s = this.session.get();
    if (s.state !== 'signed-in') return;
    try {
      await this.api.DELETE('/api/v1/session');
    } catch {
      if (!options.force) throw new SyncError('session-stays-open', 'offline');
    }
    const engine = await this.#opening?.catch(() => undefined);
    const keep = engine?.holdsUnsent === true && !options.discard;
    this.session.set({ state: 'signed-out', reason: 'by-user' });
    await this.#remembered().then((db) => db.delete('facts', 'session'));
    await this.#shut();
    if (!keep) await (await this.#load()).Engine.remove(this.#nameOf(s.who));
    this.#emit('session-ended', { reason: 'by-user' });
  }

  // ——— jobs

  /** The engine, or a reason why there is none. */
  #now(): Engine {
    const engine = this.#engine.get();
    if (!engine) throw new SyncError('replica-opening', 'signed-out');
    return engine;
  }

  /** Resolves when the replica of who is signed in is open. */
  async #ready(): Promise<Engine> {
    const engine = this.#engine.get() ?? (await this.#opening);
    if (!engine) throw new SyncError('signed-out', 'signed-out');
    return engine;
  }

  open(job: DocumentId): JobHandle {
    const engine = this.#now();
    return new this.#parts!.OpenJob(job, {
      replica: engine.replica, api: this.api,
      online: () => engine.link.get().class !== 'none',
      keep: (id, file, o) => engine.keep(id, file, o),
      receipts: engine.receipts,
      statusChanged: () => engine.statusChanged(),
    });
  }

  async create(plan: Record<string, unknown>, options: { readonly template?: DocumentId } = {}): Promise<DocumentId> {
    const engine = await this.#ready();
    const s = this.session.get();
    if (s.state !== 'signed-in') throw new SyncError('signed-out', 'signed-out');
    const worker = s.who.role === 'worker';
    if (s.who.role === 'director') throw new NotAllowed('onlooker');
    let template: { id: string; root: Tree } | undefined;
    if (options.template) {
      const handle = await engine.replica.load(options.template);
      if (!handle.isReady()) throw new NotAllowed('template-not-here');
      template = { id: options.template, root: handle.doc() as Tree };
    }
    if (worker && (s.settings.worker_jobs === 'none' || (s.settings.worker_jobs === 'templates' && template?.root['worker_create'] !== true))) throw new NotAllowed('making-by-dispatcher');
    const { newJob, written } = this.#parts!; // there since the engine is
    const root = newJob({ plan, by: s.who.user, device: s.who.device, now: new Date(), eventId: newId(), assign: worker, ...(template ? { template } : {}) });
    return engine.replica.create(written(root) as Record<string, unknown>);
  }

  sendNow(item: string): void {
    this.#now().sendNow(item);
  }

  retry(item: string): void {
    this.#now().retry(item);
  }

  again(work: string): Promise<void> {
    return this.#now().recovery.again(work);
  }

  dismiss(work: string): Promise<void> {
    return this.#now().recovery.dismiss(work);
  }

  async syncNow(): Promise<void> {
    await (await this.#ready()).syncNow();
  }

  async onPush(job?: DocumentId, timeoutMs = 25_000): Promise<boolean> {
    const engine = await this.#ready().catch(() => undefined);
    return engine ? engine.onPush(job, timeoutMs) : false;
  }

  readonly files = {
    view: (job: DocumentId, a: Attachment, variant: FileVariant): Watched<FileView> => this.#of<FileView>((e) => e.files.view(job, a, variant), { state: 'remote', size: a.size }),
    fetch: (job: DocumentId, a: Attachment, variant?: FileVariant): Promise<Blob> => this.#now().files.fetch(job, a, variant),
    address: (job: DocumentId, a: Attachment, variant?: FileVariant): string => this.#now().files.address(job, a, variant),
  };

  // ——— this device

  async #lookAtStorage(): Promise<void> {
    const manager = globalThis.navigator?.storage as StorageManager | undefined;
    if (!manager?.persisted) return;
    const [kept, estimate] = await Promise.all([manager.persisted(), manager.estimate()]).catch((): [boolean, StorageEstimate] => [false, {}]);
    this.storage.set({
      kept: kept ? 'persistent' : 'evictable', full: (estimate.usage ?? 0) > (estimate.quota ?? Infinity) * 0.98,
      ...(estimate.usage !== undefined ? { used: estimate.usage } : {}), ...(estimate.quota !== undefined ? { quota: estimate.quota } : {}),
    });
  }

  async persist(): Promise<boolean> {
    const kept = (await (globalThis.navigator?.storage as StorageManager | undefined)?.persist?.()) ?? false;
    await this.#lookAtStorage();
    return kept;
  }

  on<E extends keyof ClientEvents>(event: E, listener: (data: ClientEvents[E]) => void): () => void {
    const all = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, all);
    all.add(listener as (data: never) => void);
    return () => void all.delete(listener as (data: never) => void);
  }

  #emit<E extends keyof ClientEvents>(event: E, value: ClientEvents[E]): void {
    for (const listener of this.#listeners.get(event) ?? []) (listener as (data: ClientEvents[E]) => void)(value);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#shut();
    (await this.#memory?.catch(() => undefined))?.close();
  }
}

