import AxeBuilder from '@axe-core/playwright';
import type { Page } from './test.ts';

/** axe with the rules of WCAG 2.2 AA and the best practices. Our pages have no frames: it runs in the page alone, without a second one that puts frames together, and only violations are brought out of it. */
export const violations = (page: Page): AxeBuilder =>
  new AxeBuilder({ page }).setLegacyMode().options({ resultTypes: ['violations'] }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']);
