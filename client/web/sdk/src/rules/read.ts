import type {
  Address, Assignee, Attachment, ChecklistItem, Comment, Contact, Field, Job, Location, PossibleResolution, Ref, Status, StatusEvent,
} from '../types.ts';
import type { PlacedClash } from './clashes.ts';
import { events, outcome, resolution } from './status.ts';
import { next, type Class } from './transitions.ts';
import { byUTF8, compact, entries, isMap, iso, label, number, own, str, strings, text, time, type Tree } from './values.ts';

const sha256 = /^[0-9a-f]{64}$/;
const day = /^\d{4}-\d{2}-\d{2}$/;
const dataTypes: Record<string, string> = {
  text: 'string', pick_list: 'string', number: 'number', yes_no: 'boolean', action: 'boolean', date: 'date', photo: 'file', signature: 'file', file: 'file',
};
export const isFileField = (type: string): boolean => own(dataTypes, type) === 'file';

/** A job in its JSON form (docs/JOB.md). clashes are those of the document; heads name its state. */
export function readJob(root: Tree, of: { id: string; heads: readonly string[]; clashes: readonly PlacedClash[]; who: Class }): Job {
  const log = events(root['status_log']);
  const o = outcome(log);
  const attachments = readAttachments(root);
  const by = new Map<string, string[]>();
  for (const a of attachments) if (a.field) by.set(a.field, [...(by.get(a.field) ?? []), a.uuid]);
  const found = resolution(root, o);
  const minutes = isMap(root['scheduled_duration']) ? (number(root['scheduled_duration']['minutes']) ?? 0) : 0;
  return {
    ...compact<Partial<Job>>({
      uuid: str(root['uuid']), serial_no: label(root['serial_no']), external_id: label(root['external_id']), external_order_id: label(root['external_order_id']),
      external_ids: labels(root['external_ids']), template: ref(root['template']), follows: str(root['follows']), created_at: iso(root['created_at']),
      title: str(root['title']), description: str(root['description']), type: ref(root['type'])?.name, client: ref(root['client']), site: ref(root['site']),
      territory: ref(root['territory']), address: address(root['address']), scheduled_at: iso(root['scheduled_at']),
      scheduled_duration: minutes ? { minutes } : undefined, resolution: found,
    }),
    id: of.id,
    kind: 'job',
    schema_version: number(root['schema_version']) ?? 0,
    heads: [...of.heads],
    skills: isMap(root['skills']) ? Object.keys(root['skills']).filter((k) => (root['skills'] as Tree)[k] === true).sort(byUTF8) : [],
    contacts: contacts(root),
    assignees: entries(root['assignees']).map(([user, e]): Assignee => ({ user, edit: e['edit'] === true })),
    possible_resolutions: placed(root['possible_resolutions']).map(
      ([uuid, e]): PossibleResolution => ({ uuid, name: str(e['name']), successful: e['successful'] === true, note_required: e['note_required'] === true }),
    ),
    custom_fields: fields(root['custom_fields'], by),
    report_fields: fields(root['report_fields'], by),
    checklist: placed(root['checklist']).map(
      ([uuid, e]): ChecklistItem => ({ uuid, text: str(e['text']), done: e['done'] === true, ...compact<Partial<ChecklistItem>>({ done_at: iso(e['done_at']), by: str(e['by']) }) }),
    ),
    comments: timed(root['comments'], 'happened_at').map(
      ([uuid, e]): Comment => ({ uuid, text: str(e['text']), ...compact<Partial<Comment>>({ by: str(e['by']), happened_at: iso(e['happened_at']) }) }),
    ),
    attachments,
    status_log: timed(root['status_log'], 'happened_at').filter(([, e]) => str(e['status'])).map(([id, e]) => eventForm(id, e)),
    status: o.status as Status,
    clash: o.clash,
    clashes: of.clashes.map(({ path: _, raw: __, ...c }) => c),
    next_statuses: next(o, of.who),
    timestamps: o.timestamps,
  };
}

const mostText = 256; // characters of a text in a list, as in the server's: a peer may have written anything
export const cut = <T extends string | undefined>(s: T): T => (s === undefined || s.length <= mostText ? s : s.slice(0, mostText).replace(/[\ud800-\udbff]$/, '')) as T; // no half of a character

/** What people call a job: its title, else the first line of its description, else its number. */
export const labelOf = (root: Tree): string =>
  cut(str(root['title']) || str(root['name']) || str(root['description']).trim().split('\n', 1)[0]! || label(root['serial_no']));

export function eventForm(uuid: string, e: Tree): StatusEvent {
  const r = e['resolution'];
  const after = strings(e['after']);
  return {
    uuid,
    status: str(e['status']),
    ...compact<Partial<StatusEvent>>({
      happened_at: iso(e['happened_at']), by: str(e['by']), device: str(e['device']), after: after.length ? after : undefined, location: location(e['location']),
      note: str(e['note']), resolution: isMap(r) ? str(r['uuid']) || str(r['name']) : str(r),
    }),
  };
}

export function readAttachments(root: Tree): Attachment[] {
  const sum = (v: unknown) => (sha256.test(str(v)) ? str(v) : undefined);
  return timed(root['attachments'], 'taken_at')
    .filter(([, e]) => sum(e['sha256']))
    .map(([uuid, e]): Attachment => ({
      uuid,
      sha256: str(e['sha256']),
      size: Math.max(0, number(e['size']) ?? 0),
      ...compact<Partial<Attachment>>({
        media_type: str(e['media_type']), name: str(e['name']), field: str(e['field']), taken_at: iso(e['taken_at']), by: str(e['by']),
        location: location(e['location']), preview_sha256: sum(e['preview_sha256']), thumbnail_sha256: sum(e['thumbnail_sha256']),
      }),
    }));
}

/** The entries of a list in their order: by position, then by id. */
function placed(v: unknown): [string, Tree][] {
  return entries(v).sort((a, b) => (number(a[1]['position']) ?? 0) - (number(b[1]['position']) ?? 0));
}

function timed(v: unknown, key: string): [string, Tree][] {
  return entries(v).sort((a, b) => time(a[1][key]) - time(b[1][key]));
}

function ref(v: unknown): Ref | undefined {
  const out = isMap(v) ? compact<Ref>({ uuid: str(v['uuid']), name: str(v['name']) }) : compact<Ref>({ name: str(v) });
  return Object.keys(out).length ? out : undefined;
}

function labels(v: unknown): Record<string, string> | undefined {
  if (!isMap(v)) return undefined;
  const out = compact<Record<string, string>>(Object.fromEntries(Object.keys(v).sort(byUTF8).map((k) => [k, label(v[k])])));
  return Object.keys(out).length ? out : undefined;
}

function location(v: unknown): Location | undefined {
  if (!isMap(v)) return undefined;
  const [latitude, longitude] = [number(v['latitude']), number(v['longitude'])];
  if (latitude === undefined || longitude === undefined) return undefined;
  return {
    latitude, longitude,
    ...compact<Partial<Location>>({ accuracy_m: number(v['accuracy_m']) || undefined, captured_at: iso(v['captured_at']), uploaded_at: iso(v['uploaded_at']) }),
  };
}

function address(v: unknown): Address | undefined {
  if (!isMap(v)) return undefined;
  const out = compact<Address>({
    formatted: str(v['formatted']), entrance_no: label(v['entrance_no']), apartment: label(v['apartment']), floor: label(v['floor']),
    description: str(v['description']), geolocation: location(v['geolocation']),
  });
  return Object.keys(out).length ? out : undefined;
}

function contacts(root: Tree): Contact[] {
  return placed(root['contacts']).map(
    ([uuid, e]): Contact => ({ uuid, ...compact<Partial<Contact>>({ name: str(e['name']), type: str(e['type']), value: label(e['value']) }) }),
  );
}

function fields(v: unknown, files: Map<string, string[]>): Field[] {
  return placed(v).map(([uuid, e]): Field => {
    const field_type = str(e['field_type']);
    const options = strings(e['options']);
    const data_type = str(e['data_type']) || own(dataTypes, field_type);
    return {
      uuid, name: str(e['name']), field_type, ...(data_type ? { data_type } : {}), required: e['required'] === true, hidden: e['hidden'] === true,
      read_only: e['read_only'] === true, ...(options.length ? { options } : {}),
      value: isFileField(field_type) ? (files.get(uuid) ?? null) : answer(field_type, e['value']),
    };
  });
}

function answer(type: string, v: unknown): unknown {
  switch (type) {
    case 'text':
    case 'pick_list':
      return str(v) || null;
    case 'date':
      return day.test(str(v)) ? str(v) : null;
    case 'number':
      return number(v) ?? null;
    case 'yes_no':
    case 'action':
      return typeof v === 'boolean' ? v : null;
    default:
      return text(v) ?? number(v) ?? iso(v) ?? (typeof v === 'boolean' ? v : null);
  }
}

/** Whether a field has an answer: a tick counts when it is set. */
export function answered(f: Field): boolean {
  const v = f.value;
  if (v === null || v === undefined) return false;
  if (typeof v === 'boolean') return v || f.field_type !== 'action';
  return !Array.isArray(v) || v.length > 0;
}
