import { chromium, type BrowserContext } from '@playwright/test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Program } from './program.ts';

const chromiumPath = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
// What a browser does of itself; and where it keeps the key of its cookies: as Playwright says it, so that either reads the other's.
const quiet = ['--disable-background-networking', '--disable-component-update', '--disable-extensions', '--disable-sync', '--disable-default-apps', '--no-default-browser-check', '--no-first-run', '--password-store=basic', '--use-mock-keychain'];

/** What a phone's browser keeps on its disk: it outlives the browser's processes. */
export class Profile {
  readonly folder = mkdtempSync(join(tmpdir(), 'fieldsync-profile-'));

  /** Starts a browser with it; only one at a time. */
  launch(options: object, ...args: string[]): Promise<BrowserContext> {
    return chromium.launchPersistentContext(this.folder, { ...options, executablePath: chromiumPath, args: ['--no-sandbox', ...args] });
  }

  /**
   * Starts a browser with it that nobody but who asks at the port looks into, as Lighthouse's own launcher does: Playwright has itself told of each request
   * and frame, and puts scripts of its own into each page.
   */
  async bare(port: number): Promise<Program> {
    const browser = new Program(chromiumPath, ['--headless=new', '--no-sandbox', `--remote-debugging-port=${port}`, `--user-data-dir=${this.folder}`, ...quiet, 'about:blank']);
    await browser.answers(`http://127.0.0.1:${port}/json/version`);
    return browser;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A phone's screen. */
export const handheld = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
