import type { Page } from '@playwright/test';

/** An event of Chromium's trace. Times are µs: ts and dur by the wall clock, tts and tdur of the thread's own, which others on the machine do not lengthen. */
export interface TraceEvent {
  name: string;
  ph: string;
  pid: number;
  tid: number;
  ts: number;
  dur?: number;
  tts?: number;
  tdur?: number;
  args: { name?: string; chrome_mojo_event_info?: { mojo_interface_tag?: string }; data?: { type?: string; url?: string; functionName?: string; fileName?: string }; fileName?: string };
}

/** What the browser's threads did meanwhile: a trace as DevTools and Perfetto read it. */
export async function traced(page: Page, categories: readonly string[], work: () => Promise<void>): Promise<string> {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('Tracing.start', { transferMode: 'ReturnAsStream', traceConfig: { includedCategories: [...categories] } });
  await work();
  const complete = new Promise<string>((resolve) => cdp.once('Tracing.tracingComplete', ({ stream }) => resolve(stream!)));
  await cdp.send('Tracing.end');
  const handle = await complete;
  let trace = '';
  for (let more = true; more; ) {
    const part = await cdp.send('IO.read', { handle });
    trace += part.data;
    more = !part.eof;
  }
  return trace;
}

export const eventsOf = (trace: string): TraceEvent[] => (JSON.parse(trace) as { traceEvents: TraceEvent[] }).traceEvents;
