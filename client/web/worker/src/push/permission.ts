/** Whether this browser may show notices. */
export type PushState = 'on' | 'off' | 'blocked' | 'unsupported';

/** How it stood when it was last looked at: asking the browser takes its time, and a page asks at every render. */
export function pushState(): PushState {
  return (known ??= ask());
}

let known: PushState | undefined;

function ask(): PushState {
  if (!('Notification' in window) || !('serviceWorker' in navigator) || !('PushManager' in window)) return 'unsupported';
  if (Notification.permission === 'granted') return 'on';
  return Notification.permission === 'denied' ? 'blocked' : 'off';
}

const told = new Set<() => void>();
let watching = false;

function look(): void {
  known = ask();
  told.forEach((f) => f());
}

/** Tells of every change of the state, those in the browser's settings too, where the browser says so; else when the app is looked at again. */
export function watchPush(f: () => void): () => void {
  told.add(f);
  if (!watching) {
    watching = true;
    known = ask();
    document.addEventListener('visibilitychange', look);
    navigator.permissions?.query({ name: 'notifications' }).then(
      (status) => status.addEventListener('change', look),
      () => undefined,
    );
  }
  return () => void told.delete(f);
}

/** Asks the person. To be called from a tap. */
export async function askForPush(): Promise<PushState> {
  if (pushState() === 'off') await Notification.requestPermission();
  look();
  return pushState();
}
