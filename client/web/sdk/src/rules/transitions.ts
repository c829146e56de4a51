import { because, type OwnReason } from '../reasons.ts';
import type { Status } from '../types.ts';
import { inOrder, rank, statuses, type Outcome } from './status.ts';
import { own } from './values.ts';

/** Who presses a button: a worker does the job, a dispatcher (also an administrator, an owner) plans it. */
export type Class = 'worker' | 'dispatcher';

const after: Record<Class, Partial<Record<string, readonly Status[]>>> = {
  worker: {
    published: ['en_route', 'started'],
    en_route: ['started'],
    started: ['paused', 'finished'],
    paused: ['started', 'finished'],
  },
  dispatcher: {
    scheduled: ['published', 'cancelled'],
    published: ['scheduled', 'en_route', 'started', 'finished', 'cancelled'],
    en_route: ['scheduled', 'published', 'started', 'finished', 'cancelled'],
    started: ['scheduled', 'published', 'paused', 'finished', 'cancelled'],
    paused: ['scheduled', 'published', 'started', 'finished', 'cancelled'],
    finished: ['scheduled', 'published', 'started', 'cancelled'],
    cancelled: ['scheduled', 'published'],
  },
};

/** Whether a worker sets it at all. */
export const byWorker = (status: string): boolean => ['en_route', 'started', 'paused', 'finished'].includes(status);

/** The statuses that somebody may set now, the least rank first. */
export function next(o: Pick<Outcome, 'status' | 'standing' | 'clash'>, who: Class): Status[] {
  const out = new Set<string>(own(after[who], o.status));
  if (rank(o.status) === 0 && who === 'dispatcher') statuses.forEach((s) => out.add(s));
  if (o.clash) for (const e of o.standing) if (rank(e.status) > 0 && (who === 'dispatcher' || byWorker(e.status))) out.add(e.status);
  return statuses.filter((s) => out.has(s));
}

/** The same as buttons are laid out: in the order of a day's work. */
export function buttons(o: Pick<Outcome, 'status' | 'standing' | 'clash'>, who: Class): Status[] {
  const may = next(o, who);
  return inOrder.filter((s) => may.includes(s));
}

/** Why a status cannot be set now; undefined: it can. */
export function transitionProblem(o: Outcome, to: Status, who: Class): OwnReason | undefined {
  if (next(o, who).includes(to)) return undefined;
  if (o.status === to && !o.clash) return because('status-already', { status: to });
  if (who === 'worker' && next(o, 'dispatcher').includes(to)) return because('status-by-dispatcher', { status: o.status, to });
  return because('status-unreachable', { status: o.status, to });
}
