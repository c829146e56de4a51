import { loadavg } from 'node:os';
import { another, desk, signIn, written } from './support/office.ts';
import { expect, test, type Page } from './support/test.ts';
import { eventsOf, traced, type TraceEvent } from './support/trace.ts';

// A measurement, not a test: `npx playwright test --config bench.config.ts typing`. It says what it found, and fails only if the texts differ in the end. First by the processor's
// time, times what a phone is slower: from a key until the frame that shows it, all that the page's thread did; which tells on a busy machine too. Then by the wall clock with
// the processor slowed down by the browser, which tells on a quiet one only.
test.use({ ...desk, actionTimeout: 60_000 });

const keys = 240;
const slower = 4;

const percentile = (sorted: readonly number[], p: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * p))] ?? NaN;

test('typing in a description that three others type in, at 4× CPU slow-down', async ({ page, browser, baseURL, server }) => {
  test.setTimeout(600_000);
  const office = server.as('dispatcher');
  const { id } = await office.find('Boiler does not start');
  await office.patch(id, { description: 'The boiler does not start, and the display shows an error. '.repeat(35) });
  const others: Page[] = [];
  for (let i = 0; i < 3; i++) {
    const other = await another(browser, baseURL);
    await signIn(other, `/jobs/${id}`);
    await written(other);
    others.push(other);
  }
  await signIn(page, `/jobs/${id}`);
  await written(page);
  await expect(page.getByRole('group', { name: 'Who else is here' })).toBeVisible();
  let typing = true;
  const crowd = others.map(async (other, i) => {
    const text = other.getByRole('textbox', { name: 'Description' });
    await text.focus();
    await other.keyboard.press(i === 0 ? 'Control+Home' : 'Control+End');
    while (typing) await other.keyboard.type('word ', { delay: 150 });
  });
  const mine = page.getByRole('textbox', { name: 'Description' });
  await mine.focus(); // a click would wait until nothing moves
  const type = () => page.keyboard.type('letters '.repeat(keys / 8), { delay: 90 });
  const trace = await traced(page, ['devtools.timeline', 'blink.user_timing', 'cc', 'toplevel'], async () => {
    await page.evaluate(() => performance.mark('typing'));
    await type();
  });
  told('by the processor’s time', lags(eventsOf(trace)));

  const cdp = await page.context().newCDPSession(page);
  await cdp.send('Emulation.setCPUThrottlingRate', { rate: slower });
  await page.evaluate(() => {
    const seen: number[] = ((window as unknown as { seen: number[] }).seen = []);
    document.addEventListener(
      'keydown',
      (event) => {
        const { port1, port2 } = new MessageChannel();
        // after the frame in which the letter is shown
        requestAnimationFrame(() => {
          port1.onmessage = () => seen.push(performance.now() - event.timeStamp);
          port2.postMessage(undefined);
        });
      },
      true,
    );
  });
  await type();
  typing = false;
  await Promise.all(crowd);
  const seen = (await page.evaluate(() => (window as unknown as { seen: number[] }).seen)).sort((a, b) => a - b);
  told('by the wall clock', seen);
  await cdp.send('Emulation.setCPUThrottlingRate', { rate: 1 });
  for (const other of others) await expect.poll(async () => (await other.getByRole('textbox', { name: 'Description' }).inputValue()) === (await mine.inputValue())).toBe(true);
});

function told(how: string, sorted: readonly number[]): void {
  console.log(`typing, ${slower}× slower, ${how}, ${sorted.length} keys: median ${percentile(sorted, 0.5).toFixed(1)} ms, p95 ${percentile(sorted, 0.95).toFixed(1)} ms, p99 ${percentile(sorted, 0.99).toFixed(1)} ms, most ${sorted.at(-1)?.toFixed(1)} ms; load ${loadavg()[0]!.toFixed(1)}`);
}

/** What the page's thread worked from each key until the frame after it was handed on. */
function lags(events: readonly TraceEvent[]): number[] {
  const mark = events.find((e) => e.name === 'typing');
  const thread = events.filter((e) => e.pid === mark?.pid && e.tid === mark.tid && e.ph === 'X' && e.tts !== undefined).sort((a, b) => a.ts - b.ts);
  const frames = thread.filter((e) => e.name === 'Commit');
  const keydowns = thread.filter((e) => e.name === 'EventDispatch' && e.args.data?.type === 'keydown');
  return keydowns
    .flatMap((key) => {
      const frame = frames.find((f) => f.ts > key.ts);
      return frame ? [((frame.tts! + (frame.tdur ?? 0) - key.tts!) / 1000) * slower] : [];
    })
    .sort((a, b) => a - b);
}
