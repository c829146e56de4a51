import { useEffect, useState, useSyncExternalStore } from 'react';

/** A word in the page's bar, with something that one can do about it. */
export interface Notice {
  id: number;
  kind: 'done' | 'info' | 'warn';
  text: string;
  action?: { label: string; run: () => void };
}

const stays = (n: Omit<Notice, 'id'>): number => (n.action || n.kind === 'warn' ? 8000 : 4000); // milliseconds; long enough to reach for Undo, or to read
let all: readonly Notice[] = [];
let next = 1;
const told = new Set<() => void>();

let places: readonly symbol[] = []; // where notices appear, the topmost last

const tell = (): void => told.forEach((f) => f());
const subscribe = (f: () => void): (() => void) => {
  told.add(f);
  return () => told.delete(f);
};

function set(list: readonly Notice[]): void {
  all = list;
  tell();
}

/** All of them, the newest last. */
export const shown = (): readonly Notice[] => all;

/** Shows a notice for a while. One that says the same takes the place of the earlier. */
export function notify(notice: Omit<Notice, 'id'>): void {
  const id = next++;
  set([...all.filter((n) => n.text !== notice.text).slice(-2), { ...notice, id }]);
  leave(id, stays(notice));
}

const leaving = new Map<number, ReturnType<typeof setTimeout>>();
function leave(id: number, after: number): void {
  clearTimeout(leaving.get(id));
  leaving.set(id, setTimeout(() => dismiss(id), after));
}

/** Somebody reads it, or is about to press its button: it stays until he has gone. */
export function hold(id: number): void {
  clearTimeout(leaving.get(id));
}

/** He has gone. */
export function release(id: number): void {
  const notice = all.find((n) => n.id === id);
  if (notice) leave(id, stays(notice));
}

/** Takes away what says this: the person is where it is seen. */
export function seen(text: string): void {
  if (all.some((n) => n.text === text)) set(all.filter((n) => n.text !== text));
}

export function dismiss(id: number): void {
  clearTimeout(leaving.get(id));
  leaving.delete(id);
  if (all.some((n) => n.id === id)) set(all.filter((n) => n.id !== id));
}

const none: readonly Notice[] = [];

/** What is shown in a place: all of it in the topmost one, for a sheet covers the page's place and lets nobody press there. */
export function useNotices(): readonly Notice[] {
  const [me] = useState(() => Symbol());
  useEffect(() => {
    places = [...places, me];
    tell();
    return () => {
      places = places.filter((p) => p !== me);
      tell();
    };
  }, [me]);
  return useSyncExternalStore(subscribe, () => (places[places.length - 1] === me ? all : none));
}
