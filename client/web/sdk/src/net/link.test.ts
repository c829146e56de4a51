import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { LinkMeter } from './link.ts';

interface Step {
  readonly word?: string;
  readonly connected?: true;
  readonly lost?: true;
  readonly trip?: number;
  readonly busy?: true;
  readonly moved?: readonly [bytes: number, ms: number];
  readonly train?: readonly [bytes: number, ms: number];
  readonly times?: number;
  readonly class: string;
}

const vectors = JSON.parse(readFileSync(new URL('../../../../../conformance/vectors/link.json', import.meta.url), 'utf8')) as { cases: readonly { readonly name: string; readonly steps: readonly Step[] }[] };

/** A network whose word is what the test says, and a meter of it. */
function measuring(now: () => number = () => 0) {
  let told = () => {};
  const network = { effectiveType: '', type: '', saveData: false, addEventListener: (_: 'change', listener: () => void) => void (told = listener) };
  return { meter: new LinkMeter(now, network), say: (what: Partial<typeof network>) => (Object.assign(network, what), told()) };
}

test.each(vectors.cases)('$name', ({ steps }) => {
  const { meter, say } = measuring();
  steps.forEach((s, i) => {
    for (let n = 0; n < (s.times ?? 1); n++) {
      if (s.word !== undefined) say({ effectiveType: s.word });
      else if (s.connected) meter.connection(true);
      else if (s.lost) meter.connection(false);
      else if (s.trip) meter.roundTrip(s.trip, s.busy);
      else if (s.moved) meter.moved(...s.moved);
      else if (s.train) meter.train(...s.train);
    }
    const link = meter.link.get();
    expect([i + 1, link.class !== 'none' && !link.known ? 'unknown' : link.class]).toEqual([i + 1, s.class]);
    if (!link.known) expect(link.class).not.toBe('fast');
  });
});

test('other words of a browser are guesses of its own, but another kind of network is another network', () => {
  const { meter, say } = measuring();
  meter.connection(true);
  for (const effectiveType of ['4g', '3g']) {
    say({ effectiveType });
    expect(meter.link.get()).toMatchObject({ class: 'slow', known: false });
  }
  meter.roundTrip(60);
  say({ effectiveType: '4g', saveData: true });
  expect(meter.link.get()).toMatchObject({ class: 'fast', metered: true });
  say({ type: 'cellular' });
  expect(meter.link.get()).toMatchObject({ class: 'slow', known: false });
  say({ effectiveType: 'slow-2g' });
  expect(meter.link.get()).toMatchObject({ class: 'slow', known: true });
});

test('when the next attempt is due is said while there is no connection', () => {
  const { meter } = measuring();
  meter.connection(false, 5);
  expect(meter.link.get()).toMatchObject({ class: 'none', retryAt: 5 });
  meter.connection(true);
  expect(meter.link.get().retryAt).toBeUndefined();
});

/** A link of so many kbit/s and so long a round trip, measured as the meter asks for it until it is `until`. */
function run(meter: LinkMeter, clock: { now: number }, o: { kbps: number; trip: number; waiting: boolean; until?: 'slow' | 'fast'; busy?: boolean }, ms: number) {
  const end = clock.now + ms;
  const asked = { trip: 0, rate: 0 };
  for (;;) {
    const link = meter.link.get();
    if (link.known && link.class === o.until) break;
    const next = meter.next(o.waiting);
    if (!next || next.at > end) break;
    clock.now = Math.max(clock.now, next.at);
    meter.asked(next.what);
    asked[next.what]++;
    const took = o.trip + (next.what === 'rate' ? (8192 * 8) / o.kbps : 0);
    clock.now += took;
    if (next.what === 'trip') meter.roundTrip(took, o.busy);
    else meter.train(8192, took, o.busy);
  }
  return asked;
}

test('what is measured next: a new connection until it is known, a slow one for files that wait, and that costs little', () => {
  for (const [kbps, trip, cls] of [[50, 700, 'slow'], [20, 2_500, 'slow'], [10_000, 650, 'fast'], [15_000, 60, 'fast'], [1_000, 1_500, 'slow']] as const) {
    const clock = { now: 1e6 };
    const { meter } = measuring(() => clock.now);
    expect(meter.next(true)).toBeUndefined();
    meter.connection(true);
    run(meter, clock, { kbps, trip, waiting: true }, 10_000);
    expect(meter.link.get(), `${kbps} kbit/s, ${trip} ms`).toMatchObject({ class: cls, known: true });
    if (cls === 'fast') continue;
    const waiting = run(meter, clock, { kbps, trip, waiting: true, until: 'fast' }, 600_000);
    expect(meter.link.get().class).toBe('slow');
    expect(waiting.rate).toBeLessThanOrEqual(11);
    expect(waiting.trip).toBeLessThanOrEqual(130);
    expect(run(meter, clock, { kbps, trip, waiting: false }, 600_000)).toEqual({ trip: expect.any(Number) as number, rate: 0 });
    const before = clock.now;
    run(meter, clock, { kbps: 15_000, trip: 60, waiting: true, until: 'fast' }, 600_000);
    expect(clock.now - before).toBeLessThan(45_000); // 30 s of them as nothing waited at first
  }
});

test('a link that was busy as its rate was measured is measured once more, and what is to be confirmed is not measured yet', () => {
  const clock = { now: 1e6 };
  const { meter } = measuring(() => clock.now);
  meter.connection(true);
  meter.roundTrip(400);
  meter.asked('rate');
  expect(meter.train(8192, 3_000, true)).toBe(false);
  expect(meter.link.get().known).toBe(false);
  expect(meter.next(false)).toEqual({ what: 'rate', at: clock.now + 5_000 });
  expect(meter.train(8192, 500, true)).toBe(true);
  expect(meter.link.get()).toMatchObject({ class: 'fast', known: true });
  expect(meter.measured(1_000)).toBe(true);
  expect(meter.train(8192, 3_000)).toBe(true);
  expect(meter.measured(1_000)).toBe(false);
  expect(meter.next(false)).toEqual({ what: 'rate', at: clock.now });
  meter.asked('rate');
  meter.train(8192, 3_000);
  expect(meter.link.get().class).toBe('slow');
  expect(meter.measured(1_000)).toBe(true);
  clock.now += 1_000;
  expect(meter.measured(1_000)).toBe(false);
});
