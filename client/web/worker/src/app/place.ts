/** Where something was done, as the job document keeps it. */
export interface Place {
  latitude: number;
  longitude: number;
  accuracy_m: number;
  captured_at: number;
}

const key = 'fieldsync.place';
const patience = 4000; // milliseconds: a button is never slower than this for a place
const fresh = 60_000; // a place as old as this is still where one is

/** Whether the person wants places noted; undefined: not asked yet. */
export function wantsPlace(): boolean | undefined {
  const v = localStorage.getItem(key);
  return v === null ? undefined : v === 'yes';
}

export function setWantsPlace(wanted: boolean): void {
  localStorage.setItem(key, wanted ? 'yes' : 'no');
}

export type Permission = 'granted' | 'denied' | 'prompt' | 'unsupported';

/** What the browser says about places. */
export async function placePermission(): Promise<Permission> {
  if (!('geolocation' in navigator)) return 'unsupported';
  try {
    return (await navigator.permissions.query({ name: 'geolocation' })).state;
  } catch {
    return 'prompt'; // a browser without this question: it asks when a place is wanted
  }
}

/** Tells of every change of what the browser says, one in its settings too, where it tells. */
export function watchPlacePermission(f: () => void): () => void {
  let status: PermissionStatus | undefined;
  let ended = false;
  navigator.permissions?.query({ name: 'geolocation' }).then(
    (s) => {
      if (ended) return;
      status = s;
      s.addEventListener('change', f);
    },
    () => undefined,
  );
  return () => {
    ended = true;
    status?.removeEventListener('change', f);
  };
}

let last: Place | undefined;

/** The place now, if the person and the browser allow it, and it is known soon; works without a network. undefined: not known, and nothing waits for it. */
export async function place(): Promise<Place | undefined> {
  if (wantsPlace() === false || !('geolocation' in navigator)) return undefined;
  if (last && Date.now() - last.captured_at < fresh) return last;
  const permission = await placePermission();
  if (permission === 'denied' || (permission === 'prompt' && wantsPlace() !== true)) return undefined;
  return await new Promise((resolve) => {
    const timer = setTimeout(() => resolve(undefined), patience);
    navigator.geolocation.getCurrentPosition(
      (p) => {
        clearTimeout(timer);
        last = { latitude: p.coords.latitude, longitude: p.coords.longitude, accuracy_m: Math.round(p.coords.accuracy), captured_at: p.timestamp };
        resolve(last);
      },
      () => {
        clearTimeout(timer);
        resolve(undefined);
      },
      { enableHighAccuracy: true, timeout: patience, maximumAge: fresh },
    );
  });
}
