import config from './playwright.config.ts';

// What is measured, one after the other, apart from what is tested: `npx playwright test --config bench.config.ts`.
export default { ...config, testMatch: '*.bench.ts', workers: 1 };
