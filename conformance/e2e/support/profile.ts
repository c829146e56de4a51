import { chromium, type BrowserContext } from '@playwright/test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What a phone's browser keeps on its disk: it outlives the browser's processes. */
export class Profile {
  readonly folder = mkdtempSync(join(tmpdir(), 'fieldsync-profile-'));

  /** Starts a browser with it; only one at a time. */
  launch(options: object, ...args: string[]): Promise<BrowserContext> {
    return chromium.launchPersistentContext(this.folder, { ...options, executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium', args: ['--no-sandbox', ...args] });
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A phone's screen. */
export const handheld = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
