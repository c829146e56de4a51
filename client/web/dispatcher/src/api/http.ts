/** What the server says when a request does not succeed: a problem document (RFC 9457), or that it was not reached at all. */
export class ApiError extends Error {
  constructor(
    /** HTTP status; 0 when no answer came. */
    readonly status: number,
    /** For programs: docs/API.md, "Errors". */
    readonly code: string,
    message: string,
    /** Which fields are wrong, where fields are. */
    readonly fields: readonly { field: string; message: string }[] = [],
    /** The Retry-After header in seconds, if there was one. */
    readonly retryAfter?: number,
  ) {
    super(message)
    this.name = 'ApiError'
  }
  /** The server was not reached, or is in trouble: the same request may succeed later. */
  get temporary(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500
  }
}

export const BASE = '/api/v1'

type Query = Record<string, string | number | boolean | readonly string[] | undefined>

export interface Ask {
  method?: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE'
  query?: Query
  body?: unknown
  /** Repeats of a POST with the same key make one thing. */
  key?: string
  /** Only if the state is still the one with this tag. */
  ifMatch?: string
  signal?: AbortSignal
}

/** search makes a query string; empty values are left out, lists are joined by commas. */
export function search(query: Query): string {
  const out = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined || value === '' || value === false) continue
    if (Array.isArray(value)) {
      if (value.length > 0) out.set(name, value.join(','))
    } else out.set(name, String(value))
  }
  const text = out.toString()
  return text ? `?${text}` : ''
}

/** Who wants to know that the session has ended. */
const signedOut = new Set<() => void>()
export function onSignedOut(tell: () => void): () => void {
  signedOut.add(tell)
  return () => signedOut.delete(tell)
}

async function send(path: string, { method = 'GET', query, body, key, ifMatch, signal }: Ask): Promise<Response> {
  const headers: Record<string, string> = { Accept: 'application/json' }
  if (body !== undefined) headers['Content-Type'] = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json'
  if (key) headers['Idempotency-Key'] = key
  if (ifMatch) headers['If-Match'] = ifMatch
  let answer: Response
  try {
    answer = await fetch(BASE + path + (query ? search(query) : ''), {
      method,
      headers,
      credentials: 'same-origin',
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal ? { signal } : {}),
    })
  } catch (err) {
    if (signal?.aborted) throw err
    throw new ApiError(0, 'unreachable', String(err))
  }
  if (!answer.ok) throw await problem(answer, path)
  return answer
}

/** ask sends a request to the API and gives what it answers. Throws ApiError. */
export async function ask<T>(path: string, how: Ask = {}): Promise<T> {
  const answer = await send(path, how)
  if (answer.status === 204 || answer.headers.get('Content-Length') === '0') return undefined as T
  return (await answer.json()) as T
}

/** askWithTag gives the state's tag with the answer, for `ifMatch`. */
export async function askWithTag<T>(path: string, how: Ask = {}): Promise<{ data: T; tag: string }> {
  const answer = await send(path, how)
  return { data: (await answer.json()) as T, tag: answer.headers.get('ETag') ?? '' }
}

async function problem(answer: Response, path: string): Promise<ApiError> {
  const said = (await answer.json().catch(() => ({}))) as Partial<{ code: string; detail: string; title: string; errors: { field: string; message: string }[] }>
  if (answer.status === 401 && path !== '/session') for (const tell of signedOut) tell()
  const wait = Number(answer.headers.get('Retry-After'))
  return new ApiError(answer.status, said.code ?? 'unknown', said.detail ?? said.title ?? answer.statusText, said.errors ?? [], wait > 0 ? wait : undefined)
}
