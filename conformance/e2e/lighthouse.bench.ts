import type { Page } from '@playwright/test';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import lighthouse, { desktopConfig, type Config, type Flags, type Result } from 'lighthouse';
import { desk, signIn } from './support/office.ts';
import * as phone from './support/phone.ts';
import { handheld, Profile } from './support/profile.ts';
import { freePort, top, type Program } from './support/program.ts';
import { Server } from './support/server.ts';
import { expect, test } from './support/test.ts';
import type { TraceEvent } from './support/trace.ts';

// A measurement: `npx playwright test --config bench.config.ts lighthouse`. The board is an office's page: Lighthouse's desktop settings.
// The workers' app is a phone's: its own settings, a phone with a processor four times slower on slow 4G. Throttling is simulated in both.
// RUNS says how often each page is loaded (3), PLACES which ones (`jobs,job`), FIELDSYNCD_BEFORE names an older server that takes turns with this one. The reports of the
// middle runs are in conformance/artefacts/lighthouse; KEEP=1 leaves each trace there. docs/PERFORMANCE.md has what was found.
const least = 95;
const runs = Number(process.env['RUNS'] ?? 3);
const only = process.env['PLACES']?.split(',');
const categories = ['performance', 'accessibility', 'best-practices'] as const;
const numbers = { 'first-contentful-paint': 'FCP', 'largest-contentful-paint': 'LCP', 'total-blocking-time': 'TBT', 'speed-index': 'SI', 'cumulative-layout-shift': 'CLS' } as const;

interface Place {
  name: string;
  path: (server: Server) => string | Promise<string>;
  /** What is there before the page is loaded. */
  before: (page: Page, server: Server) => Promise<void>;
}

const job = async (s: Server) => (await s.as('dispatcher').find('Boiler does not start')).id;
const inOffice = (page: Page, s: Server) => signIn(page, `${s.url}/jobs`);

const board: Place[] = [
  { name: 'sign-in', path: () => '/', before: async () => {} },
  { name: 'jobs', path: () => '/jobs', before: inOffice },
  { name: 'board', path: () => '/board', before: inOffice },
  { name: 'job', path: async (s) => `/jobs/${await job(s)}`, before: inOffice },
  { name: 'templates', path: () => '/templates', before: inOffice },
];

const worker: Place[] = [
  { name: 'sign-in', path: () => '/m/', before: async () => {} },
  { name: 'jobs', path: () => '/m/', before: (page, s) => phone.ready(page, 'anna', s.url) },
  { name: 'job', path: async (s) => `/m/jobs/${await job(s)}`, before: (page, s) => phone.ready(page, 'anna', s.url) },
];

for (const { app, places, config, view } of [
  { app: 'dispatcher', places: board, config: desktopConfig, view: desk },
  { app: 'worker', places: worker, config: undefined, view: handheld },
])
  test(`Lighthouse gives the ${app} 95 at least`, async ({ server, minio }) => {
    test.setTimeout(3_600_000);
    const older = process.env['FIELDSYNCD_BEFORE'];
    const servers: [string, Server][] = [['now', server]];
    if (older) servers.unshift(['before', new Server(minio, 'lighthouse-before', older)]);
    if (older) await servers[0]![1].start();
    const folder = `${top}conformance/artefacts/lighthouse`;
    mkdirSync(folder, { recursive: true });
    const poor: string[] = [];
    for (const place of places.filter((p) => !only || only.includes(p.name))) {
      const results = new Map(servers.map(([which]) => [which, [] as Found[]]));
      for (let run = 0; run < runs; run++) for (const [which, s] of servers) results.get(which)!.push(await once(s, place, view, config).catch(() => once(s, place, view, config))); // a busy browser now and then has no trace to give
      for (const [which, found] of results) {
        const sorted = found.toSorted((a, b) => score(a.own, 'performance') - score(b.own, 'performance'));
        const middle = sorted[Math.floor(sorted.length / 2)]!;
        writeFileSync(`${folder}/${app}-${place.name}.${which}.html`, middle.report);
        const told = Object.entries(numbers).map(([id, short]) => `${short} ${middle.own.audits[id]?.displayValue}`);
        const wall = found.map((f) => score(f.wall, 'performance')).sort((a, b) => a - b);
        console.log(
          `${app} ${place.name}, ${which}: ${categories.map((c) => `${c} ${score(middle.own, c)}`).join(', ')} (${told.join(', ')}; performance of each run ${sorted.map((r) => score(r.own, 'performance')).join(' ')}); ` +
            `by the wall clock performance ${wall[Math.floor(wall.length / 2)]}, TBT ${middle.wall.audits['total-blocking-time']?.displayValue}; load ${loadavg()[0]!.toFixed(1)}`,
        );
        if (which === 'now')
          for (const c of categories)
            if (score(middle.own, c) < least) {
              const refs = middle.own.categories[c]!.auditRefs.filter((r) => r.weight > 0 && (middle.own.audits[r.id]?.score ?? 1) < 0.9);
              poor.push(`${place.name} ${c} ${score(middle.own, c)}: ${refs.map((r) => `${r.id} ${middle.own.audits[r.id]?.displayValue ?? ''}`).join('; ')}`);
            }
      }
    }
    for (const [which, s] of servers) if (which === 'before') await s.stop();
    expect(poor).toEqual([]);
  });

const score = (r: Result, category: string): number => Math.round((r.categories[category]?.score ?? 0) * 100);

interface Found {
  wall: Result;
  own: Result;
  report: string;
}

/** One load in a browser of its own. */
async function once(server: Server, place: Place, view: object, config: Config | undefined): Promise<Found> {
  const port = await freePort();
  const profile = new Profile();
  const gathered = join(profile.folder, 'gathered');
  let browser: Program | undefined;
  try {
    const context = await profile.launch({ ...view, baseURL: server.url });
    await place.before(await context.newPage(), server).finally(() => context.close());
    // Another process for what is measured: Lighthouse's profiler begins by noting all code that its process holds, Automerge's too, and takes that for the page's work.
    browser = await profile.bare(port);
    const url = server.url + (await place.path(server));
    const settings = { output: 'html', onlyCategories: [...categories] as string[], disableStorageReset: true, logLevel: 'error' } satisfies Flags;
    await lighthouse(url, { ...settings, port, gatherMode: gathered }, config);
    const judge = async () => {
      const result = await lighthouse(url, { ...settings, auditMode: gathered }, config);
      if (!result || result.lhr.runtimeError) throw new Error(result?.lhr.runtimeError?.message ?? 'lighthouse gave nothing');
      return { lhr: result.lhr, report: String(result.report) };
    };
    const wall = await judge();
    const trace = join(gathered, 'defaultPass.trace.json');
    if (process.env['KEEP']) copyFileSync(trace, `${top}conformance/artefacts/lighthouse/${place.name}-${Date.now()}.trace.json`);
    writeFileSync(trace, JSON.stringify(byProcessorTime(JSON.parse(readFileSync(trace, 'utf8')) as Trace)));
    const own = await judge();
    return { wall: wall.lhr, own: own.lhr, report: own.report };
  } finally {
    await browser?.stop();
    profile.remove();
  }
}

interface Trace {
  traceEvents: TraceEvent[];
}

/**
 * The same trace with each task as long as the processor worked on it. On a machine that others use, a task by the wall clock is as long as all that ran in between,
 * and Lighthouse takes this for the page's work. When a task began, and what came from the network, stays.
 */
function byProcessorTime(trace: Trace): Trace {
  const threads = new Map<string, TraceEvent[]>();
  for (const e of trace.traceEvents) {
    if (e.tts === undefined) continue;
    const key = `${e.pid} ${e.tid}`;
    if (!threads.has(key)) threads.set(key, []);
    threads.get(key)!.push(e);
  }
  for (const events of threads.values()) {
    events.sort((a, b) => a.ts - b.ts || (b.dur ?? 0) - (a.dur ?? 0));
    let task: TraceEvent | undefined;
    let end = -1;
    for (const e of events) {
      if (!task || e.ts >= end) {
        task = e.name.endsWith('RunTask') && e.ph === 'X' && e.dur !== undefined ? { ...e } : undefined;
        end = task ? e.ts + e.dur! : -1;
      }
      if (task) e.ts = task.ts + Math.max(0, e.tts! - task.tts!);
      if (task && e.dur !== undefined) e.dur = Math.min(e.dur, e.tdur ?? e.dur);
    }
  }
  return trace;
}
