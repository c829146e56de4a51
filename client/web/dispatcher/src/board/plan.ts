import type { Assignee, Row } from '../api/types.ts';
import { startOf } from '../format.ts';

/* The arithmetic of the board: where a job stands on a day, and what a move changes in it. Pure. */

export const DAY = 24 * 60; // minutes
export const STEP = 15; // minutes to which moves snap
export const DEFAULT_MINUTES = 60; // of a job without a duration

/** Where a job is put: on somebody's line or nobody's, from when and for how long. No start takes the time away. */
export interface Spot {
  worker: string | null;
  start: number | null; // minutes after the day's midnight
  minutes: number;
}

export const minutesOf = (row: Row): number => row.scheduled_duration?.minutes || DEFAULT_MINUTES;

/** Where a job's start stands on a day's axis: minutes after midnight by the clock on the wall, also on a day of 23 or 25 hours; negative where it began the day before. */
export function startOn(day: string, row: Row): number | null {
  if (!row.scheduled_at) return null;
  const at = new Date(row.scheduled_at);
  const first = startOf(day);
  const days = (Date.UTC(at.getFullYear(), at.getMonth(), at.getDate()) - Date.UTC(first.getFullYear(), first.getMonth(), first.getDate())) / 86_400_000;
  return days * DAY + at.getHours() * 60 + at.getMinutes();
}

/** Whether any of a job lies on a day. */
export function onDay(day: string, row: Row): boolean {
  const start = startOn(day, row);
  return start !== null && start < DAY && start + minutesOf(row) > 0;
}

/** Whose line a job stands on first: of who fills in the report. */
export const leader = (row: Row): string | null => (row.assignees?.find((a) => a.edit) ?? row.assignees?.[0])?.user ?? null;

const begun: readonly (string | undefined)[] = ['started', 'paused', 'finished'];
/** Who works on a job that was started is fixed. */
export const assigneesFixed = (row: Row): boolean => begun.includes(row.status);
/** Whether a job can still be put elsewhere at all. */
export const movable = (row: Row): boolean => row.status !== 'finished' && row.status !== 'cancelled';

/** snap rounds to the grid, and keeps within the day. */
export function snap(minutes: number, length: number): number {
  return Math.min(DAY - Math.min(length, STEP), Math.max(0, Math.round(minutes / STEP) * STEP));
}

/** levels puts jobs that overlap below one another: the level of each, and how many there are. */
export function levels(day: string, rows: readonly Row[]): { level: Map<string, number>; count: number } {
  const level = new Map<string, number>();
  const ends: number[] = [];
  const sorted = [...rows].sort((a, b) => (startOn(day, a) ?? 0) - (startOn(day, b) ?? 0) || (a.id < b.id ? -1 : 1));
  for (const row of sorted) {
    const start = startOn(day, row) ?? 0;
    let at = ends.findIndex((end) => end <= start);
    if (at < 0) at = ends.length;
    ends[at] = start + Math.max(minutesOf(row), 2 * STEP);
    level.set(row.id, at);
  }
  return { level, count: Math.max(1, ends.length) };
}

/** What a move asks of the API: a merge patch of just what changes, so that it merges with what others change at once. */
export type Patch = {
  scheduled_at?: string | null;
  scheduled_duration?: { minutes: number };
  assignees?: Record<string, { edit: boolean } | null>;
};

/** patchOf is the patch that brings a job from a line to a spot; undefined where it stands there already. `from` is the line that it was taken from. */
export function patchOf(day: string, row: Row, from: string | null, to: Spot): Patch | undefined {
  const patch: Patch = {};
  if (to.start === null) {
    if (row.scheduled_at) patch.scheduled_at = null;
  } else if (startOn(day, row) !== to.start) patch.scheduled_at = atMinute(day, to.start).toISOString();
  if (to.minutes !== minutesOf(row)) patch.scheduled_duration = { minutes: to.minutes };
  if (to.worker !== from) {
    const now = new Map((row.assignees ?? []).map((a) => [a.user, a.edit]));
    const edit = from === null ? now.size === 0 : (now.get(from) ?? false);
    patch.assignees = {};
    if (from !== null) patch.assignees[from] = null;
    if (to.worker !== null) {
      patch.assignees[to.worker] = { edit: edit || (now.get(to.worker) ?? false) };
    } else if (edit) {
      const next = [...now.keys()].find((user) => user !== from); // somebody has to fill in the report
      if (next) patch.assignees[next] = { edit: true };
    }
  }
  return Object.keys(patch).length > 0 ? patch : undefined;
}

/** The moment so many minutes after a day's midnight, by the clock on the wall. */
export function atMinute(day: string, minute: number): Date {
  const at = startOf(day);
  at.setHours(0, minute);
  return at;
}

/** applied is the row as it will be once a patch is made. */
export function applied(row: Row, patch: Patch): Row {
  const out: Row = { ...row };
  if (patch.scheduled_at === null) delete out.scheduled_at;
  else if (patch.scheduled_at) out.scheduled_at = patch.scheduled_at;
  if (patch.scheduled_duration) out.scheduled_duration = patch.scheduled_duration;
  if (patch.assignees) {
    const all = new Map((row.assignees ?? []).map((a): [string, Assignee] => [a.user, a]));
    for (const [user, value] of Object.entries(patch.assignees)) {
      if (value) all.set(user, { user, edit: value.edit });
      else all.delete(user);
    }
    out.assignees = [...all.values()];
  }
  return out;
}

/** inverse is the patch that takes another one back from what it made of a row. */
export function inverse(row: Row, patch: Patch): Patch {
  const out: Patch = {};
  if ('scheduled_at' in patch) out.scheduled_at = row.scheduled_at ?? null;
  if (patch.scheduled_duration) out.scheduled_duration = { minutes: minutesOf(row) };
  if (patch.assignees) {
    const before = new Map((row.assignees ?? []).map((a) => [a.user, a.edit]));
    out.assignees = Object.fromEntries(Object.keys(patch.assignees).map((user) => [user, before.has(user) ? { edit: before.get(user)! } : null]));
  }
  return out;
}
