import createFetch, { createQuerySerializer, type Client } from 'openapi-fetch';
import { ApiError } from '../errors.ts';
import { because, english } from '../reasons.ts';
import type { components, paths } from './schema.ts';

/** The API of the server, typed by its own description: `api.GET('/api/v1/jobs', { params: { query: { status: 'started' } } })`. */
export type RestClient = Client<paths>;
export type Schemas = components['schemas'];
export type Paths = paths;
/** What may be asked of an address, as far as the server describes it. */
export type QueryOf<P extends keyof paths> = paths[P] extends { get: { parameters: { query?: infer Q } } } ? NonNullable<Q> : never;

export interface RestOptions {
  /** Default: the page's own. */
  readonly serverUrl?: URL;
  /** Bearer token; absent: the session's cookie goes along. */
  readonly token?: string;
  readonly fetch?: typeof fetch;
  /** Hears of every 401 that is not an answer to a sign-in. */
  readonly onUnauthenticated?: () => void;
}

// The API's lists are "a,b", not "a=1&a=2".
const serializer = { array: { style: 'form', explode: false } } as const;

/** The address of what is not fetched but shown, followed or listened to: a file, a stream of events, single sign-on. */
export function addressOf<P extends keyof paths>(path: P, o: { readonly path?: Readonly<Record<string, string>>; readonly query?: QueryOf<P> } = {}): string {
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(o.path?.[name] ?? ''));
  const query = createQuerySerializer(serializer)(o.query ?? {});
  return query ? `${filled}?${query}` : filled;
}

/** A client whose promises reject with an ApiError when no answer comes, and with what ended it when it is aborted. */
export function restClient(o: RestOptions): RestClient {
  const client = createFetch<paths>({
    baseUrl: o.serverUrl?.origin ?? '',
    credentials: 'include',
    ...(o.token ? { headers: { Authorization: `Bearer ${o.token}` } } : {}),
    fetch: (request: Request) => (o.fetch ?? fetch)(request),
    querySerializer: serializer,
  });
  client.use({
    onResponse({ response, schemaPath, request }) {
      requireOurs(response);
      if (response.status === 401 && !(schemaPath === '/api/v1/session' && request.method === 'POST')) o.onUnauthenticated?.();
      return undefined;
    },
    onError({ error, request }) {
      return request.signal.aborted ? undefined : unreachable(error);
    },
  });
  return client;
}

/**
 * Whether an answer may be the server's own word: the page of a network that wants one to sign in to it is none, whatever its status. What the API answers is JSON or nothing; only that
 * it is in trouble or busy may a proxy say for it.
 */
export function isOurs(status: number, type: string | null | undefined, length?: string | null): boolean {
  if (status === 204 || status === 429 || status >= 500 || (length === '0' && status < 300)) return true;
  return /^application\/(problem\+)?json\b/i.test(type ?? '');
}

const saidByUs = ({ status, headers }: Response): boolean => isOurs(status, headers.get('Content-Type'), headers.get('Content-Length'));

/** Throws where somebody else has answered. */
export function requireOurs(answer: Response): void {
  if (!saidByUs(answer)) throw notTheServer();
}

/** Somebody else has answered: as good as no answer. */
export const notTheServer = (): ApiError => new ApiError(0, 'not-the-server', english(because('not-the-server')));

function unreachable(cause: unknown): ApiError {
  return Object.assign(new ApiError(0, 'unreachable', english(because('unreachable'))), { cause });
}

/** The data of an answer, or an ApiError. */
export async function data<T>(answer: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
  const { data, error, response } = await answer.catch((err: unknown) => {
    throw err instanceof SyntaxError || err instanceof TypeError ? unreachable(err) : err; // the answer was cut off on its way
  });
  if (error === undefined && response.ok) return data as T;
  throw problem(response, error);
}

/** An ApiError of a problem document. */
export function problem(response: Response, body: unknown): ApiError {
  const p = (typeof body === 'object' && body !== null && saidByUs(response) ? body : {}) as { code?: string; detail?: string; title?: string; errors?: { field: string; message: string }[] };
  const wait = Number(response.headers.get('Retry-After'));
  return new ApiError(response.status, p.code ?? 'failed', p.detail || p.title || english(because('failed', { status: response.status })), p.errors ?? [], wait > 0 ? wait : undefined);
}
