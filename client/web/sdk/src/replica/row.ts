import type { JobRow } from '../api.ts';
import type { Part } from '../types.ts';
import type { FileName } from '../store/database.ts';
import { answered, cut, labelOf, readAttachments, readJob } from '../rules/read.ts';
import { compact, isMap, str, type Tree } from '../rules/values.ts';

const kinds = ['job', 'template', 'client', 'site'] as const;

/** What lists show of a document. */
export function readRow(
  root: Tree,
  of: { id: string; part: Part; clashes: number; unsent: number; news: number; files: JobRow['files']; withdrawn: boolean; changedAt: number },
): JobRow {
  const kind = kinds.find((k) => k === str(root['kind'])) ?? 'unknown';
  const j = readJob(root, { id: of.id, heads: [], clashes: [], who: of.part === 'planner' ? 'dispatcher' : 'worker' });
  const point = j.address?.geolocation;
  return {
    id: of.id, kind, title: labelOf(root), status: j.status, clash: of.clashes > 0, clashes: of.clashes,
    ...compact<Partial<JobRow>>({
      scheduledAt: j.scheduled_at, minutes: j.scheduled_duration?.minutes, address: cut(j.address?.formatted),
      geolocation: point ? { latitude: point.latitude, longitude: point.longitude } : undefined,
      client: cut(j.client?.name), site: cut(j.site?.name), type: cut(j.type), serialNo: cut(j.serial_no),
      resolution: j.resolution ? compact<NonNullable<JobRow['resolution']>>({ name: cut(j.resolution.name), successful: j.resolution.successful }) : undefined,
    }),
    assignees: j.assignees.map((a) => a.user),
    part: of.part, unsent: of.unsent, news: of.news, files: of.files, withdrawn: of.withdrawn, changedAt: of.changedAt,
    comments: j.comments.length,
    checklist: { total: j.checklist.length, done: j.checklist.filter((i) => i.done).length },
    reportMissing: j.report_fields.filter((f) => f.required && !f.hidden && !f.read_only && !answered(f)).length,
    ...(kind === 'template' ? { workerCreate: root['worker_create'] === true } : {}),
    ...(kind !== 'job' ? { archived: root['archived'] === true } : {}),
  };
}

/** The files that a job's attachments name. */
export function filesOf(root: Tree): FileName[] {
  if (!isMap(root['attachments'])) return [];
  return readAttachments(root).flatMap((a): FileName[] => [
    ...(a.thumbnail_sha256 ? [{ sha256: a.thumbnail_sha256, size: 0, kind: 'thumbnail' as const, attachment: a.uuid }] : []),
    ...(a.preview_sha256 ? [{ sha256: a.preview_sha256, size: 0, kind: 'preview' as const, attachment: a.uuid }] : []),
    { sha256: a.sha256, size: a.size, kind: 'file', attachment: a.uuid },
  ]);
}
