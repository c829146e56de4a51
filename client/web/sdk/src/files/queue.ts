import type * as tus from 'tus-js-client';
import type { Link } from '../api.ts';
import { because, english, type OwnReason, type Reason, type ReasonCode } from '../reasons.ts';
import type { Database, OutboxEntry, StoredBlob } from '../store/database.ts';
import { secondsOf, turn } from '../net/backoff.ts';
import { isOurs } from '../rest/client.ts';
import { Value } from '../watched.ts';

export interface QueueOptions {
  readonly db: Database;
  /** `https://…/api/v1/uploads` */
  readonly endpoint: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Bytes that went within ms: the link is measured by them. */
  readonly moved: (bytes: number, ms: number) => void;
  /** The link's rate is known of now. Where it is not, `measure` finds it out before a file begins. */
  readonly measured: () => boolean;
  readonly measure: () => Promise<void>;
  /** Another tab is to read the outbox anew. */
  readonly changed: () => void;
  /** The server says that nobody is signed in. */
  readonly signedOut: () => void;
  /** tus-js-client's source of a file; of a Blob in browsers itself. */
  readonly source?: (blob: Blob) => Promise<Blob | Uint8Array>;
}

const leastChunk = 64 << 10;
const mostChunk = 2 << 20;
const measureAgain = 5_000; // ms after a measurement that failed
const saveEvery = 1_000; // ms between notes of progress in the database; the server knows the offset anyway
const pauses = [2_000, 5_000, 15_000, 60_000, 300_000, 900_000]; // ms after an attempt that failed, then the last

const longestPause = pauses[pauses.length - 1]!;

/** How the rest of the client sees what may go. */
export interface Going {
  readonly link: Link;
  /** Whether the server knows the job that a file is for. */
  readonly known: (job: string) => boolean;
}

/** The files that have to go to the server, in a durable outbox: thumbnails first, then previews, then the files. */
export class FileQueue {
  readonly entries = new Value<readonly OutboxEntry[]>([]);
  readonly sending = new Value<ReadonlySet<string>>(new Set());
  readonly #o: QueueOptions;
  #going: Going | undefined;
  #upload: { entry: OutboxEntry; upload: tus.Upload; stop: () => void } | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #measuring = false;
  #closed = false;
  #turn = 0; // by performance.now(): before it the server, which is busy, does not want to be asked

  constructor(o: QueueOptions) {
    this.#o = o;
  }

  async reload(): Promise<void> {
    this.entries.set(inOrder(await this.#o.db.all('outbox')));
  }

  /** Keeps files and their entries: both, or nothing. */
  async add(files: readonly { entry: OutboxEntry; blob: Blob }[]): Promise<void> {
    const at = Date.now();
    await this.#o.db.write(['outbox', 'blobs'], (store) => {
      for (const { entry, blob } of files) {
        store('outbox').put(entry);
        store('blobs').put({ sha256: entry.sha256, blob, at } satisfies StoredBlob);
      }
    });
    await this.#published();
    this.work();
  }

  async remove(keep: (entry: OutboxEntry) => boolean): Promise<void> {
    const gone = this.entries.get().filter((e) => !keep(e));
    if (this.#upload && gone.some((e) => e.id === this.#upload!.entry.id)) this.#upload.stop();
    await this.#o.db.write(['outbox'], (store) => gone.forEach((e) => store('outbox').delete(e.id)));
    await this.#published();
  }

  /** What may go has changed: this tab leads and the link is of a class; undefined: nothing may go from here. */
  allow(going: Going | undefined): void {
    this.#going = going;
    if (this.#upload && !this.#may(this.#upload.entry)) this.#upload.stop();
    this.work();
  }

  async now(ids: 'all' | readonly string[]): Promise<void> {
    for (const e of this.entries.get()) if (ids === 'all' || ids.includes(e.id)) await this.#note(e.id, (old) => ({ ...old, now: true }), ['nextAttemptAt']);
    this.#turn = 0;
    this.work();
  }

  /** Tries again what failed. person: somebody asks for it, and does not wait for the server's turn. */
  async retry(ids: readonly string[], person: boolean): Promise<void> {
    for (const id of ids) await this.#note(id, (old) => ({ ...old }), ['nextAttemptAt']);
    if (person) this.#turn = 0;
    this.work();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#upload?.stop();
  }

  #may(e: OutboxEntry): boolean {
    const going = this.#going;
    return going !== undefined && going.link.connected && (going.link.class === 'fast' || e.now) && going.known(e.job);
  }

  /** Sends the next that may go. */
  work(): void {
    clearTimeout(this.#timer);
    if (this.#closed || this.#upload || !this.#going) return;
    const now = Date.now();
    const able = this.entries.get().filter((e) => this.#may(e));
    const turnIn = this.#turn - performance.now();
    if (able.length > 0 && turnIn > 0) {
      this.#timer = setTimeout(() => this.work(), turnIn);
      return;
    }
    // One that would be tried later than any is ever: the clock was ahead by years when it failed.
    const dueIn = (e: OutboxEntry) => (e.nextAttemptAt === undefined || e.nextAttemptAt - now > longestPause ? 0 : e.nextAttemptAt - now);
    const next = able.find((e) => dueIn(e) <= 0);
    if (next && !next.now && !this.#o.measured()) {
      this.#measure();
      return;
    }
    if (next) {
      void this.#send(next);
      return;
    }
    const due = Math.min(...able.map(dueIn));
    if (Number.isFinite(due)) this.#timer = setTimeout(() => this.work(), Math.max(50, due));
  }

  #measure(): void {
    if (this.#measuring) return;
    this.#measuring = true;
    void this.#o.measure().then(
      () => {
        this.#measuring = false;
        this.work();
      },
      () => {
        this.#measuring = false;
        if (!this.#closed) this.#timer = setTimeout(() => this.work(), measureAgain);
      },
    );
  }

  async #send(entry: OutboxEntry): Promise<void> {
    let stop = () => undefined as void;
    this.#upload = { entry, upload: undefined as unknown as tus.Upload, stop: () => stop() };
    this.sending.set(new Set([entry.id]));
    let failure: Failure | 'stopped' | undefined;
    try {
      const blob = (await this.#o.db.get('blobs', entry.sha256))?.blob;
      if (!blob) failure = own('file-gone');
      else failure = await this.#transfer(entry, blob, (end) => (stop = end));
    } catch (err) {
      failure = { status: 0, reason: err instanceof Error ? err.message : String(err) };
    }
    this.#upload = undefined;
    this.sending.set(new Set());
    if (this.#closed) return;
    if (failure === undefined) await this.remove((e) => e.id !== entry.id);
    else if (failure !== 'stopped') {
      const { status, reason, because: why, after } = failure;
      if (after !== undefined) this.#turn = performance.now() + turn(after, Math.random());
      if (status === 401) this.#o.signedOut();
      await this.#note(entry.id, (old) => ({ ...old, attempts: old.attempts + 1, reason, ...(why && { because: why }), nextAttemptAt: Date.now() + pauses[Math.min(old.attempts, pauses.length - 1)]! }), [...(status === 404 ? ['uploadUrl' as const] : []), ...(why ? [] : ['because' as const])]);
    }
    this.work();
  }

  #transfer(entry: OutboxEntry, blob: Blob, stopper: (stop: () => void) => void): Promise<Failure | 'stopped' | undefined> {
    return new Promise((resolve, reject) => {
      let saved = Date.now();
      let seen = { bytes: -1, at: Date.now() };
      let stopped = false;
      stopper(() => {
        stopped = true;
        resolve('stopped');
      });
      const begin = async () => {
        const client = await import('tus-js-client').catch(() => undefined); // no part of a start: nothing is sent before a page is seen
        if (!client) {
          resolve(own('part-not-loaded')); // the next try imports it again
          return;
        }
        const source = this.#o.source ? await this.#o.source(blob) : blob;
        if (stopped) return;
        const kbps = this.#going?.link.kbps ?? 2_000;
        const upload = new client.Upload(source as Blob, {
          endpoint: this.#o.endpoint,
          ...(entry.uploadUrl ? { uploadUrl: entry.uploadUrl } : {}),
          metadata: { sha256: entry.sha256, job: entry.job, filename: entry.name, filetype: entry.mediaType, kind: entry.kind },
          headers: { ...this.#o.headers, 'Fieldsync-Resume': 'true' },
          chunkSize: Math.min(mostChunk, Math.max(leastChunk, Math.round(kbps * 125))), // what goes in about a second
          retryDelays: [], // the outbox has its own, which outlive a reload
          storeFingerprintForResuming: false,
          removeFingerprintOnSuccess: false,
          onUploadUrlAvailable: () => void this.#note(entry.id, (old) => ({ ...old, ...(upload.url ? { uploadUrl: upload.url } : {}) })),
          onProgress: (sent) => {
            const now = Date.now();
            if (seen.bytes >= 0 && sent > seen.bytes && now - seen.at >= 250) {
              this.#o.moved(sent - seen.bytes, now - seen.at);
              seen = { bytes: sent, at: now };
            } else if (seen.bytes < 0) seen = { bytes: sent, at: now };
            this.entries.update((all) => all.map((e) => (e.id === entry.id ? { ...e, sent } : e)));
            if (now - saved >= saveEvery) {
              saved = now;
              void this.#note(entry.id, (old) => ({ ...old, sent }));
            }
          },
          onSuccess: () => resolve(undefined),
          onError: (err) => resolve(failureOf(err)),
        });
        stopper(() => void upload.abort(false).then(() => resolve('stopped'), () => resolve('stopped')));
        upload.start();
      };
      begin().catch(reject);
    });
  }

  async #note(id: string, change: (old: OutboxEntry) => OutboxEntry, without: readonly ('nextAttemptAt' | 'uploadUrl' | 'because')[] = []): Promise<void> {
    const written = await this.#o.db.update('outbox', id, (old) => {
      if (!old) return undefined;
      const next = { ...change(old) };
      for (const key of without) delete next[key];
      return next;
    });
    if (!written) return;
    this.entries.update((all) => all.map((e) => (e.id === id ? { ...written, sent: Math.max(written.sent, e.sent) } : e)));
    this.#o.changed();
  }

  async #published(): Promise<void> {
    await this.reload();
    this.#o.changed();
  }
}

const ranks = { thumbnail: 0, preview: 1, file: 2 };
const inOrder = (entries: OutboxEntry[]) => entries.sort((a, b) => ranks[a.kind] - ranks[b.kind] || a.at - b.at);

interface Failure {
  readonly status: number;
  readonly reason: string;
  readonly because?: Reason;
  /** Milliseconds after which the server wants to be asked again, if it says so. */
  readonly after?: number;
}

function own(code: ReasonCode, params?: OwnReason['params'], status = 0): Failure {
  const why = because(code, params);
  return { status, reason: english(why), because: why };
}

function failureOf(err: Error | tus.DetailedError): Failure {
  const response = 'originalResponse' in err ? err.originalResponse : null;
  const status = response?.getStatus() ?? 0;
  if (status === 0) return own('connection-broke');
  if (!isOurs(status, response!.getHeader('Content-Type')) || status === 204) return own('not-the-server');
  const after = status === 429 || status === 503 ? secondsOf(response!.getHeader('Retry-After') ?? '') : undefined;
  const told = after === undefined ? {} : { after };
  try {
    const problem = JSON.parse(response!.getBody()) as { code?: string; detail?: string };
    if (problem.detail) return { status, reason: problem.detail, ...(problem.code && { because: { code: problem.code } }), ...told };
  } catch {
    // not a problem document
  }
  return { ...own('failed', { status }, status), ...told };
}
