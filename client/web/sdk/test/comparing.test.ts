import { cbor } from '@automerge/automerge-repo/slim';
import { expect, test } from 'vitest';
import { WebSocket as NodeWebSocket } from 'ws';
import { FieldClient } from '../src/client/client.ts';
import { data } from '../src/rest/client.ts';
import { Server, until } from './server.ts';
import { wasm } from './setup.ts';

/** While it is set: answers to comparisons wait here, and documents' changes do not go out. */
let waiting: (() => void)[] | undefined;

class Socket extends NodeWebSocket {
  override send(bytes: unknown): void {
    if (waiting && ['sync', 'request'].includes(String((cbor.decode(bytes as Uint8Array) as { type?: string }).type))) return;
    super.send(bytes as Uint8Array);
  }

  override emit(event: string | symbol, ...args: unknown[]): boolean {
    const then = () => super.emit(event as 'message', ...(args as [never]));
    if (!waiting || event !== 'message' || (cbor.decode(new Uint8Array(args[0] as ArrayBuffer)) as { type?: string }).type !== 'fieldsync-catch-up') return then();
    waiting.push(then);
    return true;
  }
}

test('what is done while a comparison is under way is unsent, though the comparison says that the job was the same', async () => {
  const server = await Server.start();
  const anna = new FieldClient({ serverUrl: server.url, token: 'demo-worker-anna', storage: 'comparing', wasm: wasm() }, { webSocket: Socket as unknown as typeof WebSocket });
  const office = new FieldClient({ serverUrl: server.url, token: 'demo-dispatcher', storage: 'office', wasm: wasm(), replica: 'opened' }, { webSocket: NodeWebSocket as unknown as typeof WebSocket });
  const { id } = (await data(office.api.POST('/api/v1/jobs', { body: { title: 'Boiler', status: 'published', assignees: [{ user: 'anna', edit: true }] } as never }))) as { id: string };
  await until(() => anna.jobs.get().some((j) => j.id === id));
  await until(() => anna.sync.get().complete && !anna.sync.get().running && anna.unsent.get().count === 0);

  waiting = [];
  void anna.syncNow().catch(() => undefined); // compares once more
  await until(() => waiting!.length > 0);
  const job = anna.open(id);
  await job.ready();
  await job.comment('While it compared');
  waiting.splice(0).forEach((then) => then());
  await job.comment('Afterwards');
  await until(() => anna.unsent.get().items.some((i) => i.label === 'Afterwards'));
  expect(anna.unsent.get().items.map((i) => i.label)).toEqual(['While it compared', 'Afterwards']);

  job.close();
  await Promise.all([anna.close(), office.close()]);
  await server.end();
});
