import { writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { desk, signIn, written } from './support/office.ts';
import { expect, test } from './support/test.ts';
import { eventsOf, traced, type TraceEvent } from './support/trace.ts';
import { Typists } from './support/typists.ts';

// A measurement, not a test: `npx playwright test --config bench.config.ts typing`. One page on a processor that is four times slower; the others who type are clients
// without pages. Of each key it says how long it took until the frame with the letter was made, by the wall clock; what the main thread worked meanwhile by its own clock
// (the slowing down burns three quarters of it, so that it is a slow machine's); and what of that was for the key: its events, and the frame. On a machine that others use
// a frame is late, and more of what others typed falls before it: read the last one, at SLOWER=1, and multiply it. It fails only if the texts differ in the end.
// KEYS, OTHERS and SLOWER may be said; KEEP names a file for the trace, PROFILE one for a profile of the same at full speed.
test.use({ ...desk, actionTimeout: 60_000 });

const keys = Number(process.env['KEYS'] ?? 240);
const people = Number(process.env['OTHERS'] ?? 3);
const slower = process.env['PROFILE'] ? 1 : Number(process.env['SLOWER'] ?? 4);

const categories = ['toplevel', 'devtools.timeline', 'blink.user_timing'];

test('typing in a description that three others type in, at 4× CPU slow-down', async ({ page, server }) => {
  test.setTimeout(600_000);
  const office = server.as('dispatcher');
  const { id } = await office.find('Boiler does not start');
  await office.patch(id, { description: 'The boiler does not start, and the display shows an error. '.repeat(35) });
  const others = new Typists(server.url, id, people);
  try {
    await others.there();
    await signIn(page, `/jobs/${id}`);
    await written(page);
    if (people > 0) await expect(page.getByRole('group', { name: 'Who else is here' })).toBeVisible();
    const cdp = await page.context().newCDPSession(page);
    await cdp.send('Emulation.setCPUThrottlingRate', { rate: slower });
    if (process.env['PROFILE']) await cdp.send('Profiler.enable').then(() => cdp.send('Profiler.start'));
    await page.evaluate(() => {
      let pressed = 0;
      document.addEventListener(
        'keydown',
        (event) => {
          const name = `key ${pressed++}`;
          const { port1, port2 } = new MessageChannel();
          // after the frame in which the letter is shown
          requestAnimationFrame(() => {
            port1.onmessage = () => performance.measure(name, { start: event.timeStamp, end: performance.now() });
            port2.postMessage(undefined);
          });
        },
        true,
      );
    });
    const mine = page.getByRole('textbox', { name: 'Description' });
    await mine.focus(); // a click would wait until nothing moves
    const trace = await traced(page, categories, async () => {
      others.begin();
      await page.keyboard.type('letters '.repeat(Math.ceil(keys / 8)).slice(0, keys), { delay: 90 });
      await page.waitForFunction((n) => performance.getEntriesByType('measure').filter((m) => m.name.startsWith('key ')).length >= n, keys);
    });
    if (process.env['KEEP']) writeFileSync(process.env['KEEP'], trace);
    if (process.env['PROFILE']) writeFileSync(process.env['PROFILE'], JSON.stringify((await cdp.send('Profiler.stop')).profile));
    const found = read(eventsOf(trace));
    const typed = await others.end();
    console.log(
      `typing, ${slower}× slower, ${found.wall.length} keys in ${found.seconds.toFixed(1)} s beside ${people} others' ${typed.keys.join('+')}: ` +
        `by the wall clock ${told(found.wall)}; the main thread's own time until then ${told(found.own)}, for the key alone ${told(found.key)}; ` +
        `it worked ${found.busy.toFixed(0)} ms a second, its longest task was ${found.longest.toFixed(0)} ms; load ${loadavg()[0]!.toFixed(1)}`,
    );
    await cdp.send('Emulation.setCPUThrottlingRate', { rate: 1 });
    await expect.poll(async () => (await mine.inputValue()) === (await office.job(id)).description).toBe(true);
    expect((await office.job(id)).description).toContain('letters letters');
  } finally {
    await others.stop();
  }
});

function told(of: readonly number[]): string {
  const sorted = [...of].sort((a, b) => a - b);
  const at = (p: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * p))]!.toFixed(1);
  return `median ${at(0.5)}, p95 ${at(0.95)}, p99 ${at(0.99)}, most ${at(1)} ms`;
}

/** Of each key the time until its frame, and of it what the main thread worked; and what it worked in all. Milliseconds. */
function read(events: readonly TraceEvent[]) {
  const measures = events.filter((e) => /^key \d/.test(e.name) && (e.ph === 'b' || e.ph === 'e'));
  const first = measures[0];
  if (!first) throw new Error('no key was seen');
  const main = events.find((e) => e.name === 'thread_name' && e.args.name === 'CrRendererMain' && e.pid === first.pid)!;
  const tasks = events.filter((e) => e.pid === main.pid && e.tid === main.tid && e.ph === 'X' && e.name.endsWith('RunTask') && (e.tdur ?? 0) > 0);
  const begun = new Map(measures.filter((e) => e.ph === 'b').map((e) => [e.name, e.ts]));
  const stretches = measures.filter((e) => e.ph === 'e').map((e) => [begun.get(e.name)!, e.ts] as const);
  // Of a task that had begun before the key, or goes on after it, as much as lies within by the wall clock.
  const own = stretches.map(([from, to]) =>
    tasks.reduce((sum, t) => {
      const within = Math.min(to, t.ts + t.dur!) - Math.max(from, t.ts);
      return within > 0 ? sum + (t.tdur! * within) / Math.max(1, t.dur!) : sum;
    }, 0) / 1000,
  );
  // The tasks of the key's events and of its frame, each as a whole.
  const marks = events.filter((e) => e.pid === main.pid && e.tid === main.tid && (e.name === 'FireAnimationFrame' || (e.name === 'EventDispatch' && /^key(down|press)$|input$/i.test(e.args.data?.type ?? ''))));
  const key = stretches.map(([from, to]) => {
    const seen = marks.filter((m) => m.ts >= from && m.ts <= to);
    return tasks.filter((t) => t.ts < to && t.ts + t.dur! > from && seen.some((m) => m.ts >= t.ts && m.ts <= t.ts + t.dur!)).reduce((sum, t) => sum + t.tdur!, 0) / 1000;
  });
  const [from, to] = [Math.min(...stretches.map((s) => s[0])), Math.max(...stretches.map((s) => s[1]))];
  const during = tasks.filter((t) => t.ts >= from && t.ts < to);
  return {
    wall: stretches.map(([a, b]) => (b - a) / 1000),
    own,
    key,
    seconds: (to - from) / 1e6,
    busy: during.reduce((sum, t) => sum + t.tdur!, 0) / 1000 / ((to - from) / 1e6),
    longest: Math.max(...during.map((t) => t.tdur!)) / 1000,
  };
}
