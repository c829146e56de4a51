import type { OwnReason, Reason } from './reasons.ts';
import type { RestClient } from './rest/client.ts';
import type {
  Attachment, ChangeHash, Clash, Comment, DocumentId, FieldValue, Heads, HistoryEntry, Identity, Job, Location, OrganisationSettings, Part,
  Status, Watched,
} from './types.ts';

/** Where Automerge's WebAssembly comes from: its address, or its bytes (then nothing is fetched). In Vite: `import url from '@automerge/automerge/automerge.wasm?url'`. */
export type WasmSource = string | URL | Uint8Array<ArrayBuffer> | Request | WebAssembly.Module;

export interface ClientOptions {
  /** The server, `https://host[:port]`. Default: where the page comes from. */
  readonly serverUrl?: string | URL;
  /**
   * Automerge's WebAssembly. Needed with a replica. It is fetched and compiled when the replica opens, or by `prepare()`; not by `createClient`.
   * A function is called for it then: a worker can have compiled it, where compiling on the page's thread would keep a slow phone from answering taps.
   */
  readonly wasm?: WasmSource | (() => Promise<WasmSource>);
  /** Prefix of the names of the databases on this device. Default `fieldsync`. */
  readonly storage?: string;
  /**
   * Which replica is kept. `all` (default): every document that one may read, as a phone does, for work without a network. `opened`: only
   * the jobs that are opened, kept in memory while they are open, as an office does that reads lists by the API.
   */
  readonly replica?: 'all' | 'opened';
  /** What photos are scaled down to before they are kept and sent; false: not at all. Default {edge: 2560, quality: 0.85}. */
  readonly photos?: { readonly edge: number; readonly quality: number } | false;
  /** Pause between syncs that happen by themselves, in milliseconds. Default 120,000 (S4). */
  readonly interval?: number;
  /**
   * `always` (default): asks the server who is signed in when the page opens; `known`: only where somebody has signed in here before, so that
   * the page of a stranger makes no request that fails.
   */
  readonly resume?: 'always' | 'known';
  /** Sign in by `Authorization: Bearer` and `access_token` instead of the session cookie: for programs outside of a browser. */
  readonly token?: string;
}

export type Session =
  /** It is being found out. */
  | { readonly state: 'unknown' }
  | { readonly state: 'signed-out'; readonly reason?: 'expired' | 'revoked' | 'by-user' }
  /** `confirmed`: the server has said so since the page was opened; false without a network. */
  | { readonly state: 'signed-in'; readonly who: Identity; readonly settings: OrganisationSettings; readonly confirmed: boolean };

/** How good the way to the server is (S6). slow: 2G, or measured round trip from 1.4 s or under 70 kbit/s. Files move on `fast` only. */
export type LinkClass = 'none' | 'slow' | 'fast';

export interface Link {
  readonly class: LinkClass;
  /** A sync connection stands. */
  readonly connected: boolean;
  /** The class is more than a guess; until then it is `slow`, so that no file moves. */
  readonly known: boolean;
  /** Median of the last measured round trips, milliseconds; absent: not measured yet. */
  readonly roundTripMs?: number;
  /** Measured throughput, kbit/s; absent: not measured yet. */
  readonly kbps?: number;
  /** The platform says that data costs money or is to be saved. */
  readonly metered: boolean;
  /** When the next attempt to connect is due, milliseconds since 1970; absent: connected, or none is due. */
  readonly retryAt?: number;
}

export interface SyncState {
  /** Something is under way (S9): a comparison, changes, or files. */
  readonly running: boolean;
  /** The last time that all was in step with the server, milliseconds since 1970 (S16). */
  readonly lastSync?: number;
  /** Why the last attempt failed, in English; absent: it did not. */
  readonly problem?: string;
  /** The same for other languages. */
  readonly because?: Reason;
  /** Documents whose changes are still coming or going in this run. */
  readonly pending: number;
  /** This tab is the one that syncs for all tabs of this browser. */
  readonly leads: boolean;
  /** All documents that the server lists were brought at least once: lists are complete. */
  readonly complete: boolean;
}

/** One thing that was done here and has not reached the server, counted as a person counts: a status, a comment, a field, a photo (S15). */
export interface UnsentItem {
  /** Stable while it is unsent. */
  readonly id: string;
  readonly job: DocumentId;
  readonly jobTitle: string;
  readonly kind: 'job' | 'status' | 'text' | 'field' | 'tick' | 'comment' | 'attachment' | 'plan' | 'file';
  /** What it is about: a field's or item's name, a file's name, a status. */
  readonly label: string;
  /** When it was done here, milliseconds since 1970, as far as known. */
  readonly at?: number;
  /** Bytes that are to go, and that the server has; files only. */
  readonly bytes?: number;
  readonly sent?: number;
  /** Files: what it waits for. */
  readonly state: 'waiting' | 'waiting-for-network' | 'waiting-for-faster-network' | 'sending' | 'failed';
  readonly attempts: number;
  /** Why the last attempt failed, in English or in the server's words. */
  readonly reason?: string;
  /** The same for other languages. */
  readonly because?: Reason;
  readonly nextAttemptAt?: number;
  /** The user said "send this one now": it goes also on a slow link. */
  readonly now: boolean;
  /** For a picture: an address of a thumbnail that is on this device. */
  readonly thumbnail?: string;
}

export interface Unsent {
  readonly items: readonly UnsentItem[];
  /** How many, as people count. */
  readonly count: number;
  /** Bytes of files that still have to go. */
  readonly bytes: number;
  /** Estimate of how long they take at the measured speed, seconds; absent: unknown. */
  readonly seconds?: number;
}

/** Where something that was done here has got to: the ladder of receipts. */
export type Receipt = 'on-this-device' | 'on-the-server' | 'on-other-devices' | 'seen';

/** Work that the server refused for good, taken out of the job and kept (PROTOCOL.md, Refusals). */
export interface RefusedWork {
  readonly id: string;
  readonly job: DocumentId;
  readonly jobTitle: string;
  /** When it was done here, and when it was refused; milliseconds since 1970. */
  readonly at: number;
  readonly refusedAt: number;
  readonly code: string;
  /** Why, in the server's words. */
  readonly reason: string;
  /** The same for other languages, where the sentence is one that the SDK knows too. */
  readonly because: Reason;
  /** What it would have done: where (keys from the root of the job), what that is called there, else the first key, and what would stand there; no value: it would be gone. */
  readonly did: readonly { readonly path: readonly string[]; readonly what: string; readonly value?: unknown }[];
  /** Whether it can be done once more at the state of now. */
  readonly canRepeat: boolean;
}

/** A job as lists on this device show it. */
export interface JobRow {
  readonly id: DocumentId;
  readonly kind: 'job' | 'template' | 'client' | 'site' | 'unknown';
  readonly title: string;
  readonly status: Status;
  readonly clash: boolean;
  readonly clashes: number;
  readonly scheduledAt?: string;
  readonly minutes?: number;
  readonly address?: string;
  readonly geolocation?: { readonly latitude: number; readonly longitude: number };
  readonly client?: string;
  readonly site?: string;
  readonly type?: string;
  readonly serialNo?: string;
  readonly resolution?: { readonly name?: string; readonly successful?: boolean };
  /** The user ids of who has it. */
  readonly assignees: readonly string[];
  readonly part: Part;
  /** How much of it is unsent. */
  readonly unsent: number;
  /** How much has changed since this person last opened it (by others). */
  readonly news: number;
  readonly files: { readonly total: number; readonly here: number };
  readonly comments: number;
  readonly checklist: { readonly total: number; readonly done: number };
  readonly reportMissing: number;
  /** The assignment has ended: it stays as it was then. */
  readonly withdrawn: boolean;
  /** When its newest change was made, milliseconds since 1970. */
  readonly changedAt: number;
  /** Of a template: workers may make jobs of it. */
  readonly workerCreate?: boolean;
  readonly archived?: boolean;
}

/** Something one may want to do to a job, for `may`. */
export type Deed =
  | { readonly do: 'status'; readonly status: Status }
  | { readonly do: 'plan'; readonly key: string }
  | { readonly do: 'assign' }
  | { readonly do: 'fill'; readonly field: string }
  | { readonly do: 'tick' }
  | { readonly do: 'comment' }
  | { readonly do: 'edit-comment'; readonly comment: string }
  | { readonly do: 'attach' }
  | { readonly do: 'remove-attachment'; readonly attachment: string }
  | { readonly do: 'settle'; readonly clash: Clash }
  | { readonly do: 'undo-status' };

/** Whether, and if not why: in English, and for other languages. */
export type Permission = { readonly ok: true } | { readonly ok: false; readonly why: string; readonly because: OwnReason };

export interface StatusOptions {
  readonly resolution?: string;
  readonly note?: string;
  readonly location?: Location;
  /** Default: now. */
  readonly happenedAt?: Date;
}

export interface AttachOptions {
  /** The report field that it answers. */
  readonly field?: string;
  readonly name?: string;
  readonly takenAt?: Date;
  readonly location?: Location;
}

/** A text that several edit at once. Positions count UTF-16 units, as inputs of a browser do. */
export interface SharedText {
  readonly value: Watched<string>;
  /** Takes `remove` units away at `at`, and puts `insert` there. */
  splice(at: number, remove: number, insert: string): void;
  /** Makes the text what it is in an input now, by the one smallest splice. */
  replace(text: string): void;
  /** A place that keeps its neighbours whatever others type, for the presence of others. */
  anchor(at: number): string;
  /** Where an anchor is now. */
  at(anchor: string): number;
}

/** One place that changed since this person last looked. */
export interface News {
  /** Keys from the root: `['report_fields', id, 'value']`. */
  readonly path: readonly string[];
  readonly kind: 'added' | 'changed' | 'removed';
  /** A user id, where the job says whose it is. */
  readonly by?: string;
  readonly at?: number;
}

/** Somebody who has the job open now. */
export interface Present {
  /** One browser tab or phone. */
  readonly id: string;
  readonly user: string;
  readonly name: string;
  /** The field that he is in, as keys from the root joined by dots. */
  readonly field?: string;
  /** Anchors of his selection in that text; resolve them by SharedText.at. */
  readonly anchor?: string;
  readonly head?: string;
  readonly seenAt: number;
}

export interface Presence {
  readonly others: Watched<readonly Present[]>;
  /** Says where one is; call it with nothing to be seen in the job without a place. */
  announce(at?: { readonly field: string; readonly anchor?: string; readonly head?: string }): void;
  /** Is seen no more. */
  leave(): void;
}

export interface HistoryPage {
  readonly entries: readonly HistoryEntry[];
  /** Of the page after it; absent: this was the last. */
  readonly next?: string;
  /** Without a network: what this device knows by itself. */
  readonly offline: boolean;
}

/** A job that is open. Everything that changes it is on this device (durable) when its promise resolves, and throws NotAllowed or NotValid before anything is done. */
export interface JobHandle {
  readonly id: DocumentId;
  /** `unavailable`: it is not on this device, and the server gives it not (or there is no network). */
  readonly state: Watched<'loading' | 'ready' | 'unavailable'>;
  /** The job, or undefined while it loads. It is that of now; of what is typed in a text its listeners are told when the typing has rested for a second, or after five, those of `text` at once. */
  readonly job: Watched<Job | undefined>;
  /** What this person is to it. */
  readonly part: Watched<Part>;
  /** The state of now. */
  heads(): Heads;
  /** Resolves when it is ready; rejects when it is unavailable. */
  ready(): Promise<Job>;

  may(deed: Deed): Permission;
  /** The statuses that one may set now, in the order of a day's work. */
  next(): readonly Status[];
  /** What finishing lacks: required fields without an answer, by their ids. */
  missing(): readonly string[];

  setStatus(status: Status, options?: StatusOptions): Promise<void>;
  /** Takes back one's last status; `event` names another standing one. */
  undoStatus(event?: string): Promise<void>;
  fill(field: string, value: FieldValue): Promise<void>;
  tick(item: string, done: boolean): Promise<void>;
  comment(text: string): Promise<Comment>;
  editComment(comment: string, text: string): Promise<void>;
  removeComment(comment: string): Promise<void>;
  /** A JSON Merge Patch over the JSON form, as the API takes it (docs/JOB.md): lists may be patched by an object of uuid to entry. */
  patch(patch: Record<string, unknown>): Promise<void>;
  /** A text by its path: `['description']`, `['comments', id, 'text']`, `['report_fields', id, 'value']`. */
  text(path: readonly string[]): SharedText;
  /** Keeps the file on this device, makes its previews, names it in the job, and queues it. */
  attach(file: Blob, options?: AttachOptions): Promise<Attachment>;
  removeAttachment(attachment: string): Promise<void>;
  /** Settles a clash by the value with this index. */
  settle(clash: Clash, value: number): Promise<void>;
  /** Takes back what one change did and nothing else, also without a network; gives what stays because others have written there since. */
  undo(change: ChangeHash): Promise<{ readonly left: readonly string[] }>;

  history(options?: { readonly cursor?: string; readonly limit?: number }): Promise<HistoryPage>;
  /** The job as it was. */
  at(heads: Heads): Job;
  /** Where what was done until some heads (default: now) has got to; undefined: not known yet, as while the job loads. */
  receipt(heads?: Heads): Watched<Receipt | undefined>;
  /** What changed, by others, since this person last looked; offline too. */
  readonly news: Watched<readonly News[]>;
  /** Everything of now counts as seen. */
  looked(): Promise<void>;
  readonly presence: Presence;
  /** Lets go of it; the handle is of no use after. Each `open` needs its own. */
  close(): void;
}

/** Where a file is, from the view of this device. */
export interface FileView {
  /** On this device and verified, or with the server only, or nowhere yet. */
  readonly state: 'here' | 'remote' | 'waiting-for-faster-network' | 'loading' | 'failed' | 'promised';
  /** An address for <img> or a link, where there is one: of what is on this device, else the server's. */
  readonly url?: string;
  readonly loaded?: number;
  readonly size: number;
  /** Why it is `failed`: in English or in the server's words, and for other languages. */
  readonly reason?: string;
  readonly because?: Reason;
}

export type FileVariant = 'thumbnail' | 'preview' | 'file';

export interface Files {
  /** The best of a variant; a smaller one stands in while it is on its way. */
  view(job: DocumentId, attachment: Attachment, variant: FileVariant): Watched<FileView>;
  /** Brings it now, also on a slow link. */
  fetch(job: DocumentId, attachment: Attachment, variant?: FileVariant): Promise<Blob>;
  /** The server's address of it. */
  address(job: DocumentId, attachment: Attachment, variant?: FileVariant): string;
}

export interface StorageState {
  /** `evictable`: the browser may throw all away when space is short, or (Safari) after a week. */
  readonly kept: 'unknown' | 'persistent' | 'evictable';
  /** Bytes. */
  readonly used?: number;
  readonly quota?: number;
  /** The last write failed: the device is full. */
  readonly full: boolean;
}

export interface ClientEvents {
  /** A job came, or became one's own. */
  'job-arrived': { readonly job: DocumentId; readonly title: string };
  /** The assignment ended. */
  'job-withdrawn': { readonly job: DocumentId; readonly title: string };
  'work-refused': RefusedWork;
  /** A new version of what the server serves asks for a reload, or the server asks to sign in again. */
  'session-ended': { readonly reason: 'expired' | 'revoked' | 'by-user' };
}

export interface Client {
  readonly session: Watched<Session>;
  /** Fetches and compiles Automerge's core before it is needed. */
  prepare(): Promise<void>;
  /** Opens a session (a cookie), and with it this person's replica. Throws SignInError. */
  signIn(login: { readonly login: string; readonly password: string; readonly org?: string }): Promise<Identity>;
  /**
   * Ends the session and removes what is on this device. Where something is unsent it stays, encrypted by nothing, for the next time that this person signs in here,
   * unless `discard` says otherwise; `force` ends the session here also where the server cannot be reached.
   */
  signOut(options?: { readonly discard?: boolean; readonly force?: boolean }): Promise<void>;

  /** Resolves when what is on this device is known: who is signed in here, and the rows of his lists. Who renders after it renders once. It never rejects. */
  readonly restored: Promise<void>;
  /** The replica of who is signed in is open: `open` and `create` may be called. */
  readonly ready: Watched<boolean>;
  /** The rows on this device: jobs first scheduled first. Empty with `replica: 'opened'`. */
  readonly jobs: Watched<readonly JobRow[]>;
  readonly templates: Watched<readonly JobRow[]>;
  /** Opens a job; each who opens it closes it. Throws SyncError while `ready` is false. */
  open(job: DocumentId): JobHandle;
  /** Makes a job on this device, from a template or a plan in the API's JSON form; it is sent like any other change. */
  create(plan: Record<string, unknown>, options?: { readonly template?: DocumentId }): Promise<DocumentId>;

  readonly link: Watched<Link>;
  readonly sync: Watched<SyncState>;
  readonly unsent: Watched<Unsent>;
  /** Lets a file go also on a slow link; `all` for every one. */
  sendNow(item: string | 'all'): void;
  /** Tries an item again at once. */
  retry(item: string): void;
  readonly refused: Watched<readonly RefusedWork[]>;
  /** Does refused work once more at the state of now. */
  again(work: string): Promise<void>;
  dismiss(work: string): Promise<void>;

  /** Syncs by hand (S8, S17); resolves when all is in step, rejects with why it is not. */
  syncNow(): Promise<void>;
  /** A push came: brings the job, and says when it is here or the time is up. */
  onPush(job?: DocumentId, timeoutMs?: number): Promise<boolean>;

  readonly files: Files;
  readonly storage: Watched<StorageState>;
  /** Asks the browser to keep the storage; gives whether it will. */
  persist(): Promise<boolean>;
  /** The API, typed by the server's own description. */
  readonly api: RestClient;
  /** Names of users by id, as far as known here. */
  userName(user: string): string | undefined;

  on<E extends keyof ClientEvents>(event: E, listener: (data: ClientEvents[E]) => void): () => void;
  /** Ends everything of this tab. */
  close(): Promise<void>;
}

/** What `createClient` is. It returns at once; `session` says when it is known who is signed in. */
export type CreateClient = (options?: ClientOptions) => Client;
