import type { Page } from './test.ts';

/** What is pressed and says it in words that do not fit. Jobs' titles on the day board's cards are cut on purpose: a card is as wide as the job is long. */
export async function cut(page: Page): Promise<string[]> {
  return await page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>('button, a[href], [role=tab], label')]
      .filter((e) => e.checkVisibility({ visibilityProperty: true, opacityProperty: true }) && !e.closest('[data-lane], [aria-hidden=true], [inert]'))
      .flatMap((e) => (e.matches('button, .mantine-Button-root, [role=tab], .mantine-SegmentedControl-label') ? [e, ...e.querySelectorAll<HTMLElement>('*')] : []))
      .filter((e) => e.innerText && e.clientWidth > 1 && e.scrollWidth > e.clientWidth + 1)
      .map((e) => `cut: ${e.tagName.toLowerCase()} "${e.innerText.trim().slice(0, 40)}" ${e.scrollWidth} px in ${e.clientWidth}`),
  );
}
