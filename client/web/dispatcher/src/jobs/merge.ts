import type { InfiniteData } from '@tanstack/react-query';
import type { JobPage, Row } from '../api/types.ts';
import type { Heard } from '../api/live.ts';
import type { Sort } from './filters.ts';

export type Pages = InfiniteData<JobPage, string | undefined>;

const collator = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });

/** comparer orders rows as the server does: those without the time of the order come last, downwards first; equal ones by id. */
export function comparer(sort: Sort): (a: Row, b: Row) => number {
  const down = sort.startsWith('-');
  const by = (down ? sort.slice(1) : sort) as 'scheduled_at' | 'updated_at' | 'created_at' | 'serial_no';
  const up = (a: Row, b: Row): number => {
    if (by === 'serial_no') return collator.compare(a.serial_no ?? '', b.serial_no ?? '') || (a.id < b.id ? -1 : 1);
    const [x, y] = [a[by] ?? '~', b[by] ?? '~']; // "~" stands after all digits
    return x < y ? -1 : x > y ? 1 : a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
  };
  return down ? (a, b) => up(b, a) : up;
}

/**
 * merge puts what was heard into the pages that are there: a changed row goes to where it stands now, one that is not of the list any more goes. What
 * belongs behind the last page that was read is left for when it is read. Without an order (the best match first) rows are replaced where they stand, and none is added.
 */
export function merge(data: Pages, heard: Omit<Heard, 'place'>, sort: Sort | undefined): Pages {
  const changed = new Map(heard.jobs.map((row) => [row.id, row]));
  if (!sort) {
    const gone = new Set(heard.removed);
    return { ...data, pages: data.pages.map((page) => touches(page, changed, gone, (jobs) => jobs.filter((r) => !gone.has(r.id)).map((r) => changed.get(r.id) ?? r))) };
  }
  const out = new Set([...heard.removed, ...changed.keys()]);
  const pages = data.pages.map((page) => touches(page, changed, out, (jobs) => jobs.filter((r) => !out.has(r.id))));
  const compare = comparer(sort);
  for (const row of changed.values()) {
    let at = pages.findIndex((page) => page.jobs.length > 0 && compare(row, page.jobs[page.jobs.length - 1]!) < 0);
    if (at < 0) {
      if (pages[pages.length - 1]?.next) continue;
      at = pages.length - 1;
    }
    const page = pages[at];
    if (!page) continue;
    const jobs = page.jobs.slice();
    let low = 0;
    for (let high = jobs.length; low < high; ) {
      const middle = (low + high) >> 1;
      if (compare(jobs[middle]!, row) < 0) low = middle + 1;
      else high = middle;
    }
    jobs.splice(low, 0, row);
    pages[at] = { ...page, jobs };
  }
  return { ...data, pages };
}

function touches(page: JobPage, changed: Map<string, Row>, gone: Set<string>, change: (jobs: Row[]) => Row[]): JobPage {
  return page.jobs.some((r) => changed.has(r.id) || gone.has(r.id)) ? { ...page, jobs: change(page.jobs) } : page;
}
