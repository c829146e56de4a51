import { writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { desk, signIn, written } from './support/office.ts';
import { expect, test } from './support/test.ts';
import { eventsOf, traced, type TraceEvent } from './support/trace.ts';
import { Typists } from './support/typists.ts';

// A measurement, not a test: `npx playwright test --config bench.config.ts typing`. One page on a processor that is four times slower; the others, who read or type, are
// clients without pages. Of each key it says how long it took until the frame with the letter was made, by the wall clock, and what the main thread worked in all. It fails
// only if the texts differ in the end. KEYS, OTHERS, SLOWER and EVERY (ms between two keys of each of the others; 0: they only read) may be said; PROFILE names a file for a
// profile of the same at full speed, KEEP one for a trace. With a trace, which takes a fifth of the time itself, it says too what the main thread worked until the frame by
// its own clock (the slowing down burns three quarters of it), and what of that was for the key: its events, and the frame.
test.use({ ...desk, actionTimeout: 60_000 });

const keys = Number(process.env['KEYS'] ?? 240);
const people = Number(process.env['OTHERS'] ?? 3);
const every = Number(process.env['EVERY'] ?? 150);
const slower = process.env['PROFILE'] ? 1 : Number(process.env['SLOWER'] ?? 4);

const categories = ['toplevel', 'devtools.timeline', 'blink.user_timing'];

test('typing in a description that three others have open, at 4× CPU slow-down', async ({ page, server }) => {
  test.setTimeout(600_000);
  const office = server.as('dispatcher');
  const { id } = await office.find('Boiler does not start');
  await office.patch(id, { description: 'The boiler does not start, and the display shows an error. '.repeat(35) });
  const others = new Typists(server.url, id, people, every);
  try {
    await others.there();
    await signIn(page, `/jobs/${id}`);
    await written(page);
    if (people > 0) await expect(page.getByRole('group', { name: 'Who else is here' })).toBeVisible();
    const cdp = await page.context().newCDPSession(page);
    await cdp.send('Emulation.setCPUThrottlingRate', { rate: slower });
    if (process.env['PROFILE']) await cdp.send('Profiler.enable').then(() => cdp.send('Profiler.start'));
    await page.evaluate(() => {
      const { scheduler } = window as unknown as { scheduler: { postTask(work: () => void, options: { priority: 'user-blocking' }): Promise<void> } };
      let pressed = 0;
      document.addEventListener(
        'keydown',
        (event) => {
          const name = `key ${pressed++}`;
          // after the frame in which the letter is shown, and before whatever waits besides
          requestAnimationFrame(() => void scheduler.postTask(() => performance.measure(name, { start: event.timeStamp, end: performance.now() }), { priority: 'user-blocking' }));
        },
        true,
      );
    });
    const mine = page.getByRole('textbox', { name: 'Description' });
    await mine.focus(); // a click would wait until nothing moves
    await cdp.send('Performance.enable', { timeDomain: 'threadTicks' });
    const worked = async () => (await cdp.send('Performance.getMetrics')).metrics.find((m) => m.name === 'TaskDuration')!.value * 1000;
    const before = await worked();
    const begun = performance.now();
    const type = async () => {
      others.begin();
      let rhythm = 1; // 40 to 140 ms between two keys, the same ones each time
      for (const letter of 'letters '.repeat(Math.ceil(keys / 8)).slice(0, keys)) {
        rhythm = (rhythm * 16807) % 2147483647;
        await page.keyboard.type(letter, { delay: 40 + (rhythm % 101) });
      }
      await page.waitForFunction((n) => performance.getEntriesByType('measure').filter((m) => m.name.startsWith('key ')).length >= n, keys);
    };
    const trace = process.env['KEEP'] ? await traced(page, categories, type) : void (await type());
    const seconds = (performance.now() - begun) / 1000;
    const busy = ((await worked()) - before) / seconds;
    if (process.env['PROFILE']) writeFileSync(process.env['PROFILE'], JSON.stringify((await cdp.send('Profiler.stop')).profile));
    const wall = await page.evaluate(() => performance.getEntriesByType('measure').flatMap((m) => (m.name.startsWith('key ') ? [m.duration] : [])));
    const typed = await others.end();
    console.log(
      `typing, ${slower}× slower, ${wall.length} keys in ${seconds.toFixed(1)} s beside ${people} others' ${typed.keys.join('+')}: by the wall clock ${told(wall)}; ` +
        `the main thread worked ${busy.toFixed(0)} ms a second; load ${loadavg()[0]!.toFixed(1)}`,
    );
    if (trace) {
      writeFileSync(process.env['KEEP']!, trace);
      const found = read(eventsOf(trace));
      console.log(`by the trace: the main thread's own time until then ${told(found.own)}, for the key alone ${told(found.key)}; its longest task was ${found.longest.toFixed(0)} ms`);
    }
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

/** What the main thread worked for each key until its frame, and its longest task meanwhile. Milliseconds of its own clock. */
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
  return { own, key, longest: Math.max(...tasks.filter((t) => stretches.some(([from, to]) => t.ts >= from && t.ts < to)).map((t) => t.tdur!)) / 1000 };
}
