import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { LinkMeter } from './link.ts';
import { Probes } from './probes.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

test('no file begins while the rate is measured, also not between a train that shows a slow link and the one that confirms it', async () => {
  vi.stubGlobal('fetch', (_: URL, init: RequestInit) => new Promise((resolve) => setTimeout(() => resolve(Response.json({ status: 'ok' })), 'Fieldsync-Padding' in (init.headers as object) ? 2_400 : 800)));
  const meter = new LinkMeter(() => performance.now(), undefined);
  const probes = new Probes({ meter, url: new URL('http://here/healthz'), waiting: () => true, busy: () => false, dead: () => undefined });
  meter.connection(true);
  meter.roundTrip(40); // it was fast, as it was measured last
  const measuring = probes.rate();
  for (let ms = 0; ms < 6_300; ms += 100) {
    await vi.advanceTimersByTimeAsync(100);
    expect([ms, meter.link.get().class, probes.measured()]).toEqual([ms, 'fast', false]);
  }
  await vi.advanceTimersByTimeAsync(200);
  await measuring;
  expect([meter.link.get().class, probes.measured()]).toEqual(['slow', true]);
  probes.close();
});
