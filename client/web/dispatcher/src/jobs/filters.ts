import type { JobFilters } from '../api/live.ts';
import { given, type JobQuery } from '../api/rest.ts';
import { isoDay, startOf } from '../format.ts';

/** What the list's address says: the names of the API's filters (docs/API.md), days for times, several values with commas between. */
export interface JobSearch {
  q?: string;
  status?: string;
  assignee?: string;
  unassigned?: string;
  client?: string;
  site?: string;
  template?: string;
  territory?: string;
  type?: string;
  skill?: string;
  clash?: string;
  external_id?: string;
  from?: string;
  to?: string;
  sort?: string;
}

/** The filters that take several values. */
const many = ['status', 'assignee', 'client', 'site', 'template', 'territory', 'type', 'skill'] as const;
const names = ['q', 'status', 'assignee', 'unassigned', 'client', 'site', 'template', 'territory', 'type', 'skill', 'clash', 'external_id', 'from', 'to', 'sort'] as const;

export const SORTS = ['scheduled_at', '-scheduled_at', '-updated_at', 'updated_at', '-created_at', 'created_at', 'serial_no', '-serial_no'] as const;
export type Sort = (typeof SORTS)[number];

/** Takes of an address what this list knows. */
export function readSearch(search: Record<string, unknown>): JobSearch {
  const out: JobSearch = {};
  for (const name of names) {
    const value = search[name];
    if (value !== undefined && value !== null && value !== '') out[name] = String(value);
  }
  if (out.sort && !(SORTS as readonly string[]).includes(out.sort)) delete out.sort;
  for (const name of ['from', 'to'] as const) if (out[name] && !/^(\d{4}-\d\d-\d\d|today|tomorrow)$/.test(out[name])) delete out[name];
  return out;
}

/** The list's order: as asked for; by relevance where words are searched for; else by time. */
export const sortOf = (s: JobSearch): Sort | 'relevance' => (s.sort as Sort | undefined) ?? (s.q ? 'relevance' : 'scheduled_at');

/** A day of the address; "today" and "tomorrow" are those of now, so that a saved view stays what it is called. */
export function dayOf(day: string, now = new Date()): string {
  if (day === 'today') return isoDay(now);
  if (day === 'tomorrow') return isoDay(startOf(isoDay(now), 1));
  return day;
}

/** The filters as the API takes them, without words and order. */
export function filtersOf(s: JobSearch, now = new Date()): JobFilters {
  const { from, to } = s;
  const lists = Object.fromEntries(many.map((name) => [name, s[name] && listOf(s[name])]));
  return given({
    ...lists,
    unassigned: s.unassigned === 'true' || undefined,
    clash: s.clash === 'true' || undefined,
    external_id: s.external_id,
    scheduled_from: from && startOf(dayOf(from, now)).toISOString(),
    scheduled_to: to && startOf(dayOf(to, now), 1).toISOString(),
  });
}

/** The filters, the words and the order. */
export function queryOf(s: JobSearch, now?: Date): JobQuery {
  return { ...filtersOf(s, now), ...given({ q: s.q, sort: sortOf(s) }) };
}

/** How many filters are set beside words, order and status. */
export const countFilters = (s: JobSearch): number => names.filter((n) => n !== 'q' && n !== 'sort' && n !== 'status' && s[n] !== undefined).length;

export const listOf = (value: string | undefined): string[] => (value ? value.split(',') : []);
