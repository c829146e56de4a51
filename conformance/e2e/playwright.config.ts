import { defineConfig } from '@playwright/test';
import { zone } from './support/zone.ts';

// Chromium is the system's (CHROMIUM, by default Debian's): Playwright downloads none.
export default defineConfig({
  testDir: '.',
  testMatch: '*.spec.ts',
  outputDir: '../artefacts/e2e',
  fullyParallel: false,
  workers: Number(process.env['E2E_WORKERS'] ?? 2), // each has a MinIO of its own, each journey a server
  // A busy machine now and then loses a journey's browser; what passes at another try is told as flaky, and is to be looked at.
  retries: process.env['CI'] ? 2 : 0,
  // The machines are slow and shared: a journey waits for conditions, and these are only for what never comes.
  timeout: 240_000,
  expect: { timeout: 45_000 },
  reporter: [['list']],
  use: {
    browserName: 'chromium',
    viewport: { width: 390, height: 844 },
    hasTouch: true,
    isMobile: true,
    locale: 'en-GB',
    timezoneId: zone,
    serviceWorkers: 'allow',
    trace: 'retain-on-failure',
    screenshot: 'only-on-failure',
    launchOptions: {
      executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
      args: ['--no-sandbox', '--disable-background-networking', '--disable-component-update', '--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream'],
    },
  },
});
