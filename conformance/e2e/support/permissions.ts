import type { Page } from './test.ts';

/** What the person, or the browser, has decided for the pages of an address. Playwright can only grant. It holds as long as this session with the browser, which ends with it. */
export async function permit(page: Page, origin: string, name: 'notifications' | 'persistent-storage' | 'geolocation', setting: 'granted' | 'denied' | 'prompt'): Promise<void> {
  const own = await page.context().newCDPSession(page);
  const { targetInfo } = await own.send('Target.getTargetInfo');
  await own.detach();
  const session = await page.context().browser()!.newBrowserCDPSession();
  await session.send('Browser.setPermission', { permission: { name }, setting, origin, ...(targetInfo.browserContextId && { browserContextId: targetInfo.browserContextId }) });
}
