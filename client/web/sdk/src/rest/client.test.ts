import { expect, test } from 'vitest';
import { ApiError } from '../errors.ts';
import { addressOf, data, restClient } from './client.ts';

const serverUrl = new URL('https://office.example');
const answering = (answer: (request: Request) => Response | Promise<Response>) => {
  const asked: Request[] = [];
  const api = restClient({
    serverUrl,
    fetch: async (request) => {
      asked.push(request as Request);
      return answer(request as Request);
    },
  });
  return { api, asked };
};
const failure = (work: Promise<unknown>): Promise<unknown> => work.then(() => undefined, (err: unknown) => err);

test('no answer is an ApiError that may be tried again; what was aborted stays what it was', async () => {
  const { api } = answering(() => Promise.reject(new TypeError('Failed to fetch')));
  const err = await failure(data(api.GET('/api/v1/me')));
  expect(err).toBeInstanceOf(ApiError);
  expect(err).toMatchObject({ status: 0, code: 'unreachable', temporary: true });

  const stop = new AbortController();
  const { api: slow } = answering((request) => new Promise((_, reject) => request.signal.addEventListener('abort', () => reject(request.signal.reason as Error))));
  const aborted = failure(data(slow.GET('/api/v1/me', { signal: stop.signal })));
  stop.abort();
  expect(await aborted).toMatchObject({ name: 'AbortError' });
});

test('a problem document says what is wrong, where, and when to come again', async () => {
  const { api } = answering(() => Response.json({ code: 'invalid', detail: 'Not so.', errors: [{ field: 'title', message: 'too long' }] }, { status: 422, headers: { 'Content-Type': 'application/problem+json' } }));
  expect(await failure(data(api.GET('/api/v1/me')))).toMatchObject({ status: 422, code: 'invalid', message: 'Not so.', fields: [{ field: 'title', message: 'too long' }], temporary: false, retryAfter: undefined });
  const { api: busy } = answering(() => new Response('upstream', { status: 503, headers: { 'Retry-After': '7' } }));
  expect(await failure(data(busy.GET('/api/v1/me')))).toMatchObject({ status: 503, temporary: true, retryAfter: 7 });
});

test('what is not the server’s own word is as good as no answer, and signs nobody out', async () => {
  let ended = 0;
  const answered = async (body: string, status: number, type?: string) => {
    const api = restClient({ serverUrl, fetch: async () => new Response(body, { status, headers: type === undefined ? {} : { 'Content-Type': type } }), onUnauthenticated: () => void ended++ });
    return failure(data(api.GET('/api/v1/me')));
  };
  const page = '<!doctype html><title>Wi-Fi</title>';
  for (const status of [200, 401, 403, 404]) expect(await answered(page, status, 'text/html; charset=utf-8'), String(status)).toMatchObject({ status: 0, code: 'not-the-server', temporary: true });
  expect(await answered(page, 200, 'text/plain')).toMatchObject({ status: 0, code: 'not-the-server' });
  expect(await answered('{"user": "an', 200, 'application/json')).toMatchObject({ status: 0, code: 'unreachable' });
  expect(await answered(page, 502, 'text/html')).toMatchObject({ status: 502, code: 'failed', message: 'The server answered 502.' });
  expect(ended).toBe(0);
  expect(await answered('{"status": 401, "code": "unauthenticated", "detail": "Sign in."}', 401, 'application/problem+json')).toMatchObject({ status: 401, code: 'unauthenticated' });
  expect(ended).toBe(1);
});

test('lists go with commas, in a request and in an address alike', async () => {
  const { api, asked } = answering(() => Response.json({ jobs: [] }));
  const query = { status: ['started', 'paused'] as ('started' | 'paused')[], territory: ['Nord, Ost & Co'] };
  await data(api.GET('/api/v1/jobs', { params: { query } }));
  expect(new URL(asked[0]!.url).search).toBe('?status=started,paused&territory=Nord%2C%20Ost%20%26%20Co');
  expect(addressOf('/api/v1/jobs/events', { query })).toBe('/api/v1/jobs/events?status=started,paused&territory=Nord%2C%20Ost%20%26%20Co');
  expect(addressOf('/api/v1/files/{sha256}', { path: { sha256: 'a/b' }, query: { job: 'j', inline: true } })).toBe('/api/v1/files/a%2Fb?job=j&inline=true');
  expect(addressOf('/api/v1/me')).toBe('/api/v1/me');
});
