import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket as NodeWebSocket } from 'ws';
import { FieldClient } from '../src/client/client.ts';
import { NotAllowed } from '../src/errors.ts';
import { data } from '../src/rest/client.ts';
import { Network, Server, until } from './server.ts';
import { wasm } from './setup.ts';

let server: Server;
beforeAll(async () => {
  server = await Server.start();
});
afterAll(() => server.end());

const client = (token: string, serverUrl = server.url, replica: 'all' | 'opened' = 'all') =>
  new FieldClient({ serverUrl, token, storage: `undo-${token}`, wasm: wasm(), replica }, { webSocket: NodeWebSocket as unknown as typeof WebSocket });

test('a change is undone without a network, as the server undoes it, and arrives', async () => {
  const network = await Network.to(server.url);
  const office = client('demo-dispatcher', server.url, 'opened');
  const anna = client('demo-worker-anna', network.url);
  const { id } = (await data(office.api.POST('/api/v1/jobs', {
    body: { title: 'Boiler', status: 'published', assignees: [{ user: 'anna', edit: true }], report_fields: [{ uuid: 'pressure', name: 'Pressure', field_type: 'number' }] } as never,
  }))) as { id: string };
  await until(() => anna.jobs.get().some((j) => j.id === id));
  const job = anna.open(id);
  await job.ready();
  const planned = (await data(office.api.PATCH('/api/v1/jobs/{id}', { params: { path: { id } }, body: { title: 'Boiler, second floor' } as never }))) as { heads: string[] };
  await until(() => job.job.get()?.title === 'Boiler, second floor');
  await until(() => anna.unsent.get().count === 0 && !anna.sync.get().running);
  network.cut();
  await until(() => anna.link.get().class === 'none');

  await job.setStatus('started');
  const started = job.heads()[0]!;
  await job.fill('pressure', 1.8);
  const filled = job.heads()[0]!;
  await job.comment('The valve was shut');
  const said = job.heads()[0]!;
  await job.fill('pressure', 2);
  await expect(job.undo(filled)).rejects.toThrow('Nothing is left to undo');
  await job.undo(job.heads()[0]!);
  expect(job.job.get()!.report_fields[0]!.value).toBe(1.8);
  expect(await job.undo(said)).toEqual({ left: [] });
  expect(job.job.get()!.comments).toEqual([]);
  const undone = job.heads()[0]!;
  await job.undo(started);
  expect(job.job.get()!.status).toBe('published');
  await expect(job.undo(planned.heads[0]!)).rejects.toThrow(NotAllowed);
  await expect(job.undo('00'.repeat(32))).rejects.toThrow('no such change');

  network.mend();
  await anna.syncNow();
  await until(() => anna.unsent.get().count === 0);
  expect(anna.refused.get()).toEqual([]);
  const there = (await data(office.api.GET('/api/v1/jobs/{id}', { params: { path: { id } } }))) as { status: string; comments?: unknown[]; report_fields: { value: unknown }[]; title: string };
  expect(there).toMatchObject({ status: 'published', title: 'Boiler, second floor', comments: [], report_fields: [{ value: 1.8 }] });
  const history = await data(office.api.GET('/api/v1/jobs/{id}/history', { params: { path: { id }, query: { limit: 50 } } }));
  expect(history.entries!.find((e) => e.hash === undone)).toMatchObject({ undoes: said, user: 'anna' });
  job.close();
  await Promise.all([anna.close(), office.close()]);
  network.end();
});
