import { BroadcastChannelNetworkAdapter } from '@automerge/automerge-repo-network-broadcastchannel';
import type { AttachOptions, ClientEvents, JobRow, Link, RefusedWork, SyncState, Unsent, UnsentItem } from '../api.ts';
import { ApiError, SyncError } from '../errors.ts';
import { FileCache, type Wanted } from '../files/cache.ts';
import { hashOf } from '../files/hash.ts';
import { prepare } from '../files/picture.ts';
import { FileQueue, type QueueOptions } from '../files/queue.ts';
import { LinkMeter } from '../net/link.ts';
import { probePatience, Probes } from '../net/probes.ts';
import { newId } from '../replica/ids.ts';
import { Recovery } from '../replica/recovery.ts';
import { Replica } from '../replica/replica.ts';
import { because, english, type OwnReason, type Reason } from '../reasons.ts';
import { compact } from '../rules/values.ts';
import { Database, type DocRecord, type OutboxEntry } from '../store/database.ts';
import { DocumentStorage } from '../store/documents.ts';
import type { Attachment, DocumentId, Identity, OrganisationSettings } from '../types.ts';
import { Value } from '../watched.ts';
import { requireOurs, type RestClient } from '../rest/client.ts';
import { Receipts } from './receipts.ts';
import { Reports, type DeviceState } from './reports.ts';
import { rowsOf } from './rows.ts';
import { Tabs, type TabMessage } from './tabs.ts';

export interface EngineOptions {
  readonly name: string;
  readonly serverUrl: URL;
  readonly token?: string;
  readonly who: Identity;
  readonly api: RestClient;
  readonly settings: () => OrganisationSettings;
  readonly keep: 'all' | 'opened';
  readonly interval: number;
  readonly photos: { readonly edge: number; readonly quality: number } | false;
  readonly emit: <E extends keyof ClientEvents>(event: E, data: ClientEvents[E]) => void;
  readonly signedOut: (reason: 'expired' | 'revoked') => void;
  readonly webSocket?: typeof WebSocket;
  readonly source?: QueueOptions['source'];
}

const syncPatience = 60_000; // ms that a sync by hand may take before it says that it did not get through
const receiptsAfter = 1_000; // ms in which further receipts join in
const enoughBytes = 8 << 10; // fewer say more about the round trip than about the rate,
const enoughTime = 2_000; // ms; but where they took as long
const sessionAgain = 15_000; // ms until the server is asked again whether the sign-in still holds
const retryDownloads = 5 * 60_000; // ms until a file that could not be brought is tried again

/** One person's replica, files and sync in this tab. */
export class Engine {
  readonly rows = new Value<readonly JobRow[]>([]);
  readonly link: Value<Link>;
  readonly sync = new Value<SyncState>({ running: false, pending: 0, leads: false, complete: false });
  readonly unsent = new Value<Unsent>({ items: [], count: 0, bytes: 0 });
  readonly refused = new Value<readonly RefusedWork[]>([]);
  readonly replica: Replica;
  readonly files: FileCache;
  readonly queue: FileQueue;
  readonly recovery: Recovery;
  readonly receipts: Receipts;
  readonly #reports: Reports;
  readonly #o: EngineOptions;
  readonly #db: Database;
  readonly #meter = new LinkMeter();
  readonly #probes: Probes;
  #tabs!: Tabs; // since #begin
  readonly #ends: (() => void)[] = [];
  readonly #failed = new Map<string, number>();
  #leads = false;
  #lastSync: number | undefined;
  #complete = false;
  #problem: OwnReason | undefined;
  #downloading = false;
  #timers: ReturnType<typeof setInterval>[] = [];
  #closed = false;

  static async open(o: EngineOptions): Promise<Engine> {
    const db = await Database.open(o.name);
    const opened: { engine?: Engine } = {};
    const replica = await Replica.open({
      db, who: o.who, keep: o.keep,
      storage: new DocumentStorage(`${o.name}:documents`),
      tabs: typeof BroadcastChannel === 'undefined' || typeof navigator === 'undefined' || !navigator.locks ? [] : [new BroadcastChannelNetworkAdapter({ channelName: `${o.name}:documents`, peerWaitMs: 100 })],
      syncUrl: () => {
        const url = new URL('/sync', o.serverUrl);
        url.protocol = url.protocol.replace('http', 'ws');
        if (o.token) url.searchParams.set('access_token', o.token);
        return url.href;
      },
      events: {
        connected: () => opened.engine?.connected(),
        disconnected: (retryAt, why) => opened.engine?.disconnected(retryAt, why),
        changed: (record, before) => opened.engine?.recordChanged(record, before),
        refused: (refusal) => opened.engine?.recovery.refused(refusal),
        moved: () => undefined,
      },
      ...(o.webSocket ? { webSocket: o.webSocket } : {}),
    });
    const engine = new Engine(o, db, replica);
    opened.engine = engine;
    await engine.#begin();
    return engine;
  }

  private constructor(o: EngineOptions, db: Database, replica: Replica) {
    this.#o = o;
    this.#db = db;
    this.replica = replica;
    this.receipts = new Receipts(o.api, o.who.device);
    this.link = this.#meter.link;
    this.#probes = new Probes({
      meter: this.#meter, url: new URL('/healthz', o.serverUrl),
      waiting: () => this.queue.entries.get().length > 0 || this.#wanted() !== undefined,
      busy: () => replica.adapter.busy || this.queue.sending.get().size > 0 || this.#downloading,
      dead: () => replica.adapter.drop(),
    });
    this.#reports = new Reports(o.api, () => this.#state());
    const headers: Record<string, string> = o.token ? { Authorization: `Bearer ${o.token}` } : {};
    const moved = (bytes: number, ms: number) => {
      if (bytes >= enoughBytes || ms >= enoughTime) this.#meter.moved(bytes, ms);
    };
    this.queue = new FileQueue({
      db, endpoint: new URL('/api/v1/uploads', o.serverUrl).href, headers, moved,
      changed: () => this.#tabs.tell({ tell: 'outbox' }),
      measured: () => this.#probes.measured(),
      measure: () => this.#probes.rate(),
      signedOut: () => o.signedOut('expired'),
      ...(o.source ? { source: o.source } : {}),
    });
    this.files = new FileCache({
      db, serverUrl: o.serverUrl, headers, moved,
      fast: () => this.link.get().class === 'fast',
      came: (sha256) => this.#tabs.tell({ tell: 'blob', sha256 }),
    });
    this.recovery = new Recovery({
      db, replica, who: o.who,
      changed: () => {
        this.#tabs.tell({ tell: 'work' });
        void this.#publishWork();
      },
      replaced: (id) => this.#tabs.tell({ tell: 'replaced', id }),
      refused: (work) => o.emit('work-refused', work),
      dropFiles: (job, attachments) => this.queue.remove((e) => e.job !== job || !attachments.includes(e.attachment)),
    });
  }

  async #begin(): Promise<void> {
    this.#lastSync = (await this.#db.get('facts', 'last-sync')) as number | undefined;
    this.#complete = (await this.#db.get('facts', 'complete')) === true;
    await Promise.all([this.queue.reload(), this.files.open()]);
    await this.#publishWork();
    const follow = (watched: { subscribe(listener: () => void): () => void }, then: () => void) => this.#ends.push(watched.subscribe(then));
    follow(this.replica.records, () => this.#publishLists());
    follow(this.files.held, () => this.#publishLists());
    follow(this.queue.entries, () => this.#publishUnsent());
    follow(this.queue.sending, () => (this.#publishUnsent(), this.#publishSync()));
    follow(this.replica.pending, () => this.#progress());
    follow(this.replica.comparing, () => this.#progress());
    follow(this.link, () => this.#linkChanged());
    this.#tabs = new Tabs(this.#o.name, (message) => void this.#hear(message), () => this.#lead());
    this.#publishLists();
    this.#publishSync();
    this.#tabs.tell({ tell: 'who-leads' });
    await this.recovery.open();
    if (typeof window !== 'undefined') {
      const wake = (person: boolean) => document.visibilityState !== 'hidden' && void this.syncNow(person).catch(() => undefined);
      const listen = (target: EventTarget, event: string, run: () => void) => {
        target.addEventListener(event, run);
        this.#ends.push(() => target.removeEventListener(event, run));
      };
      listen(window, 'online', () => wake(false));
      listen(window, 'offline', () => this.replica.adapter.drop());
      listen(document, 'visibilitychange', () => wake(true));
      listen(window, 'pageshow', () => wake(true));
    }
  }

  #lead(): void {
    if (this.#closed) return;
    this.#leads = true;
    this.replica.adapter.start();
    this.#timers.push(setInterval(() => this.#onTime(), this.#o.interval));
    this.#allow();
    this.#publishSync();
  }

  // ——— what happens on the connection

  connected(): void {
    this.#problem = undefined;
    this.#meter.connection(true);
    this.#probes.connected();
    this.#publishSync();
  }

  disconnected(retryAt: number | undefined, why: { readonly code: number; readonly advice: string }): void {
    this.#meter.connection(false, retryAt);
    if (why.advice === 'sign-in') this.#o.signedOut('revoked');
    else if (why.advice !== 'stop') this.#problem = because('unreachable');
    else if (why.code !== 1000) this.#problem = because('connection-ended', { code: why.code });
    this.#publishSync();
    if (why.code === 1006) void this.#askWhetherSignedIn();
  }

  #sessionHeard = -Infinity;
  #asking = false;
  /** A browser does not tell that a connection was refused from that there is no network: where the server answers, it says whether the sign-in has ended meanwhile. The client hears of a 401. */
  async #askWhetherSignedIn(): Promise<void> {
    if (this.#asking || performance.now() - this.#sessionHeard < sessionAgain) return;
    this.#asking = true;
    await this.#o.api.GET('/api/v1/session', { signal: AbortSignal.timeout(probePatience) }).then(() => (this.#sessionHeard = performance.now()), () => undefined); // no answer: with the next connection that fails
    this.#asking = false;
  }

  /** Another measurement of the round trip, in milliseconds. */
  measure(roundTripMs: number, busy = false): void {
    this.#meter.roundTrip(roundTripMs, busy);
  }

  #onTime(): void {
    this.replica.adapter.due();
    if (this.#idle) this.replica.adapter.compare();
    this.#progress();
    this.#allow();
  }

  #linkChanged(): void {
    this.files.refresh();
    if (this.link.get().class !== 'fast') this.files.interrupt();
    this.#allow();
    this.#publishUnsent();
    this.#publishSync();
  }

  /** Tells the lanes of files what they may. */
  #allow(): void {
    this.queue.allow(this.#leads && !this.#closed ? { link: this.link.get(), known: (job) => (this.replica.record(job)?.shared.length ?? 0) > 0 } : undefined);
    void this.#download();
    this.#probes.plan();
  }

  get #idle(): boolean {
    return this.replica.adapter.server !== undefined && !this.replica.comparing.get() && this.replica.pending.get().size === 0;
  }

  #progress(): void {
    if (this.#leads && this.#idle) {
      this.#lastSync = Date.now();
      const first = !this.#complete;
      this.#complete = true;
      void this.#db.write(['facts'], (store) => {
        store('facts').put(this.#lastSync, 'last-sync');
        if (first) store('facts').put(true, 'complete');
      });
      this.#allow();
      void this.recovery.settle();
      this.#tellReceipts();
      this.#reports.tell();
    }
    this.#publishSync();
  }

  /** What the office may know of this device; nothing while it cannot be told, of the other tabs, and of a replica that is no phone's. */
  #state(): DeviceState | undefined {
    const link = this.link.get();
    if (this.#closed || !this.#leads || this.#o.keep !== 'all' || !this.replica.adapter.server || link.class === 'none' || !link.known) return undefined;
    const { items, bytes } = this.unsent.get();
    const files = items.filter((i) => i.kind === 'file').length;
    return { link: link.class, metered: link.metered, unsent: { changes: items.length - files, files, bytes }, ...compact<{ lastSync?: number }>({ lastSync: this.#lastSync }) };
  }

  #receiptsDue: ReturnType<typeof setTimeout> | undefined;
  /** Says soon how far this device is. */
  #tellReceipts(): void {
    if (!this.#leads || this.#receiptsDue !== undefined) return;
    this.#receiptsDue = setTimeout(() => {
      this.#receiptsDue = undefined;
      if (!this.#closed && this.#idle) void this.receipts.exchange(this.replica.records.get().values());
    }, receiptsAfter);
  }

  recordChanged(record: DocRecord, before: DocRecord | undefined): void {
    this.#tellReceipts();
    if (!this.#reloading) this.#tabs.tell({ tell: 'record', id: record.id });
    if (!this.#complete || record.row.kind !== 'job') return;
    if (!record.made && record.row.part !== 'onlooker' && (!before || before.withdrawn)) this.#o.emit('job-arrived', { job: record.id, title: record.row.title });
    else if (record.withdrawn && before && !before.withdrawn) this.#o.emit('job-withdrawn', { job: record.id, title: record.row.title });
    if (this.#leads && record.shared.length > 0 && before?.shared.length === 0) this.#allow();
  }

  // ——— other tabs

  #reloading = false;
  async #hear(message: TabMessage): Promise<void> {
    if (this.#closed) return;
    if ('ask' in message) {
      if (this.#leads) {
        if (message.ask === 'sync') void this.syncNow(message.person).catch(() => undefined);
        else await this.#reloadOutbox();
      }
      return;
    }
    switch (message.tell) {
      case 'record':
        this.#reloading = true;
        await this.replica.reload(message.id).finally(() => (this.#reloading = false));
        break;
      case 'outbox':
        await this.#reloadOutbox();
        break;
      case 'work':
        await this.#publishWork();
        break;
      case 'blob':
        this.files.held.update((h) => new Set([...h, message.sha256]));
        break;
      case 'replaced':
        await this.replica.drop(message.id);
        break;
      case 'who-leads':
        if (this.#leads) this.#publishSync(true);
        break;
      case 'state': {
        const { link, sync } = message.state as { link: Link; sync: SyncState };
        if (this.#leads) return;
        this.link.set(link);
        this.sync.set({ ...sync, leads: false });
        break;
      }
      case 'signed-out':
        this.#o.signedOut('expired');
    }
  }

  async #reloadOutbox(): Promise<void> {
    await this.queue.reload();
    this.queue.work();
  }

  // ——— what is shown

  #publishLists(): void {
    this.rows.set(rowsOf(this.replica.records.get().values(), this.files.held.get()));
    this.#publishUnsent();
    void this.#download();
  }

  #publishUnsent(): void {
    const link = this.link.get();
    const sending = this.queue.sending.get();
    const groups = new Map<string, OutboxEntry[]>();
    for (const e of this.queue.entries.get()) groups.set(e.attachment, [...(groups.get(e.attachment) ?? []), e]);
    const files = [...groups].map(([attachment, entries]): UnsentItem => {
      const whole = entries.find((e) => e.kind === 'file') ?? entries[entries.length - 1]!;
      const now = entries.some((e) => e.now);
      const failed = entries.find((e) => e.reason);
      const thumbnail = this.files.urlOf((entries.find((e) => e.kind === 'thumbnail') ?? whole).sha256);
      return {
        id: `file:${attachment}`, job: whole.job, jobTitle: whole.jobTitle, kind: 'file', label: whole.name, at: whole.at, now,
        bytes: sum(entries, (e) => e.size), sent: sum(entries, (e) => e.sent), attempts: Math.max(...entries.map((e) => e.attempts)),
        state: entries.some((e) => sending.has(e.id)) ? 'sending' : link.class === 'none' ? 'waiting-for-network' : link.class === 'slow' && !now ? 'waiting-for-faster-network' : failed ? 'failed' : 'waiting',
        ...compact<{ reason?: string; because?: Reason; nextAttemptAt?: number; thumbnail?: string }>({ reason: failed?.reason, because: failed?.because, nextAttemptAt: failed?.nextAttemptAt, thumbnail }),
      };
    });
    const changes = [...this.replica.records.get().values()]
      .flatMap((r) => r.unsent)
      .filter((i) => !(i.kind === 'attachment' && groups.has(i.id.split('/').pop()!))) // a photo is one thing, not a file and a mention of it
      .map((i): UnsentItem => ({ ...i, state: link.class === 'none' ? 'waiting-for-network' : this.replica.adapter.server ? 'sending' : 'waiting' }));
    const items = [...changes, ...files].sort((a, b) => (a.at ?? 0) - (b.at ?? 0));
    const bytes = sum(files, (f) => (f.bytes ?? 0) - (f.sent ?? 0));
    this.unsent.set({ items, count: items.length, bytes, ...(link.kbps && bytes ? { seconds: Math.ceil((bytes * 8) / 1000 / link.kbps) } : {}) });
    this.#reports.tell();
  }

  #publishSync(always = false): void {
    if (this.#closed || (!this.#leads && !always)) return;
    const pending = this.replica.pending.get().size;
    const connecting = this.#leads && !this.replica.adapter.server && this.#problem === undefined;
    const sync: SyncState = {
      running: this.#asked > 0 || this.replica.comparing.get() || pending > 0 || this.queue.sending.get().size > 0 || this.#downloading || connecting,
      pending, leads: this.#leads, complete: this.#complete,
      ...compact<{ lastSync?: number; problem?: string; because?: Reason }>({ lastSync: this.#lastSync, problem: this.#problem && english(this.#problem), because: this.#problem }),
    };
    if (!always && JSON.stringify(sync) === JSON.stringify(this.sync.get())) return;
    this.sync.set(sync);
    this.#tabs.tell({ tell: 'state', state: { link: this.link.get(), sync } });
  }

  async #publishWork(): Promise<void> {
    this.refused.set(await this.recovery.list());
  }

  // ——— what is done

  /** Syncs now; resolves when all is in step. person: somebody asked for it, or opened the app, and does not wait for the server's turn. */
  async syncNow(person = true): Promise<void> {
    this.#asked++;
    this.#publishSync();
    try {
      await this.#syncNow(person);
      this.#progress();
    } finally {
      this.#asked--;
      this.#publishSync();
    }
  }

  /** Syncs by hand that are under way. */
  #asked = 0;

  async #syncNow(person: boolean): Promise<void> {
    if (!this.#leads) {
      this.#tabs.tell({ ask: 'sync', person });
      return;
    }
    const { adapter } = this.replica;
    adapter.start();
    if (!adapter.server && !adapter.waits(person)) this.#meter.connection(false); // the attempt that was due later is made now
    adapter.hurry(person);
    if (this.#idle) adapter.compare();
    void this.queue.retry(this.queue.entries.get().map((e) => e.id), person);
    this.#failed.clear();
    // A connection that says nothing may be dead: that all is in step is said when the server has answered.
    try {
      const began = performance.now();
      requireOurs(await fetch(new URL('/healthz', this.#o.serverUrl), { cache: 'no-store', signal: AbortSignal.timeout(probePatience) }));
      this.measure(performance.now() - began);
    } catch (err) {
      throw new SyncError(err instanceof ApiError ? 'not-the-server' : (this.#problem ?? 'unreachable'), 'offline');
    }
    await new Promise<void>((resolve, reject) => {
      const look = () => {
        if (this.#idle) finish();
        else if (this.#closed) finish(new SyncError('signed-out', 'signed-out'));
        else if (!adapter.server && this.link.get().retryAt !== undefined) finish(new SyncError(this.#problem ?? 'unreachable', 'offline'));
      };
      const ends = [this.replica.pending.subscribe(look), this.replica.comparing.subscribe(look), this.link.subscribe(look)];
      const timer = setTimeout(() => finish(new SyncError('sync-takes-long', 'failed')), syncPatience);
      const finish = (err?: Error) => {
        clearTimeout(timer);
        ends.forEach((end) => end());
        this.#tellReceipts();
        if (err) reject(err);
        else resolve();
      };
      look();
    });
  }

  async onPush(job: DocumentId | undefined, timeoutMs: number): Promise<boolean> {
    const before = job ? this.replica.heard(job) : undefined;
    const arrived = this.syncNow(false).then(() => true, () => false);
    const late = new Promise<boolean>((resolve) => setTimeout(() => resolve(false), timeoutMs));
    const synced = await Promise.race([arrived, late]);
    if (!job) return synced;
    return this.replica.heard(job) !== before || (synced && this.replica.record(job) !== undefined);
  }

  sendNow(item: string | 'all'): void {
    const ids = this.#entriesOf(item);
    void this.queue.now(item === 'all' ? 'all' : ids).then(() => this.#leads || this.#tabs.tell({ ask: 'pump' }));
  }

  retry(item: string): void {
    void this.queue.retry(this.#entriesOf(item), true).then(() => this.#leads || this.#tabs.tell({ ask: 'pump' }));
    this.replica.adapter.hurry(true);
  }

  #entriesOf(item: string): string[] {
    return this.queue.entries.get().filter((e) => `file:${e.attachment}` === item).map((e) => e.id);
  }

  /** Makes what is kept and sent of a file, durable when queue resolves. */
  async keep(job: DocumentId, file: Blob, options: AttachOptions): Promise<{ attachment: Attachment; queue: (title: string) => Promise<void> }> {
    const made = await prepare(file, { scale: this.#o.photos, strip: this.#o.settings().photo_location === 'strip' });
    const named = options.name ?? (file instanceof File ? file.name : undefined);
    const name = named ?? `${new Date().toISOString().slice(0, 19).replaceAll(':', '-')}.${made.file.type.split('/')[1] ?? 'bin'}`;
    const [sha256, preview, thumbnail] = await Promise.all([hashOf(made.file), made.preview && hashOf(made.preview), made.thumbnail && hashOf(made.thumbnail)]);
    const at = Date.now();
    const attachment: Attachment = {
      uuid: newId(), sha256, size: made.file.size, name, media_type: made.file.type || 'application/octet-stream', taken_at: (options.takenAt ?? new Date(at)).toISOString(), by: this.#o.who.user,
      ...compact<Partial<Attachment>>({ field: options.field, location: options.location, preview_sha256: preview, thumbnail_sha256: thumbnail }),
    };
    const parts = [['thumbnail', made.thumbnail, thumbnail], ['preview', made.preview, preview], ['file', made.file, sha256]] as const;
    return {
      attachment,
      queue: async (jobTitle) => {
        await this.queue.add(parts.flatMap(([kind, blob, sum]) => blob && sum ? [{
          blob,
          entry: { id: newId(), job, jobTitle, attachment: attachment.uuid, kind, sha256: sum, size: blob.size, name, mediaType: blob.type, at, sent: 0, attempts: 0, now: false },
        }] : []));
        this.files.held.update((h) => new Set([...h, ...parts.flatMap(([, , s]) => s ?? [])]));
        if (!this.#leads) this.#tabs.tell({ ask: 'pump' });
      },
    };
  }

  statusChanged(): void {
    if (this.#leads) this.replica.adapter.hurry(false);
    else this.#tabs.tell({ ask: 'sync', person: false });
  }

  /** The file that is brought next. */
  #wanted(): Wanted | undefined {
    if (this.#o.keep !== 'all') return undefined;
    const held = this.files.held.get();
    const wanted = [...this.replica.records.get().values()]
      .filter((r) => r.row.kind === 'job' && !r.withdrawn && r.row.part !== 'onlooker' && !['finished', 'cancelled'].includes(r.row.status))
      .flatMap((r) => r.files.filter((f) => !held.has(f.sha256) && (this.#failed.get(f.sha256) ?? 0) < Date.now()).map((f) => ({ job: r.id, sha256: f.sha256, kind: f.kind })));
    return wanted.find((w) => w.kind === 'thumbnail') ?? wanted.find((w) => w.kind === 'preview') ?? wanted[0];
  }

  /** Brings the files of one's jobs, one after the other, while the link is fast (S2, S7). */
  async #download(): Promise<void> {
    if (this.#downloading || !this.#leads || this.#closed || this.#o.keep !== 'all') return;
    const next = () => (this.link.get().class === 'fast' && !this.#closed ? this.#wanted() : undefined);
    this.#downloading = true;
    try {
      for (let w = next(); w; w = next()) {
        this.#publishSync();
        const { sha256 } = w;
        await this.files.bring(w).catch(() => this.#failed.set(sha256, Date.now() + retryDownloads));
      }
    } finally {
      this.#downloading = false;
      this.#publishSync();
    }
  }

  /** Whether anything is on this device alone. */
  get holdsUnsent(): boolean {
    return this.unsent.get().count > 0 || this.refused.get().length > 0;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#timers.forEach(clearInterval);
    clearTimeout(this.#receiptsDue);
    this.#reports.close();
    this.#probes.close();
    this.#ends.forEach((end) => end());
    this.queue.close();
    this.files.close();
    await this.replica.close();
    this.#tabs.close();
    this.#db.close();
  }

  /** Removes everything of this person from this device; close before. */
  static async remove(name: string): Promise<void> {
    await Promise.all([Database.remove(name), Database.remove(`${name}:documents`)]);
  }
}

const sum = <T>(of: readonly T[], value: (x: T) => number): number => of.reduce((n, x) => n + value(x), 0);
