import { loadavg } from 'node:os';
import { writeFileSync } from 'node:fs';
import { installed, offline, test, type Page } from './support/test.ts';
import { inStep, signIn } from './support/phone.ts';

// A measurement: `npx playwright test --config bench.config.ts list`. The workers' app with 200 jobs is started without a network, with its pages in the
// service worker's store, on a processor that is four times slower. What a person waits for is the wall clock's; on a machine that others use read the main
// thread's own time too: the emulation burns three quarters of it, so that it is a slow phone's. PROFILE names a file for a profile of one more start, at full speed.
const many = 200;
const starts = Number(process.env['RUNS'] ?? 5);

const screenful = 8; // cards that a phone shows at once

interface Seen {
  usable: number;
  all: number;
}

test('the list of 200 jobs after a start offline, at 4× CPU slow-down', async ({ page, server, link }) => {
  test.setTimeout(1_800_000);
  const office = server.as('dispatcher');
  const noon = new Date().setHours(12, 0, 0, 0);
  const texts = 'The lift stops between the second and third floor; the caretaker has the key. '.repeat(6);
  for (let i = 0; i < many; i += 10)
    await Promise.all(
      Array.from({ length: 10 }, (_, k) =>
        office.create({ title: `Inspection ${i + k}`, description: texts, status: 'published', assignees: ['anna'], scheduled_at: new Date(noon + (i + k) * 60_000).toISOString(), client: { name: `Client ${(i + k) % 17}` } }),
      ),
    );
  await signIn(page);
  await page.waitForFunction((n) => document.querySelectorAll('main li a[href*="/jobs/"]').length >= n, many);
  await inStep(page);
  await installed(page);
  const context = page.context();
  await context.addInitScript(({ many, screenful }) => {
    const seen = ((window as unknown as { seen: Partial<Seen> }).seen = {} as Partial<Seen>);
    const look = new MutationObserver(() => {
      const rows = document.querySelectorAll('main li a[href*="/jobs/"]').length;
      if (rows >= screenful) once('usable');
      if (rows >= many) once('all');
      if (rows >= many) look.disconnect();
    });
    const asked = new Set<string>();
    /** Notes the time after the frame in which they are seen: a finger would be answered. */
    const once = (what: keyof Seen): void => {
      if (asked.has(what)) return;
      asked.add(what);
      const { port1, port2 } = new MessageChannel();
      requestAnimationFrame(() => {
        port1.onmessage = () => (seen[what] = performance.now());
        port2.postMessage(undefined);
      });
    };
    look.observe(document, { childList: true, subtree: true });
  }, { many, screenful });
  await offline(context, link, true);
  const found: Start[] = [];
  let last = page;
  for (let i = 0; i < starts; i++) {
    const next = await context.newPage(); // the context lives as long as it has a page
    await last.close();
    found.push(await start((last = next), undefined));
  }
  if (process.env['PROFILE']) await start(last, process.env['PROFILE']);
  const middle = (of: (f: (typeof found)[number]) => number) => found.map(of).sort((a, b) => a - b)[Math.floor(found.length / 2)]!.toFixed(0);
  console.log(
    `list of ${many}, offline, 4× slower: usable after ${middle((f) => f.wall)} ms by the wall clock (${found.map((f) => f.wall.toFixed(0)).join(' ')}), all rows after ${middle((f) => f.all)} ms; ` +
      `the main thread's own time until then ${middle((f) => f.own)} ms (${found.map((f) => f.own.toFixed(0)).join(' ')}); load ${loadavg()[0]!.toFixed(1)}`,
  );
});

interface Start {
  wall: number;
  all: number;
  own: number;
}

async function start(page: Page, profile: string | undefined): Promise<Start> {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('Performance.enable', { timeDomain: 'threadTicks' });
  await cdp.send('Emulation.setCPUThrottlingRate', { rate: profile ? 1 : 4 });
  if (profile) await cdp.send('Profiler.enable').then(() => cdp.send('Profiler.start'));
  const worked = async () => (await cdp.send('Performance.getMetrics')).metrics.find((m) => m.name === 'TaskDuration')!.value * 1000;
  const before = await worked();
  await page.goto('/m/', { waitUntil: 'commit' });
  await page.waitForFunction(() => (window as unknown as { seen?: Partial<Seen> }).seen?.usable !== undefined, undefined, { polling: 20 });
  const own = (await worked()) - before;
  if (profile) writeFileSync(profile, JSON.stringify((await cdp.send('Profiler.stop')).profile));
  await page.waitForFunction(() => (window as unknown as { seen?: Partial<Seen> }).seen?.all !== undefined, undefined, { polling: 100 });
  const { usable, all } = await page.evaluate(() => (window as unknown as { seen: Seen }).seen);
  return { wall: usable, all, own };
}
