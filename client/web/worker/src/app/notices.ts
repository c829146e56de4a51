import { useSyncExternalStore } from 'react';

/** A word at the bottom of the screen, with something that one can do about it. */
export interface Notice {
  id: number;
  kind: 'done' | 'info' | 'warn';
  text: string;
  action?: { label: string; run: () => void };
}

const stays = { withAction: 8000, said: 4000 }; // milliseconds; long enough to reach for Undo, or to read
let all: readonly Notice[] = [];
let next = 1;
const told = new Set<() => void>();

function set(list: readonly Notice[]): void {
  all = list;
  told.forEach((f) => f());
}

/** Shows a notice for a while. One that says the same takes the place of the earlier. */
export function notify(notice: Omit<Notice, 'id'>): void {
  const id = next++;
  set([...all.filter((n) => n.text !== notice.text).slice(-2), { ...notice, id }]);
  leave(id, notice.action ? stays.withAction : stays.said);
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
  if (notice) leave(id, notice.action ? stays.withAction : stays.said);
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

export function useNotices(): readonly Notice[] {
  return useSyncExternalStore(
    (f) => {
      told.add(f);
      return () => told.delete(f);
    },
    () => all,
  );
}
