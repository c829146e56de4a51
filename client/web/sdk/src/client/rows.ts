import type { JobRow } from '../api.ts';
import { byUTF8 } from '../rules/values.ts';
import type { DocRecord } from '../store/database.ts';

const made = new WeakMap<DocRecord, JobRow>();

/** The rows of the lists, in their order. A row is the same object as long as its record is, and as many of its files are here. */
export function rowsOf(records: Iterable<DocRecord>, held: ReadonlySet<string>): JobRow[] {
  return [...records].map((r) => rowOf(r, held)).sort((a, b) => byUTF8(a.scheduledAt ?? '9', b.scheduledAt ?? '9') || byUTF8(a.title, b.title) || byUTF8(a.id, b.id));
}

function rowOf(record: DocRecord, held: ReadonlySet<string>): JobRow {
  const here = record.files.filter((f) => held.has(f.sha256)).length;
  const before = made.get(record);
  if (before?.files.here === here) return before;
  const row: JobRow = { ...record.row, withdrawn: record.withdrawn, files: { total: record.files.length, here } };
  made.set(record, row);
  return row;
}
