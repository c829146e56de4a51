import type { Status, Timestamps } from '../types.ts';
import { byUTF8, compact, entries, isMap, iso, str, strings, text, time, type Tree } from './values.ts';

/** The statuses, the least rank first. */
export const statuses: readonly Status[] = ['scheduled', 'published', 'en_route', 'paused', 'started', 'cancelled', 'finished'];

/** The statuses in the order of a day's work. */
export const inOrder: readonly Status[] = ['scheduled', 'published', 'en_route', 'started', 'paused', 'finished', 'cancelled'];

/** 0 of what is no status that we know. */
export const rank = (status: string): number => statuses.indexOf(status as Status) + 1;

/** An entry of the status log. */
export interface LogEvent {
  readonly id: string;
  readonly status: string;
  readonly after: readonly string[];
  /** Milliseconds since 1970; 0: none. */
  readonly at: number;
  readonly by: string;
  readonly note: string;
  /** An id or a name of a possible resolution. */
  readonly resolution: string;
}

/** What follows from a log. */
export interface Outcome {
  /** A status, or what a newer version wrote. */
  readonly status: string;
  /** The events that stand, the winner first. */
  readonly standing: readonly LogEvent[];
  readonly clash: boolean;
  readonly timestamps: Timestamps;
}

/** The entries of a status log that are events. */
export function events(log: unknown): LogEvent[] {
  const out: LogEvent[] = [];
  for (const [id, e] of entries(log)) {
    const status = str(e['status']);
    if (!status) continue;
    const r = e['resolution'];
    const resolution = isMap(r) ? str(r['uuid']) || str(r['name']) : str(r);
    out.push({ id, status, after: strings(e['after']), at: time(e['happened_at']), by: str(e['by']), note: str(e['note']), resolution });
  }
  return out;
}

/** The status as a function of the set of events (docs/JOB.md, The status). */
export function outcome(all: readonly LogEvent[]): Outcome {
  const byID = new Map(all.map((e) => [e.id, e]));
  const named = new Map(
    all.map((e) => [e, e.after.filter((id) => id !== e.id).map((id) => byID.get(id)).filter((x) => x !== undefined)]),
  );
  const circle = circles(all, named);
  const settled = new Set<number>();
  for (const e of all) for (const x of named.get(e)!) if (circle.get(x) !== circle.get(e)) settled.add(circle.get(x)!);
  const standing = all.filter((e) => !settled.has(circle.get(e)!));
  standing.sort((a, b) => rank(b.status) - rank(a.status) || b.at - a.at || byUTF8(b.id, a.id));
  const status = standing[0]?.status ?? 'scheduled';

  // Taken back is what a scheduled or published event of another circle comes after, directly or by others.
  const below = new Map<number, number[]>(); // for each circle, those that it comes after
  for (const e of all) {
    const c = circle.get(e)!;
    const others = named.get(e)!.map((x) => circle.get(x)!).filter((x) => x !== c);
    if (others.length > 0) below.set(c, (below.get(c) ?? []).concat(others));
  }
  const back = new Set<number>();
  const walked = new Set(all.filter((e) => e.status === 'scheduled' || e.status === 'published').map((e) => circle.get(e)!));
  for (const c of walked)
    for (const x of below.get(c) ?? []) {
      back.add(x);
      walked.add(x);
    }
  const pick = (s: Status, of: (a: number, b: number) => number) => {
    const times = all.filter((e) => e.status === s && e.at !== 0 && !back.has(circle.get(e)!)).map((e) => e.at);
    return times.length ? iso(times.reduce((a, b) => of(a, b))) : undefined;
  };
  const timestamps = compact<Timestamps>({
    en_route_at: pick('en_route', Math.min),
    started_at: pick('started', Math.min),
    suspended_at: pick('paused', Math.max),
    finished_at: status === 'finished' ? iso(standing[0]!.at) : undefined,
  });
  return { status, standing, clash: standing.length > 1, timestamps };
}

/** Numbers the strongly connected components (Tarjan): events that lead to one another count as one. */
function circles(all: readonly LogEvent[], named: Map<LogEvent, LogEvent[]>): Map<LogEvent, number> {
  const index = new Map<LogEvent, number>();
  const low = new Map<LogEvent, number>();
  const out = new Map<LogEvent, number>();
  const stack: LogEvent[] = [];
  for (const root of all) {
    if (index.has(root)) continue;
    const work: { e: LogEvent; next: number }[] = [{ e: root, next: 0 }];
    while (work.length) {
      const top = work[work.length - 1]!;
      const { e } = top;
      if (top.next === 0) {
        index.set(e, index.size);
        low.set(e, index.get(e)!);
        stack.push(e);
      }
      const x = named.get(e)![top.next++];
      if (x) {
        if (!index.has(x)) work.push({ e: x, next: 0 });
        else if (!out.has(x)) low.set(e, Math.min(low.get(e)!, index.get(x)!));
        continue;
      }
      work.pop();
      const above = work[work.length - 1]?.e;
      if (above) low.set(above, Math.min(low.get(above)!, low.get(e)!));
      if (low.get(e) !== index.get(e)) continue;
      const number = index.get(e)!;
      for (;;) {
        const member = stack.pop()!;
        out.set(member, number);
        if (member === e) break;
      }
    }
  }
  return out;
}

/** How a finished job ended; undefined for one that is not, or that says nothing. */
export function resolution(root: Tree, o: Outcome) {
  const winner = o.standing[0];
  if (o.status !== 'finished' || !winner) return undefined;
  let name = winner.resolution;
  let uuid = '';
  if (!name) {
    const r = root['resolution'];
    [uuid, name] = isMap(r) ? [str(r['uuid']), str(r['name'])] : ['', str(r)];
  }
  const possible = entries(root['possible_resolutions']);
  const found =
    possible.find(([id]) => id === name || (uuid !== '' && id === uuid)) ?? possible.find(([, p]) => (text(p['name']) ?? '') === name);
  const out = compact<{ uuid?: string; name?: string; successful?: boolean; note?: string }>({
    uuid: found ? found[0] : uuid,
    name: found ? str(found[1]['name']) : name,
    successful: found ? found[1]['successful'] === true : undefined,
    note: winner.note,
  });
  return Object.keys(out).length ? out : undefined;
}
