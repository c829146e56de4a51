import type { UnsentItem } from '../api.ts';
import type { Reason } from '../reasons.ts';
import type { DocumentId, Heads } from '../types.ts';
import type { JobRow } from '../api.ts';

/** What is kept of a document beside its changes, so that lists and counts need no document. */
export interface DocRecord {
  readonly id: DocumentId;
  readonly heads: Heads;
  /** What the server was heard to hold durably, as far as it is here. */
  readonly shared: Heads;
  readonly row: JobRow;
  readonly unsent: readonly UnsentItem[];
  /** The state that this person last saw. */
  readonly looked?: Heads;
  /** It was made on this device. */
  readonly made: boolean;
  readonly withdrawn: boolean;
  /** When it was last opened, where only what is opened is kept. */
  readonly used?: number;
  /** Files that its attachments name. */
  readonly files: readonly FileName[];
}

/** A file that a job names. */
export interface FileName {
  readonly sha256: string;
  readonly size: number;
  readonly kind: 'file' | 'preview' | 'thumbnail';
  readonly attachment: string;
}

/** A file that has to go to the server. Its bytes are in `blobs`. */
export interface OutboxEntry {
  readonly id: string;
  readonly job: DocumentId;
  readonly jobTitle: string;
  readonly attachment: string;
  readonly kind: 'file' | 'preview' | 'thumbnail';
  readonly sha256: string;
  readonly size: number;
  readonly name: string;
  readonly mediaType: string;
  readonly at: number;
  /** Where the upload goes on, once it was opened. */
  readonly uploadUrl?: string;
  readonly sent: number;
  readonly attempts: number;
  /** Why the last attempt failed. */
  readonly reason?: string;
  readonly because?: Reason;
  readonly nextAttemptAt?: number;
  readonly now: boolean;
}

export interface StoredBlob {
  readonly sha256: string;
  /** Whole and verified; or parts of a download, in order. */
  readonly blob?: Blob;
  readonly parts?: readonly Blob[];
  readonly at: number;
}

/** Work that the server refused, with the bytes of the change. */
export interface WorkRecord {
  readonly id: string;
  readonly job: DocumentId;
  readonly jobTitle: string;
  readonly change: string;
  readonly raw: Uint8Array;
  readonly at: number;
  readonly refusedAt: number;
  readonly code: string;
  readonly reason: string;
  readonly did: readonly { readonly what: string; readonly path: readonly string[]; readonly value?: unknown }[];
  /** The document is rebuilt without it. */
  readonly done: boolean;
}

export interface Tables {
  docs: DocRecord;
  outbox: OutboxEntry;
  blobs: StoredBlob;
  work: WorkRecord;
  facts: unknown;
}

const keys: Record<keyof Tables, string | undefined> = { docs: 'id', outbox: 'id', blobs: 'sha256', work: 'id', facts: undefined };

/** The database of one person on this device: everything but the documents' changes, which automerge-repo keeps in one of its own. */
export class Database {
  private constructor(readonly name: string, private readonly db: IDBDatabase) {}

  static async open(name: string): Promise<Database> {
    const request = indexedDB.open(name, 1);
    request.onupgradeneeded = () => {
      for (const [store, keyPath] of Object.entries(keys)) request.result.createObjectStore(store, keyPath ? { keyPath } : {});
    };
    const db = await settled(request);
    db.onversionchange = () => db.close();
    return new Database(name, db);
  }

  get<T extends keyof Tables>(table: T, key: string): Promise<Tables[T] | undefined> {
    return settled(this.db.transaction(table).objectStore(table).get(key) as IDBRequest<Tables[T] | undefined>);
  }

  all<T extends keyof Tables>(table: T): Promise<Tables[T][]> {
    return settled(this.db.transaction(table).objectStore(table).getAll() as IDBRequest<Tables[T][]>);
  }

  async keys(table: keyof Tables): Promise<string[]> {
    return (await settled(this.db.transaction(table).objectStore(table).getAllKeys())) as string[];
  }

  /** The files that are here whole. */
  async held(): Promise<Set<string>> {
    const partial = new Set(((await this.get('facts', 'partial')) as string[] | undefined) ?? []);
    return new Set((await this.keys('blobs')).filter((k) => !partial.has(k)));
  }

  /** Durable when it resolves. */
  async put<T extends keyof Tables>(table: T, value: Tables[T], key?: string): Promise<void> {
    await this.write([table], (store) => void store(table).put(value, ...(key === undefined ? [] : [key])));
  }

  async delete(table: keyof Tables, key: string): Promise<void> {
    await this.write([table], (store) => void store(table).delete(key));
  }

  /** Reads one record and writes what change makes of it, in one transaction; undefined leaves it as it is. */
  async update<T extends keyof Tables>(table: T, key: string, change: (old: Tables[T] | undefined) => Tables[T] | undefined): Promise<Tables[T] | undefined> {
    let made: Tables[T] | undefined;
    await this.write([table], (store) => {
      const s = store(table);
      const request = s.get(key) as IDBRequest<Tables[T] | undefined>;
      request.onsuccess = () => {
        const old = request.result;
        made = change(old) ?? old;
        if (made !== undefined && made !== old) s.put(made, ...(keys[table] ? [] : [key]));
      };
    });
    return made;
  }

  /** Writes in several tables at once: all of it is there after it, or nothing. */
  write(tables: (keyof Tables)[], work: (store: (table: keyof Tables) => IDBObjectStore) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      const tx = this.db.transaction(tables, 'readwrite', { durability: 'strict' });
      tx.oncomplete = () => resolve();
      tx.onabort = () => reject(tx.error ?? new DOMException('the write was given up', 'AbortError'));
      try {
        work((table) => tx.objectStore(table));
      } catch (err) {
        tx.abort();
        reject(err as Error);
      }
    });
  }

  close(): void {
    this.db.close();
  }

  static remove(name: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const request = indexedDB.deleteDatabase(name);
      request.onsuccess = request.onblocked = () => resolve(); // other tabs close theirs when they hear of it
      request.onerror = () => reject(request.error!);
    });
  }
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error!);
  });
}
