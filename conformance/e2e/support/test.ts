import { test as base, type BrowserContext, type Page } from '@playwright/test';
import { Link } from './link.ts';
import { Minio } from './minio.ts';
import { Server } from './server.ts';

interface PerWorker {
  minio: Minio;
}

interface PerTest {
  /** A server with the demonstration of its own. */
  server: Server;
  /** The line that browsers reach it by. */
  link: Link;
  /** The address of the line: where pages are opened. */
  baseURL: string;
}

let buckets = 0;

/** Every journey has its own server, its own line to it, and a MinIO shared with the others. */
export const test = base.extend<PerTest, PerWorker>({
  minio: [
    async ({}, use) => {
      const minio = new Minio();
      await minio.start();
      await use(minio);
      await minio.stop();
    },
    { scope: 'worker' },
  ],
  server: async ({ minio }, use) => {
    const server = new Server(minio, `e2e-${process.pid}-${buckets++}`);
    await server.start();
    await use(server);
    await server.stop();
  },
  link: async ({ server }, use) => {
    const link = new Link();
    await link.start(server.port);
    await use(link);
    await link.stop();
  },
  baseURL: async ({ link }, use) => {
    await use(link.url);
  },
});

export { expect, type Browser, type BrowserContext, type Locator, type Page } from '@playwright/test';

/** Both kinds of no network at once: for requests by the browser, for WebSockets by the line. */
export async function offline(context: BrowserContext, link: Link, is: boolean): Promise<void> {
  if (is) await link.set('none');
  await context.setOffline(is);
  if (!is) await link.set('direct');
}

/** Waits until the service worker has taken this page over: from now on the app starts without a network. */
export async function installed(page: Page): Promise<void> {
  await page.waitForFunction(async () => {
    const registration = await navigator.serviceWorker.getRegistration('/m/');
    return registration?.active?.state === 'activated' && navigator.serviceWorker.controller !== null;
  });
}
