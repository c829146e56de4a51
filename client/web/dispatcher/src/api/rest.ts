import { data as ask, restClient, type Paths, type QueryOf } from '@fieldsync/sdk';
import type { Client, Job, Row, Site } from './types.ts';

/** Who wants to know that the session has ended. */
const signedOut = new Set<() => void>();
export function onSignedOut(tell: () => void): () => void {
  signedOut.add(tell);
  return () => signedOut.delete(tell);
}

/** ask gives the data of an answer. Throws ApiError. */
export { ask };

/** The API, by the session's cookie: `ask(api.GET('/api/v1/me'))`. */
export const api = restClient({
  onUnauthenticated: () => {
    for (const tell of signedOut) tell();
  },
});

/** The filters, the order and the place of a list of jobs. */
export type JobQuery = QueryOf<'/api/v1/jobs'>;

/** What may be sent to an address. */
export type BodyOf<P extends keyof Paths, M extends 'post' | 'put' | 'patch'> = Paths[P] extends Record<M, { requestBody?: { content: { 'application/json': infer B } } }> ? B : never;

/** A document of those that are read and patched alike. */
export interface Place {
  kind: 'jobs' | 'templates' | 'clients' | 'sites';
  id: string;
}

/** The address of such a document, for the types: of a job's, as which the others are read and patched. */
export const pathOf = (kind: Place['kind']): '/api/v1/jobs/{id}' => `/api/v1/${kind}/{id}` as '/api/v1/jobs/{id}';

/** readJob gives a job as it is, as it was at some state, or as a phone knew it when it set a status. */
export async function readJob(id: string, { at, knew }: { at?: string; knew?: string }, signal: AbortSignal): Promise<Job> {
  const job = await ask(
    knew ? api.GET('/api/v1/jobs/{id}/status/{event}/knew', { params: { path: { id, event: knew } }, signal }) : api.GET('/api/v1/jobs/{id}', { params: { path: { id }, query: given({ at }) }, signal }),
  );
  return job as Job; // its description leaves statuses open
}

/** readPlace gives a client or a site. */
export function readPlace({ kind, id }: { kind: 'clients' | 'sites'; id: string }, signal: AbortSignal | null = null): Promise<Client | Site> {
  const how = { params: { path: { id } }, signal };
  return kind === 'clients' ? ask(api.GET('/api/v1/clients/{id}', how)) : ask(api.GET('/api/v1/sites/{id}', how));
}

/** Repeats of a POST with the same key make one thing. */
export const once = (key: string = crypto.randomUUID()): { 'Idempotency-Key': string } => ({ 'Idempotency-Key': key });

export interface Tagged<T> {
  data: T;
  /** Of the state that it is, for If-Match. */
  tag: string;
}

/** tagged gives the state's tag with an answer. */
export async function tagged<T>(answer: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<Tagged<T>> {
  const { response } = await answer;
  return { data: await ask(answer), tag: response.headers.get('ETag') ?? '' };
}

/** given leaves out what is undefined or empty, so that it is not asked for. */
export function given<T extends object>(query: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined && value !== '')) as { [K in keyof T]?: Exclude<T[K], undefined> };
}

/** readAll reads a list to its end, page by page. */
export async function readAll<P extends { next?: string }, T>(read: (page: { cursor?: string; limit: number }) => Promise<P>, rows: (page: P) => readonly T[] | null | undefined): Promise<T[]> {
  const out: T[] = [];
  let cursor: string | undefined;
  do {
    const page = await read({ ...given({ cursor }), limit: 200 });
    out.push(...(rows(page) ?? []));
    cursor = page.next;
  } while (cursor);
  return out;
}

/** Lists that people look things up in. */
export type Book = 'templates' | 'clients' | 'sites';
type BookQuery = QueryOf<'/api/v1/clients'>;

/** readBook gives a page of a book. */
export function readBook(book: Book, query: BookQuery, signal: AbortSignal): Promise<{ rows: Row[]; next?: string }> {
  const how = { params: { query }, signal };
  switch (book) {
    case 'templates':
      return ask(api.GET('/api/v1/templates', how)).then(({ templates, next }) => ({ rows: templates, ...given({ next }) }));
    case 'clients':
      return ask(api.GET('/api/v1/clients', how)).then(({ clients, next }) => ({ rows: clients, ...given({ next }) }));
    case 'sites':
      return ask(api.GET('/api/v1/sites', how)).then(({ sites, next }) => ({ rows: sites, ...given({ next }) }));
  }
}
