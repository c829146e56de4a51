import type { Job, RefusedWork, UnsentItem } from '@fieldsync/sdk';
import type { TFunction } from 'i18next';
import { moment, number, plainDay } from '../i18n/format.ts';
import { statusLook } from './status.ts';

// What the places and the values of a job are called, for highlights, clashes and the history.

type Path = readonly unknown[];

const named = ['title', 'description', 'status_log', 'scheduled_at', 'scheduled_duration', 'address', 'contacts', 'assignees', 'client', 'site', 'territory', 'type', 'skills', 'checklist', 'comments', 'attachments', 'possible_resolutions'] as const;
type Named = (typeof named)[number];

/** The name of a place: a field's own, an item's text, else what the part is called. */
export function placeName(job: Job, path: Path, t: TFunction): string {
  const [root, id] = path;
  if (root === 'report_fields' || root === 'custom_fields') return job[root].find((f) => f.uuid === id)?.name || t(`part.${root}`);
  if (root === 'checklist') return job.checklist.find((i) => i.uuid === id)?.text || t('part.checklist');
  if (root === 'attachments') {
    const a = job.attachments.find((x) => x.uuid === id);
    return a?.media_type?.startsWith('image/') ? t('part.photo') : t('part.attachments');
  }
  if (root === 'status') return t('part.status_log');
  return typeof root === 'string' && (named as readonly string[]).includes(root) ? t(`part.${root as Named}`) : t('part.other');
}

/** A status in words. */
export function statusWord(status: string, t: TFunction, successful?: boolean): string {
  const look = statusLook(status, successful);
  return look === 'unknown' ? status : t(`status.${look}`);
}

/** Whose something is that a job tells of. The programs of the office, with an API key, sign nothing; people do. */
export function whose(by: string | undefined, t: TFunction, userName: (id: string) => string | undefined): string {
  return by ? (userName(by) ?? t('common.someone')) : t('common.office');
}

const time = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}/;
const day = /^\d{4}-\d{2}-\d{2}$/;

/** A value as a person reads it; empty where there is none. */
export function valueText(value: unknown, t: TFunction): string {
  switch (typeof value) {
    case 'string':
      if (time.test(value) && !Number.isNaN(Date.parse(value))) return moment(Date.parse(value));
      return day.test(value) ? plainDay(value) : value;
    case 'number':
      return number(value);
    case 'boolean':
      return value ? t('common.yes') : t('common.no');
    case 'object':
      break;
    default:
      return '';
  }
  if (value === null) return '';
  if (Array.isArray(value)) return value.map((v) => valueText(v, t)).filter(Boolean).join(', ');
  const v = value as Record<string, unknown>;
  for (const key of ['name', 'formatted', 'text', 'value']) if (typeof v[key] === 'string') return v[key];
  if (typeof v['status'] === 'string') return statusWord(v['status'], t);
  if (typeof v['minutes'] === 'number') return t('common.minutes', { count: v['minutes'] });
  return '';
}

/** What is unsent in a word or two: a status and a part of the job by their names, what has a name or words of its own by these. */
export function unsentText({ kind, label }: Pick<UnsentItem, 'kind' | 'label'>, t: TFunction): string {
  if (kind === 'status' && label) return statusWord(label, t);
  if (kind === 'text' || kind === 'plan') {
    if (label === 'report_fields' || label === 'custom_fields') return t(`part.${label}`);
    if ((named as readonly string[]).includes(label)) return t(`part.${label as Named}`);
  }
  return label || t(`unsent.kind.${kind}`);
}

/** A part of refused work as a person knows it; undefined for what no person has put there. */
export function workText(done: RefusedWork['did'][number], t: TFunction, userName: (id: string) => string | undefined): string | undefined {
  const { path, what, value } = done;
  const [root = '', id = ''] = path;
  const part = (named as readonly string[]).includes(root) ? t(`part.${root as Named}`) : root === 'report_fields' || root === 'custom_fields' ? t(`part.${root}`) : undefined;
  if (part === undefined) return undefined;
  if (root === 'assignees') return t('history.value', { what: part, value: userName(id) ?? id });
  const said = valueText(value, t);
  if (root === 'status_log') return said ? t('history.value', { what: part, value: said }) : part;
  const name = what === root || what === said ? part : what;
  return said ? t('history.value', { what: name, value: said }) : name;
}

/** What there is now in a place of the job's JSON form, where a path of keys leads. */
export function valueAt(job: Job, path: Path): unknown {
  let v: unknown = job;
  for (const key of path) {
    if (Array.isArray(v)) v = v.find((e: unknown) => typeof e === 'object' && e !== null && ('uuid' in e ? e.uuid === key : 'user' in e && e.user === key));
    else if (typeof v === 'object' && v !== null) v = (v as Record<string, unknown>)[String(key)];
    else return undefined;
  }
  return v;
}
