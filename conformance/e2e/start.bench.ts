import { writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { ready } from './support/phone.ts';
import { handheld, Profile } from './support/profile.ts';
import { Server } from './support/server.ts';
import { test, type Page } from './support/test.ts';
import { eventsOf, traced, type TraceEvent } from './support/trace.ts';

// A measurement: `npx playwright test --config bench.config.ts start`. The workers' app is started from its service worker, at full speed and with a trace, and what the
// main thread's tasks took of the processor's time (not of the wall clock: the machine is shared) is multiplied by what a phone is slower. Told are the time that tasks
// were over 50 ms, from the first paint on (Lighthouse's blocking time), the longest task, and what the longest ones did. And how long it takes, from the start on, until a job that is tapped
// as soon as its row is there can be worked with: by the wall clock; FIELDSYNCD_BEFORE names an older server that takes turns with this one.
const slower = 4;
const starts = Number(process.env['RUNS'] ?? 3);
const calm = 3_000; // ms without a longer task until a start counts as over,
const most = 15_000; // and ms after which it does all the same: on a busy machine there is always one

const categories = ['toplevel', 'devtools.timeline', 'v8', 'v8.wasm', 'disabled-by-default-v8.compile', 'blink.user_timing', 'loading'];

interface Start {
  blocked: number;
  longest: number;
  tasks: string[];
}

test('the main thread while the app starts', async ({ server }, info) => {
  test.setTimeout(900_000);
  const profile = new Profile();
  const launch = () => profile.launch({ ...handheld, baseURL: server.url });
  let browser = await launch();
  try {
    await ready(await browser.newPage());
    const job = (await server.as('dispatcher').find('Boiler does not start')).id;
    for (const [name, path] of [['list', '/m/'], ['job', `/m/jobs/${job}`]] as const) {
      const found: Start[] = [];
      for (let run = 0; run < starts; run++) {
        await browser.close(); // a process of its own for each start, as a phone's
        browser = await launch();
        const page = await browser.newPage();
        const trace = await traced(page, categories, async () => {
          await page.goto(path);
          await quiet(page);
        });
        if (process.env['KEEP']) writeFileSync(info.outputPath(`${name}-${run}.json`), trace);
        found.push(read(eventsOf(trace)));
      }
      found.sort((a, b) => a.blocked - b.blocked);
      const middle = found[Math.floor(found.length / 2)]!;
      console.log(
        `start of the ${name}, ${slower}× slower by the processor's time: blocked for ${middle.blocked.toFixed(0)} ms (${found.map((f) => f.blocked.toFixed(0)).join(' ')}), ` +
          `longest task ${middle.longest.toFixed(0)} ms (${found.map((f) => f.longest.toFixed(0)).join(' ')}); load ${loadavg()[0]!.toFixed(1)}\n${middle.tasks.join('\n')}`,
      );
    }
  } finally {
    await browser.close();
    profile.remove();
  }
});

test('the first job, tapped as soon as its row is there', async ({ server, minio }) => {
  test.setTimeout(900_000);
  const older = process.env['FIELDSYNCD_BEFORE'];
  const servers: [string, Server][] = [['now', server]];
  if (older) servers.unshift(['before', new Server(minio, 'start-before', older)]);
  if (older) await servers[0]![1].start();
  const phones = servers.map(([which, s]) => ({ which, s, profile: new Profile(), found: [] as { row: number; job: number }[] }));
  try {
    for (const { s, profile } of phones) {
      const browser = await profile.launch({ ...handheld, baseURL: s.url });
      await ready(await browser.newPage()).finally(() => browser.close());
    }
    for (let run = 0; run < starts; run++)
      for (const { s, profile, found } of phones) {
        const browser = await profile.launch({ ...handheld, baseURL: s.url });
        const page = await browser.newPage();
        await page.addInitScript(() => {
          let row: number | undefined;
          const look = new MutationObserver(() => {
            const link = row === undefined ? [...document.querySelectorAll<HTMLElement>('main li a')].find((a) => a.textContent.includes('Boiler does not start')) : undefined;
            if (link) {
              row = performance.now();
              link.click();
            }
            if (row === undefined || !document.querySelector('[role=tablist]')) return;
            look.disconnect();
            document.documentElement.dataset['took'] = JSON.stringify({ row, job: performance.now() });
          });
          look.observe(document, { childList: true, subtree: true });
        });
        await page.goto('/m/');
        await page.waitForSelector('[data-took]', { state: 'attached' });
        found.push(await page.evaluate(() => JSON.parse(document.documentElement.dataset['took']!) as { row: number; job: number }));
        await browser.close();
      }
    const middle = (all: number[]) => all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)]!.toFixed(0);
    for (const { which, found } of phones)
      console.log(`${which}, by the wall clock: the row after ${middle(found.map((f) => f.row))} ms, the job after ${middle(found.map((f) => f.job))} ms (${found.map((f) => `${f.row.toFixed(0)} ${f.job.toFixed(0)}`).join(', ')}); load ${loadavg()[0]!.toFixed(1)}`);
  } finally {
    phones.forEach(({ profile }) => profile.remove());
    for (const [which, s] of servers) if (which === 'before') await s.stop();
  }
});

/** Until nothing has happened for a while. */
const quiet = (page: Page) =>
  page.evaluate(
    ({ calm, most }) =>
      new Promise<void>((resolve) => {
        setTimeout(resolve, most);
        let timer = setTimeout(resolve, calm);
        new PerformanceObserver(() => {
          clearTimeout(timer);
          timer = setTimeout(resolve, calm);
        }).observe({ type: 'longtask', buffered: true });
      }),
    { calm, most },
  );

function read(events: readonly TraceEvent[]): Start {
  const main = events.filter((e) => e.name === 'thread_name' && e.args.name === 'CrRendererMain').map((e) => `${e.pid} ${e.tid}`);
  const painted = events.filter((e) => e.name === 'firstContentfulPaint' && main.includes(`${e.pid} ${e.tid}`)).at(-1);
  const first = painted ?? events.filter((e) => e.name.startsWith('firstContentfulPaint')).at(-1);
  if (!first) throw new Error('nothing was painted');
  const thread = events.filter((e) => e.pid === first.pid && e.tid === first.tid && e.ph === 'X').sort((a, b) => a.ts - b.ts);
  const ours = thread.filter((e) => e.args.chrome_mojo_event_info?.mojo_interface_tag === 'blink.mojom.DevToolsSession'); // the measurement's own
  const tasks = thread.filter((e) => e.name.endsWith('RunTask') && (e.tdur ?? 0) > 0 && !ours.some((own) => own.ts >= e.ts && own.ts < e.ts + e.dur!));
  let blocked = 0;
  let longest = 0;
  const told: [number, string][] = [];
  for (const task of tasks) {
    const took = (task.tdur! / 1000) * slower;
    if (task.ts > first.ts) {
      blocked += Math.max(0, took - 50);
      longest = Math.max(longest, took);
    }
    if (took > 50) {
      const within = thread.filter((e) => e !== task && e.ts >= task.ts && e.ts < task.ts + task.dur! && (e.tdur ?? 0) * slower > 8_000 && !e.name.endsWith('RunTask'));
      const parts = within.map((e) => `${e.name} ${(((e.tdur ?? 0) / 1000) * slower).toFixed(0)}${what(e)}`);
      told.push([took, `  ${((task.ts - first.ts) / 1000).toFixed(0).padStart(6)} ms after the first paint: ${took.toFixed(0)} ms: ${parts.join(', ')}`]);
    }
  }
  return { blocked, longest, tasks: told.map(([, text]) => text) };
}

function what(e: TraceEvent): string {
  const from = e.args.data?.functionName || e.args.data?.url || e.args.fileName || e.args.data?.fileName;
  return from ? ` (${from.replace(/^.*\//, '').slice(0, 60)})` : '';
}
