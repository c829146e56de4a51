/** A job in a list: what is shown of it, and by what it is sorted. Kept apart from the document, so that a list of hundreds needs none of them. */
export interface Row {
  id: string;
  title: string;
  serial: string;
  status: string;
  /** Of a finished job: whether its resolution is a success. */
  successful: boolean | undefined;
  client: string;
  address: string;
  /** Milliseconds since 1970; undefined: without a date. */
  at: number | undefined;
  minutes: number | undefined;
  clash: boolean;
  /** Somebody else has changed it since this person opened it. */
  news: boolean;
  unsent: boolean;
  refused: boolean;
  withdrawn: boolean;
}

export type GroupName = 'earlier' | 'today' | 'upcoming' | 'unscheduled' | 'done';

export interface Group {
  name: GroupName;
  rows: Row[];
}

const over = (r: Row): boolean => r.status === 'finished' || r.status === 'cancelled' || r.withdrawn;
const underWay = (r: Row): boolean => r.status === 'started' || r.status === 'paused' || r.status === 'en_route';

/**
 * The list of a worker's day. What is under way stands in today whenever it was planned; what was planned for an earlier day and is not done comes first. Done jobs are those of
 * today and of the week before it, newest first. Groups without a job are left out.
 */
export function groups(rows: readonly Row[], dayStart: number, dayEnd: number): Group[] {
  const found: Record<GroupName, Row[]> = { earlier: [], today: [], upcoming: [], unscheduled: [], done: [] };
  for (const r of rows) {
    if (over(r)) {
      if (r.at === undefined || r.at >= dayStart - 7 * 86_400_000) found.done.push(r);
    } else if (underWay(r)) found.today.push(r);
    else if (r.at === undefined) found.unscheduled.push(r);
    else if (r.at < dayStart) found.earlier.push(r);
    else if (r.at < dayEnd) found.today.push(r);
    else found.upcoming.push(r);
  }
  for (const list of Object.values(found)) list.sort(byTime);
  found.done.reverse();
  return (Object.keys(found) as GroupName[]).map((name) => ({ name, rows: found[name] })).filter((g) => g.rows.length > 0);
}

export function byTime(a: Row, b: Row): number {
  return (a.at ?? Number.MAX_SAFE_INTEGER) - (b.at ?? Number.MAX_SAFE_INTEGER) || (a.serial || a.title).localeCompare(b.serial || b.title, undefined, { numeric: true }) || (a.id < b.id ? -1 : 1);
}

/** Whether a row says all the words that are looked for. */
export function matches(r: Row, query: string): boolean {
  const hay = `${r.title} ${r.serial} ${r.client} ${r.address}`.toLocaleLowerCase();
  return query
    .toLocaleLowerCase()
    .split(/\s+/)
    .every((word) => hay.includes(word));
}
