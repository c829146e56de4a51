import createFetch, { type Client } from 'openapi-fetch';
import { ApiError } from '../errors.ts';
import type { components, paths } from './schema.ts';

/** The API of the server, typed by its own description: `api.GET('/api/v1/jobs', { params: { query: { status: 'started' } } })`. */
export type RestClient = Client<paths>;
export type Schemas = components['schemas'];

export interface RestOptions {
  readonly serverUrl: URL;
  /** Bearer token; absent: the session's cookie goes along. */
  readonly token?: string;
  readonly fetch?: typeof fetch;
  /** Hears of every 401 that is not an answer to a sign-in. */
  readonly onUnauthenticated?: () => void;
}

export function restClient(o: RestOptions): RestClient {
  const client = createFetch<paths>({
    baseUrl: o.serverUrl.origin,
    credentials: 'include',
    ...(o.token ? { headers: { Authorization: `Bearer ${o.token}` } } : {}),
    fetch: (request: Request) => (o.fetch ?? fetch)(request),
    // The API's lists are "a,b", not "a=1&a=2".
    querySerializer: { array: { style: 'form', explode: false } },
  });
  client.use({
    onResponse({ response, schemaPath, request }) {
      if (response.status === 401 && !(schemaPath === '/api/v1/session' && request.method === 'POST')) o.onUnauthenticated?.();
      return undefined;
    },
  });
  return client;
}

/** The data of an answer, or an ApiError: for TanStack Query's functions. */
export async function data<T>(answer: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
  const { data, error, response } = await answer;
  if (error === undefined && response.ok) return data as T;
  throw problem(response, error);
}

/** An ApiError of a problem document. */
export function problem(response: Response, body: unknown): ApiError {
  const p = (typeof body === 'object' && body !== null ? body : {}) as { code?: string; detail?: string; title?: string; errors?: { field: string; message: string }[] };
  return new ApiError(response.status, p.code ?? 'failed', p.detail || p.title || `The server answered ${response.status}`, p.errors ?? []);
}
