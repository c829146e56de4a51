import { data, type RestClient } from '../rest/client.ts';
import type { DocRecord } from '../store/database.ts';
import type { DocumentId, Heads } from '../types.ts';
import { Value } from '../watched.ts';

/** What another device said of a document: what it holds, and what its user saw. */
export interface Left {
  readonly job: string;
  readonly device: string;
  readonly user: string;
  readonly heads: readonly string[];
  readonly seen: readonly string[];
}

const most = 200; // documents in one request

/** Receipts (docs/API.md): this device says how far it is, and hears how far others are. Nothing is decided by them. */
export class Receipts {
  readonly left = new Value<ReadonlyMap<DocumentId, readonly Left[]>>(new Map());
  readonly #told = new Map<DocumentId, string>();
  readonly #asked = new Map<DocumentId, number>();
  #under = false;

  constructor(private readonly api: RestClient, private readonly device: string) {}

  /** Somebody looks at the receipts of a job: they are asked for until he goes. */
  ask(job: DocumentId): () => void {
    this.#asked.set(job, (this.#asked.get(job) ?? 0) + 1);
    return () => {
      const rest = (this.#asked.get(job) ?? 1) - 1;
      if (rest > 0) this.#asked.set(job, rest);
      else this.#asked.delete(job);
    };
  }

  /** Says what is new, and asks. Called when all is in step with the server; what fails is said with the next call. */
  async exchange(records: Iterable<DocRecord>): Promise<void> {
    if (this.#under) return;
    const state = (r: DocRecord) => [[...r.heads].sort().join(), [...(r.looked ?? [])].sort().join()].join('|');
    const news = [...records].filter((r) => r.row.kind === 'job' && !r.withdrawn && r.shared.length > 0 && this.#told.get(r.id) !== state(r)).slice(0, most);
    const ask = [...this.#asked.keys()].slice(0, most);
    if (news.length === 0 && ask.length === 0) return;
    this.#under = true;
    try {
      const answer = await data(this.api.POST('/api/v1/receipts', {
        body: { ask, receipts: news.map((r) => ({ job: r.id, heads: [...r.heads], ...(r.looked ? { seen: [...r.looked] } : {}) })) },
      }));
      for (const r of news) this.#told.set(r.id, state(r));
      const by = new Map<DocumentId, Left[]>(ask.map((id) => [id, []]));
      for (const l of answer.receipts) if (l.device !== this.device) by.get(l.job)?.push(l);
      this.left.update((all) => new Map([...all, ...by]));
    } catch {
      // a receipt is told with the next sync
    } finally {
      this.#under = false;
    }
  }
}

/** Which heads of a list cover all of some: those that are, or come after them, by a test of the document. */
export const covers = (held: readonly string[], of: Heads, behind: (held: readonly string[]) => ReadonlySet<string>): boolean => {
  if (held.length === 0) return false;
  if (of.every((h) => held.includes(h))) return true; // nearly always, and the test costs
  const beyond = behind(held);
  return of.every((h) => !beyond.has(h));
};
