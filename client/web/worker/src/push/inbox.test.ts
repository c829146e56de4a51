import { expect, test, vi } from 'vitest';

test('what is said while the page loads is heard when somebody listens, once and in its order', async () => {
  const worker = new EventTarget();
  vi.stubGlobal('navigator', { serviceWorker: worker });
  const { listenEarly, takeMessages } = await import('./inbox.ts');
  const say = (job: string) => worker.dispatchEvent(new MessageEvent('message', { data: { type: 'open', job } }));
  listenEarly();
  say('one');
  say('two');
  const heard: string[] = [];
  takeMessages((e) => heard.push((e.data as { job: string }).job));
  say('three');
  expect(heard).toEqual(['one', 'two', 'three']);
  takeMessages((e) => heard.push(`later ${(e.data as { job: string }).job}`));
  say('four');
  expect(heard).toEqual(['one', 'two', 'three', 'later four']);
  vi.unstubAllGlobals();
});
