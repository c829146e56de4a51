import { expect, test, vi } from 'vitest';
import { WebSocket as NodeWebSocket } from 'ws';
import { FieldClient } from '../src/client/client.ts';
import { rowsOf } from '../src/client/rows.ts';
import { data } from '../src/rest/client.ts';
import { Database, type DocRecord } from '../src/store/database.ts';
import { Server, until } from './server.ts';
import { wasm } from './setup.ts';

test('the rows of the device are there before the replica is open, and it is said when', async () => {
  const server = await Server.start();
  const client = () => new FieldClient({ serverUrl: server.url, token: 'demo-worker-anna', storage: 'kept-rows', wasm: wasm() }, { webSocket: NodeWebSocket as unknown as typeof WebSocket });
  const office = new FieldClient({ serverUrl: server.url, token: 'demo-dispatcher', storage: 'kept-office' });
  const { id } = (await data(office.api.POST('/api/v1/jobs', { body: { title: 'Boiler', status: 'published', assignees: [{ user: 'anna', edit: true }] } as never }))) as { id: string };
  const before = client();
  await until(() => before.jobs.get().some((j) => j.id === id) && before.sync.get().complete);
  const rows = before.jobs.get();
  await before.close();

  const after = client();
  let first: { ready: boolean; rows: unknown } | undefined;
  after.jobs.subscribe(() => (first ??= { ready: after.ready.get(), rows: after.jobs.get() }));
  await after.restored;
  expect([after.session.get().state, after.jobs.get(), after.ready.get()]).toEqual(['signed-in', rows, false]);
  await until(() => after.ready.get());
  expect(first).toEqual({ ready: false, rows });
  expect(after.jobs.get()).toEqual(rows);
  await Promise.all([after.close(), office.close()]);
  await server.end();
}, 240_000);

test('a store that cannot be read knows nobody, and whoever waits for what is on the device goes on', async () => {
  const read = vi.spyOn(Database.prototype, 'get').mockRejectedValue(new Error('the disk is broken'));
  const client = new FieldClient({ serverUrl: 'http://127.0.0.1:1', storage: 'broken', resume: 'known' });
  await expect(client.restored).resolves.toBeUndefined();
  await until(() => client.session.get().state === 'signed-out');
  expect(read).toHaveBeenCalled();
  read.mockRestore();
  await client.close();
});

test('a row stays the same object until its record changes, or a file of it comes', () => {
  const record = (id: string, files: string[]): DocRecord => ({ id, row: { id, title: id } as never, heads: [], shared: [], unsent: [], made: false, withdrawn: false, files: files.map((sha256) => ({ sha256, size: 1, kind: 'file', attachment: 'a' })) });
  const [a, b] = [record('a', ['1']), record('b', [])];
  const once = rowsOf([b, a], new Set());
  expect(once.map((r) => r.id)).toEqual(['a', 'b']);
  const again = rowsOf([a, b], new Set(['1']));
  expect(again[1]).toBe(once[1]);
  expect([again[0]!.files, again[0] === once[0]]).toEqual([{ total: 1, here: 1 }, false]);
  expect(rowsOf([a, record('b', [])], new Set(['1']))[1]).not.toBe(once[1]);
});
