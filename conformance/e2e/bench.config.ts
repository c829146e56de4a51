import config from './playwright.config.ts';

// What is measured, one after the other, apart from what is tested: `npx playwright test --config bench.config.ts`.
// No film and no pictures: a browser that is filmed copies, compresses and sends each frame, which takes as much of a small machine as the page does.
export default { ...config, testMatch: '*.bench.ts', workers: 1, use: { ...config.use, trace: 'off', screenshot: 'off' } } satisfies typeof config;
