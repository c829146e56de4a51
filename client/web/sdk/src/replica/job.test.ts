import { afterEach, expect, test, vi } from 'vitest';
import { Receipts } from '../client/receipts.ts';
import type { RestClient } from '../rest/client.ts';
import { SharedString, written } from '../rules/edits.ts';
import { Database } from '../store/database.ts';
import { DocumentStorage } from '../store/documents.ts';
import { OpenJob } from './job.ts';
import { Replica } from './replica.ts';

afterEach(() => vi.useRealTimers());

test('letters are told by their text at once, and by the job when the typing has rested for a second, or after five; whatever else changes is told at once', async () => {
  const nothing = () => undefined;
  const replica = await Replica.open({
    db: await Database.open('letters'), storage: new DocumentStorage('letters:documents'), tabs: [], syncUrl: () => 'ws://127.0.0.1:1', keep: 'all',
    who: { user: 'dan', name: 'Dan', role: 'dispatcher', org: 'demo', device: 'desk' },
    events: { connected: nothing, disconnected: nothing, changed: nothing, refused: nothing, moved: nothing },
  });
  const api = {} as RestClient;
  const id = await replica.create(written({ kind: 'job', title: 'Boiler', description: new SharedString('cold') }) as Record<string, unknown>);
  const job = new OpenJob(id, { replica, api, receipts: new Receipts(api, 'desk'), online: () => false, keep: () => Promise.reject(new Error('no files')), statusChanged: nothing });
  await job.ready();
  const text = job.text(['description']);
  const [letters, told] = [vi.fn(), vi.fn()];
  text.value.subscribe(letters);
  job.job.subscribe(told);
  const handle = await replica.load(id);
  const settled = async () => {
    for (let i = 0; i < 10; i++) await Promise.resolve();
  };

  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  text.splice(0, 0, 'i');
  await settled();
  text.splice(0, 0, 'c');
  await settled();
  expect([letters.mock.calls.length, told.mock.calls.length]).toEqual([2, 0]);
  expect([text.value.get(), job.job.get()?.description]).toEqual(['cicold', 'cicold']); // whoever asks gets what is now
  vi.advanceTimersByTime(999);
  await settled();
  expect(told).toHaveBeenCalledTimes(0);
  vi.advanceTimersByTime(1);
  await settled();
  expect(told).toHaveBeenCalledTimes(1);

  for (let ms = 0; ms < 5_000; ms += 500) {
    expect(told).toHaveBeenCalledTimes(1);
    text.splice(0, 0, 'd');
    await settled();
    vi.advanceTimersByTime(500);
    await settled();
  }
  expect(told).toHaveBeenCalledTimes(2); // who types without end is waited for no longer
  told.mockClear();
  told();

  text.splice(0, 0, 'x');
  handle.change((doc) => void Object.assign(doc, { title: 'Boiler, second floor' }));
  await settled();
  expect(told).toHaveBeenCalledTimes(2);
  vi.advanceTimersByTime(2_000);
  await settled();
  expect(told).toHaveBeenCalledTimes(2); // what waited went with it

  const before = told.mock.calls.length;
  await job.patch({ description: 'cicold, and wet' }); // by letters, but a deed
  expect(told.mock.calls.length).toBeGreaterThan(before);

  vi.useRealTimers();
  job.close();
  await replica.close();
});
