import type { Chunk, StorageAdapterInterface, StorageKey } from '@automerge/automerge-repo/slim';

const table = 'documents';
const stateRests = 1_000; // ms that a sync state waits for the next one

/** The changes of the documents in IndexedDB, in the layout of automerge-repo's own adapter; beyond it, it can be closed, and replace a document in one write. */
export class DocumentStorage implements StorageAdapterInterface {
  readonly #db: Promise<IDBDatabase>;
  #closed = false;
  /** Sync states that are not written yet, by key. automerge-repo has one noted with each message; one that is lost is found anew. */
  readonly #states = new Map<string, Row>();
  #due: ReturnType<typeof setTimeout> | undefined;

  constructor(name: string) {
    this.#db = new Promise((resolve, reject) => {
      const request = indexedDB.open(name, 1);
      request.onupgradeneeded = () => request.result.createObjectStore(table);
      request.onsuccess = () => {
        request.result.onversionchange = () => request.result.close();
        resolve(request.result);
      };
      request.onerror = () => reject(request.error!);
    });
    this.#db.catch(() => undefined); // whoever uses it hears of it
  }

  async load(key: StorageKey): Promise<Uint8Array | undefined> {
    const waiting = this.#states.get(nameOf(key));
    if (waiting) return waiting.binary;
    const store = (await this.#db).transaction(table).objectStore(table);
    return new Promise((resolve, reject) => {
      const request = store.get(key) as IDBRequest<{ binary: Uint8Array } | undefined>;
      request.onsuccess = () => resolve(request.result?.binary);
      request.onerror = () => reject(request.error!);
    });
  }

  async save(key: StorageKey, binary: Uint8Array): Promise<void> {
    if (key[1] === 'sync-state') {
      this.#states.set(nameOf(key), { key, binary });
      this.#due ??= setTimeout(() => void this.#saveStates(), stateRests);
      return;
    }
    await this.#write((store) => void store.put({ key, binary }, key));
  }

  async #saveStates(): Promise<void> {
    clearTimeout(this.#due);
    this.#due = undefined;
    const states = [...this.#states.values()];
    this.#states.clear();
    if (states.length > 0) await this.#write((store) => states.forEach(({ key, binary }) => store.put({ key, binary }, key))).catch(() => undefined);
  }

  /** Nothing that waits under a prefix is written any more. */
  #forgetStates(prefix: StorageKey): void {
    for (const [name, { key }] of this.#states) if (under(prefix, key)) this.#states.delete(name);
  }

  remove(key: StorageKey): Promise<void> {
    this.#forgetStates(key);
    return this.#write((store) => void store.delete(key));
  }

  async loadRange(prefix: StorageKey): Promise<Chunk[]> {
    const store = (await this.#db).transaction(table).objectStore(table);
    const written = await new Promise<readonly Row[]>((resolve, reject) => {
      const request = store.getAll(within(prefix)) as IDBRequest<Row[]>;
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error!);
    });
    const all = new Map(written.map((row) => [nameOf(row.key), row]));
    for (const [name, row] of this.#states) if (under(prefix, row.key)) all.set(name, row);
    return [...all.values()].map(({ key, binary }) => ({ key, data: binary }));
  }

  removeRange(prefix: StorageKey): Promise<void> {
    this.#forgetStates(prefix);
    return this.#write((store) => void store.delete(within(prefix)));
  }

  /** Puts a document in the place of what there is of it. */
  replace(id: string, name: string, binary: Uint8Array): Promise<void> {
    this.#forgetStates([id]);
    return this.#write((store) => {
      store.delete(within([id]));
      const key = [id, 'snapshot', name];
      store.put({ key, binary }, key);
    });
  }

  /** What is written after it is left out: automerge-repo notes sync states late, and they are found anew. */
  async close(): Promise<void> {
    await this.#saveStates();
    this.#closed = true;
    (await this.#db.catch(() => undefined))?.close();
  }

  async #write(work: (store: IDBObjectStore) => void): Promise<void> {
    const db = await this.#db;
    if (this.#closed) return;
    const tx = db.transaction(table, 'readwrite', { durability: 'strict' });
    work(tx.objectStore(table));
    await new Promise<void>((resolve, reject) => {
      tx.oncomplete = () => resolve();
      tx.onabort = () => reject(tx.error ?? new DOMException('the write was given up', 'AbortError'));
    });
  }
}

interface Row {
  readonly key: StorageKey;
  readonly binary: Uint8Array;
}

const under = (prefix: StorageKey, key: StorageKey): boolean => prefix.every((part, i) => key[i] === part);

const nameOf = (key: StorageKey): string => key.join('\u0000');

const within = (prefix: StorageKey): IDBKeyRange => IDBKeyRange.bound(prefix, [...prefix, '\uffff']);
