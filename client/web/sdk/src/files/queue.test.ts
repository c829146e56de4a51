import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test, vi } from 'vitest';
import type { Database, OutboxEntry } from '../store/database.ts';
import { FileQueue, type Going } from './queue.ts';

/** An outbox of files, each of which has failed before and waits until a time. */
function queueOf(ids: readonly string[], server: Server, nextAttemptAt?: number) {
  const entries = new Map(ids.map((id, at): [string, OutboxEntry] => [id, {
    id, job: 'job', jobTitle: 'Pump', attachment: id, kind: 'file', sha256: id, size: 1, name: id, mediaType: 'image/jpeg', at, sent: 0, attempts: 0, now: false, ...(nextAttemptAt !== undefined && { nextAttemptAt }),
  }]));
  const db = {
    all: () => Promise.resolve([...entries.values()]),
    get: () => Promise.resolve({ blob: new Blob(['x']) }),
    update: (_: string, id: string, change: (old: OutboxEntry | undefined) => OutboxEntry | undefined) => {
      const next = change(entries.get(id));
      if (next) entries.set(id, next);
      return Promise.resolve(next);
    },
  } as unknown as Database;
  const queue = new FileQueue({
    db, endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v1/uploads`, headers: {}, moved: () => undefined, measured: () => true,
    measure: () => Promise.resolve(), changed: () => undefined, signedOut: () => undefined, source: async (blob) => Buffer.from(await blob.arrayBuffer()),
  });
  return { queue, entries };
}

test('a server that is too busy to take files is not asked before it wants to be, by no file, but when a person asks', async () => {
  let asked = 0;
  const server = createServer((_, answer) => {
    asked++;
    answer.writeHead(503, { 'Retry-After': '100' }).end();
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { queue, entries } = queueOf(['a', 'b', 'c'], server);
  const tried = async (times: number) => {
    await vi.waitFor(() => expect([...entries.values()].reduce((sum, e) => sum + e.attempts, 0)).toBe(times), { timeout: 30_000 });
    await vi.waitFor(() => expect(queue.sending.get().size).toBe(0), { timeout: 30_000 });
  };
  try {
    await queue.reload();
    queue.allow({ link: { connected: true, class: 'fast', kbps: 1_000 }, known: () => true } as unknown as Going);
    await tried(1);
    queue.work();
    expect(queue.sending.get().size).toBe(0);
    await queue.retry(['a', 'b', 'c'], false); // the network is back, a push came
    expect(queue.sending.get().size).toBe(0);
    await queue.retry(['a', 'b', 'c'], true);
    expect(queue.sending.get().size).toBe(1);
    await tried(2);
    expect(asked).toBe(2);
  } finally {
    queue.close();
    server.close();
  }
});

test('a file that failed while the clock was ahead by years is tried, once, and then at its time', async () => {
  let asked = 0;
  const server = createServer((_, answer) => {
    asked++;
    answer.writeHead(502).end();
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { queue, entries } = queueOf(['a'], server, Date.now() + 10 * 365 * 86_400_000);
  try {
    await queue.reload();
    queue.allow({ link: { connected: true, class: 'fast', kbps: 1_000 }, known: () => true } as unknown as Going);
    await vi.waitFor(() => expect(entries.get('a')!.attempts).toBe(1), { timeout: 30_000 });
    await vi.waitFor(() => expect(queue.sending.get().size).toBe(0), { timeout: 30_000 });
    queue.work();
    expect([queue.sending.get().size, asked]).toEqual([0, 1]);
  } finally {
    queue.close();
    server.close();
  }
});
