import type { Chunk, StorageAdapterInterface, StorageKey } from '@automerge/automerge-repo/slim';

const table = 'documents';

/** The changes of the documents in IndexedDB, in the layout of automerge-repo's own adapter; beyond it, it can be closed, and replace a document in one write. */
export class DocumentStorage implements StorageAdapterInterface {
  readonly #db: Promise<IDBDatabase>;
  #closed = false;

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
    const store = (await this.#db).transaction(table).objectStore(table);
    return new Promise((resolve, reject) => {
      const request = store.get(key) as IDBRequest<{ binary: Uint8Array } | undefined>;
      request.onsuccess = () => resolve(request.result?.binary);
      request.onerror = () => reject(request.error!);
    });
  }

  save(key: StorageKey, binary: Uint8Array): Promise<void> {
    return this.#write((store) => void store.put({ key, binary }, key));
  }

  remove(key: StorageKey): Promise<void> {
    return this.#write((store) => void store.delete(key));
  }

  async loadRange(prefix: StorageKey): Promise<Chunk[]> {
    const store = (await this.#db).transaction(table).objectStore(table);
    return new Promise((resolve, reject) => {
      const request = store.getAll(within(prefix)) as IDBRequest<{ key: string[]; binary: Uint8Array }[]>;
      request.onsuccess = () => resolve(request.result.map(({ key, binary }) => ({ key, data: binary })));
      request.onerror = () => reject(request.error!);
    });
  }

  removeRange(prefix: StorageKey): Promise<void> {
    return this.#write((store) => void store.delete(within(prefix)));
  }

  /** Puts a document in the place of what there is of it. */
  replace(id: string, name: string, binary: Uint8Array): Promise<void> {
    return this.#write((store) => {
      store.delete(within([id]));
      const key = [id, 'snapshot', name];
      store.put({ key, binary }, key);
    });
  }

  /** What is written after it is left out: automerge-repo notes sync states late, and they are found anew. */
  async close(): Promise<void> {
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

const within = (prefix: StorageKey): IDBKeyRange => IDBKeyRange.bound(prefix, [...prefix, '\uffff']);
