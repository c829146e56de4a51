import config from './playwright.config.ts';

// What is measured, apart from what is tested: `npx playwright test --config bench.config.ts`.
export default { ...config, testMatch: '*.bench.ts' };
