/** Does something when the phone has nothing else to do, or after 3 s all the same. */
export function soon(work: () => void): void {
  if ('requestIdleCallback' in window) requestIdleCallback(work, { timeout: 3000 });
  else setTimeout(work, 500);
}
