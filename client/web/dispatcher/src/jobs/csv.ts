import { api, ask, given } from '../api/rest.ts';
import type { JobPage, Row } from '../api/types.ts';
import { queryOf, type JobSearch } from './filters.ts';

export const COLUMNS = [
  'id', 'serial_no', 'external_id', 'external_order_id', 'status', 'resolution', 'successful', 'title', 'type', 'template', 'client', 'site', 'territory', 'address', 'scheduled_at', 'scheduled_minutes',
  'assignees', 'skills', 'en_route_at', 'started_at', 'finished_at', 'created_at', 'updated_at', 'photos', 'comments', 'checklist_done', 'checklist',
] as const;

/** What stands between cells: a semicolon where the comma is in the numbers, as spreadsheets there expect it. */
export const separatorOf = (locale?: string): ',' | ';' => (new Intl.NumberFormat(locale).format(1.5).includes(',') ? ';' : ',');

/** The beginning of a cell that a spreadsheet takes for a formula: of the text's own, and of what it becomes where a spreadsheet divides lines otherwise than we do. */
const formula = /([;\t\r\n]+|^)(?=[\s"\u200e\u200f]*[=+\-@\uff1d\uff0b\uff0d\uff20])/g;

/** cell quotes a value for CSV (RFC 4180), with whichever separator. A text that a spreadsheet would take for a formula gets an apostrophe before it. */
export function cell(value: string | number | boolean | undefined): string {
  if (value === undefined) return '';
  const text = typeof value === 'string' ? value.replace(formula, "$1'") : String(value);
  return /[",;\t\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** line is one job; names gives a user's name. */
export function line(row: Row, names: (user: string) => string, separator: string): string {
  const t = row.timestamps;
  const cells: Record<(typeof COLUMNS)[number], string | number | boolean | undefined> = {
    id: row.id, serial_no: row.serial_no, external_id: row.external_id, external_order_id: row.external_order_id, status: row.status, resolution: row.resolution?.name,
    successful: row.resolution?.successful, title: row.title, type: row.type, template: row.template?.name, client: row.client?.name, site: row.site?.name, territory: row.territory?.name,
    address: row.address?.formatted, scheduled_at: row.scheduled_at, scheduled_minutes: row.scheduled_duration?.minutes, assignees: row.assignees?.map((a) => names(a.user)).join('; '),
    skills: row.skills?.join('; '), en_route_at: t?.en_route_at, started_at: t?.started_at, finished_at: t?.finished_at, created_at: row.created_at, updated_at: row.updated_at,
    photos: row.counts?.attachments, comments: row.counts?.comments, checklist_done: row.counts?.checklist_done, checklist: row.counts?.checklist,
  };
  return COLUMNS.map((name) => cell(cells[name])).join(separator);
}

/** exportCsv reads the whole of a list, and gives it as a file. told hears how many lines there are so far. */
export async function exportCsv(search: JobSearch, names: (user: string) => string, told: (lines: number) => void, signal: AbortSignal): Promise<Blob> {
  const separator = separatorOf();
  const parts: string[] = ['\uFEFF', COLUMNS.join(separator), '\r\n']; // with the mark by which spreadsheets know UTF-8
  const query = queryOf(search); // once: a list that begins today is the same list after midnight
  let cursor: string | undefined;
  let lines = 0;
  do {
    const page: JobPage = await ask(api.GET('/api/v1/jobs', { params: { query: { ...query, ...given({ cursor }), limit: 200 } }, signal }));
    for (const row of page.jobs) parts.push(line(row, names, separator), '\r\n');
    lines += page.jobs.length;
    told(lines);
    cursor = page.next;
  } while (cursor);
  return new Blob(parts, { type: 'text/csv;charset=utf-8' });
}

export function download(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
