import { another, desk, signIn, written } from './support/office.ts';
import { expect, test, type Page } from './support/test.ts';

// A measurement, not a test: `npx playwright test --config bench.config.ts`. It says what it found, and fails only if the texts differ in the end.
test.use({ ...desk, actionTimeout: 60_000 });

const keys = 240;

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
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('Emulation.setCPUThrottlingRate', { rate: 4 });
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
  let typing = true;
  const crowd = others.map(async (other, i) => {
    const text = other.getByRole('textbox', { name: 'Description' });
    await text.focus();
    await other.keyboard.press(i === 0 ? 'Control+Home' : 'Control+End');
    while (typing) await other.keyboard.type('word ', { delay: 150 });
  });
  const mine = page.getByRole('textbox', { name: 'Description' });
  await mine.focus(); // a click would wait until nothing moves
  await page.keyboard.type('letters '.repeat(keys / 8), { delay: 90 });
  typing = false;
  await Promise.all(crowd);
  const seen = (await page.evaluate(() => (window as unknown as { seen: number[] }).seen)).sort((a, b) => a - b);
  console.log(`typing, 4× slower, ${seen.length} keys: median ${percentile(seen, 0.5).toFixed(1)} ms, p95 ${percentile(seen, 0.95).toFixed(1)} ms, p99 ${percentile(seen, 0.99).toFixed(1)} ms, most ${seen.at(-1)?.toFixed(1)} ms`);
  await cdp.send('Emulation.setCPUThrottlingRate', { rate: 1 });
  for (const other of others) await expect.poll(async () => (await other.getByRole('textbox', { name: 'Description' }).inputValue()) === (await mine.inputValue())).toBe(true);
});
