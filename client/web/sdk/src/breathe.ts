/** Ends the task: taps are answered, and what changed is painted, before what follows. Not slowed down in a page that nobody looks at, as timers are. */
export function breathe(): Promise<void> {
  const { scheduler } = globalThis as { scheduler?: { yield?: () => Promise<void> } };
  if (scheduler?.yield) return scheduler.yield();
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}

const longest = 500; // ms that others go before

/** Lets what is to be shown go before: resolves when the page has nothing more pressing to do, and soon in any case. */
export function afterwards(): Promise<void> {
  const { scheduler } = globalThis as { scheduler?: { postTask?: (task: () => void, options: { priority: 'background' }) => Promise<void> } };
  return new Promise((resolve) => {
    setTimeout(resolve, scheduler?.postTask ? longest : 0);
    scheduler?.postTask?.(resolve, { priority: 'background' }).catch(resolve);
  });
}
