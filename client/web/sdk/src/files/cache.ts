import type { Files, FileVariant, FileView } from '../api.ts';
import { ApiError } from '../errors.ts';
import { because, english, type Reason } from '../reasons.ts';
import { notTheServer, problem } from '../rest/client.ts';
import type { Database } from '../store/database.ts';
import type { Attachment, DocumentId, Watched } from '../types.ts';
import { derived, Value } from '../watched.ts';
import { hashOf } from './hash.ts';

export interface CacheOptions {
  readonly db: Database;
  readonly serverUrl: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** Files may move by themselves. */
  readonly fast: () => boolean;
  readonly moved: (bytes: number, ms: number) => void;
  /** A file came. */
  readonly came: (sha256: string) => void;
}

const piece = 1 << 20; // bytes that are asked for at a time: what came before a break is kept

/** A file that one may want to have here. */
export interface Wanted {
  readonly job: DocumentId;
  readonly sha256: string;
  readonly kind: FileVariant;
}

/** The files on this device: verified, by their SHA-256. */
export class FileCache implements Files {
  readonly held = new Value<ReadonlySet<string>>(new Set());
  readonly loading = new Value<ReadonlyMap<string, Progress>>(new Map());
  readonly #o: CacheOptions;
  readonly #urls = new Map<string, string>();
  readonly #asked = new Set<string>();
  readonly #fetching = new Map<string, Promise<Blob>>();
  readonly #version = new Value(0);
  #stop = new AbortController();

  constructor(o: CacheOptions) {
    this.#o = o;
  }

  async open(): Promise<void> {
    await this.reload();
  }

  async reload(): Promise<void> {
    this.held.set(await this.#o.db.held());
  }

  address(job: DocumentId, a: Attachment, variant: FileVariant = 'file'): string {
    const url = new URL(`/api/v1/files/${nameOf(a, variant)}`, this.#o.serverUrl);
    url.searchParams.set('job', job);
    if (a.media_type?.match(/^(image|video|audio)\//) || variant !== 'file') url.searchParams.set('inline', 'true');
    if (a.name) url.searchParams.set('name', a.name);
    return url.href;
  }

  view(job: DocumentId, a: Attachment, variant: FileVariant): Watched<FileView> {
    return derived([this.held, this.loading, this.#version], (): FileView => {
      const sum = nameOf(a, variant);
      const size = variant === 'file' ? a.size : 0;
      const url = this.#url(sum);
      if (this.held.get().has(sum)) return { state: 'here', size, ...(url ? { url } : {}) };
      // A smaller one that is here stands in.
      const smaller = (['thumbnail', 'preview'] as const).map((v) => nameOf(a, v)).find((s) => s !== sum && this.held.get().has(s));
      const shown = smaller ? this.#url(smaller) : undefined;
      const under = this.loading.get().get(sum);
      if (under && !('reason' in under)) return { state: 'loading', size, loaded: under.loaded, ...(shown ? { url: shown } : {}) };
      if (under) return { state: 'failed', size, reason: under.reason, because: under.because, ...(shown ? { url: shown } : {}) };
      if (!this.#o.fast()) return { state: 'waiting-for-faster-network', size, ...(shown ? { url: shown } : {}) };
      return { state: 'remote', size, url: this.address(job, a, variant) };
    });
  }

  /** The link's class has changed: views are derived anew. */
  refresh(): void {
    this.#version.update((n) => n + 1);
  }

  /** The object URL of a file that is here; undefined while it is being read. */
  #url(sum: string): string | undefined {
    const known = this.#urls.get(sum);
    if (known || !this.held.get().has(sum) || this.#asked.has(sum)) return known;
    this.#asked.add(sum);
    void this.#o.db.get('blobs', sum).then((stored) => {
      this.#asked.delete(sum);
      if (!stored?.blob || typeof URL.createObjectURL !== 'function') return;
      this.#urls.set(sum, URL.createObjectURL(inert(stored.blob)));
      this.refresh();
    });
    return undefined;
  }

  urlOf(sum: string): string | undefined {
    return this.#url(sum);
  }

  fetch(job: DocumentId, a: Attachment, variant: FileVariant = 'file'): Promise<Blob> {
    return this.bring({ job, sha256: nameOf(a, variant), kind: variant }, a.media_type);
  }

  /** Brings a file here, from where a break left it, and verifies it. */
  bring(w: Wanted, mediaType = 'application/octet-stream'): Promise<Blob> {
    const under = this.#fetching.get(w.sha256);
    if (under) return under;
    const work = this.#bring(w, mediaType).finally(() => this.#fetching.delete(w.sha256));
    this.#fetching.set(w.sha256, work);
    return work;
  }

  async #bring(w: Wanted, mediaType: string): Promise<Blob> {
    const stored = await this.#o.db.get('blobs', w.sha256);
    if (stored?.blob) return stored.blob;
    let parts = [...(stored?.parts ?? [])];
    const progress = (change?: Progress) =>
      this.loading.update((all) => {
        const next = new Map(all);
        if (change) next.set(w.sha256, change);
        else next.delete(w.sha256);
        return next;
      });
    try {
      const url = new URL(`/api/v1/files/${w.sha256}`, this.#o.serverUrl);
      url.searchParams.set('job', w.job);
      for (;;) {
        const at = parts.reduce((n, p) => n + p.size, 0);
        progress({ loaded: at });
        const began = Date.now();
        const answer = await fetch(url, { headers: { ...this.#o.headers, Range: `bytes=${at}-${at + piece - 1}` }, credentials: 'include', signal: this.#stop.signal });
        if (/^text\/html\b/i.test(answer.headers.get('Content-Type') ?? '')) throw notTheServer(); // files never come as pages
        if (answer.status === 416) break;
        if (!answer.ok) throw problem(answer, await answer.json().catch(() => undefined));
        const body = await answer.blob();
        this.#o.moved(body.size, Date.now() - began);
        parts = answer.status === 200 ? [body] : [...parts, body];
        const total = Number(answer.headers.get('Content-Range')?.split('/')[1] ?? body.size);
        if (parts.reduce((n, p) => n + p.size, 0) >= total) break;
        await this.#keepParts(w.sha256, parts);
      }
      const blob = new Blob(parts, { type: mediaType });
      if ((await hashOf(blob)) !== w.sha256) {
        await this.#o.db.delete('blobs', w.sha256);
        throw new ApiError(0, 'mismatch', english(because('mismatch')));
      }
      await this.#o.db.put('blobs', { sha256: w.sha256, blob, at: Date.now() });
      await this.#partial(w.sha256, false);
      this.held.update((h) => new Set([...h, w.sha256]));
      progress();
      this.#o.came(w.sha256);
      return blob;
    } catch (err) {
      progress(this.#stop.signal.aborted ? undefined : failed(err));
      throw err;
    }
  }

  async #keepParts(sha256: string, parts: readonly Blob[]): Promise<void> {
    await this.#partial(sha256, true);
    await this.#o.db.put('blobs', { sha256, parts, at: Date.now() });
  }

  async #partial(sha256: string, is: boolean): Promise<void> {
    await this.#o.db.update('facts', 'partial', (old) => {
      const all = ((old as string[] | undefined) ?? []).filter((s) => s !== sha256);
      return is ? [...all, sha256] : all;
    });
  }

  /** What is under way is broken off: the link became slow, or went away. */
  interrupt(): void {
    this.#stop.abort();
    this.#stop = new AbortController();
  }

  close(): void {
    this.#stop.abort();
    for (const url of this.#urls.values()) URL.revokeObjectURL(url);
  }
}

type Progress = { readonly loaded: number } | { readonly reason: string; readonly because: Reason };

function failed(err: unknown): Progress {
  if (err instanceof ApiError) return { reason: err.message, because: { code: err.code, params: err.params } };
  return { reason: english(because('connection-broke')), because: because('connection-broke') };
}

/** A file of the page's own origin: opened by itself, a page or a drawing in it would run as one of ours. */
const inert = (file: Blob): Blob => (/^(image\/(?!svg)|video\/|audio\/)/i.test(file.type) ? file : file.slice(0, file.size, 'application/octet-stream'));

const nameOf = (a: Attachment, variant: FileVariant): string =>
  (variant === 'thumbnail' ? (a.thumbnail_sha256 ?? a.preview_sha256) : variant === 'preview' ? a.preview_sha256 : undefined) ?? a.sha256;
