/** Whether this browser may show notices. */
export type PushState = 'on' | 'off' | 'blocked' | 'unsupported';

export function pushState(): PushState {
  if (!('Notification' in window) || !('serviceWorker' in navigator) || !('PushManager' in window)) return 'unsupported';
  if (Notification.permission === 'granted') return 'on';
  return Notification.permission === 'denied' ? 'blocked' : 'off';
}

const told = new Set<() => void>();

/** Tells of every change of the state, those in the browser's settings too, where the browser says so; else when the app is looked at again. */
export function watchPush(f: () => void): () => void {
  told.add(f);
  document.addEventListener('visibilitychange', f);
  let status: PermissionStatus | undefined;
  navigator.permissions
    ?.query({ name: 'notifications' })
    .then((s) => {
      status = s;
      if (told.has(f)) s.addEventListener('change', f);
    })
    .catch(() => undefined);
  return () => {
    told.delete(f);
    document.removeEventListener('visibilitychange', f);
    status?.removeEventListener('change', f);
  };
}

/** Asks the person. To be called from a tap. */
export async function askForPush(): Promise<PushState> {
  if (pushState() === 'off') await Notification.requestPermission();
  told.forEach((f) => f());
  return pushState();
}
