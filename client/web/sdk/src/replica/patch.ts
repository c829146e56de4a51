import { NotValid } from '../errors.ts';
import { drop, rewritten, set, SharedString, type Edit } from '../rules/edits.ts';
import { entries, isMap, number, text, type Tree } from '../rules/values.ts';
import { checkLine, checkText } from './actions.ts';
import { newId } from './ids.ts';

const lines = ['title', 'name', 'serial_no', 'external_id', 'external_order_id', 'type'];
const refs = ['client', 'site', 'territory', 'template'];
const readOnly = ['kind', 'uuid', 'created_at', 'follows', 'status', 'status_log', 'timestamps', 'clash', 'clashes', 'comments', 'attachments', 'resolution', 'id', 'heads'];
const flags = ['archived', 'worker_create'];
/** Lists of entries, with what each entry may say and as what: a line, a flag, a list of lines, a shared text, a number. */
const lists: Record<string, Record<string, 'line' | 'flag' | 'lines' | 'value'>> = {
  contacts: { name: 'line', type: 'line', value: 'line' },
  possible_resolutions: { name: 'line', successful: 'flag', note_required: 'flag' },
  checklist: { text: 'line', done: 'flag' },
  custom_fields: { name: 'line', field_type: 'line', data_type: 'line', required: 'flag', hidden: 'flag', read_only: 'flag', options: 'lines', value: 'value' },
  report_fields: { name: 'line', field_type: 'line', data_type: 'line', required: 'flag', hidden: 'flag', read_only: 'flag', options: 'lines', value: 'value' },
};

/** The edits that a JSON Merge Patch over the JSON form asks for (docs/JOB.md, The JSON form). A patch of what is there already gives none. */
export function patchEdits(root: Tree, patch: Readonly<Record<string, unknown>>): Edit[] {
  const out: Edit[] = [];
  for (const [key, v] of Object.entries(patch)) {
    const at = [key];
    if (v === undefined) continue;
    if (readOnly.includes(key)) throw new NotValid('read-only', key);
    if (lines.includes(key)) out.push(...line(root, at, v));
    else if (flags.includes(key)) out.push(...flag(root, at, v));
    else if (refs.includes(key)) out.push(...ref(root, at, v));
    else if (key in lists) out.push(...list(root, key, v));
    else if (key === 'description') {
      const words = v === null ? '' : text(v);
      if (words === undefined) throw new NotValid('no-text', key);
      checkText(words, key);
      if (words !== (text(root[key]) ?? '')) out.push({ op: 'text', path: at, text: words });
    } else if (key === 'scheduled_at') out.push(...moment(root, at, v));
    else if (key === 'scheduled_duration') out.push(...duration(root, v));
    else if (key === 'address') out.push(...address(root, v));
    else if (key === 'skills') out.push(...skills(root, v));
    else if (key === 'external_ids') out.push(...inner(root, key, v, (at, x) => line(root, at, x)));
    else if (key === 'assignees') out.push(...assignees(root, v));
    else throw new NotValid('not-known', key);
  }
  return out;
}

const at = (root: Tree, path: readonly string[]): unknown => path.reduce<unknown>((m, k) => (isMap(m) ? m[k] : undefined), root);

function line(root: Tree, path: readonly string[], v: unknown): Edit[] {
  const was = at(root, path);
  if (v === null || v === '') return was === undefined ? [] : [drop(path)];
  const now = checkLine(v, path.join('.'));
  return text(was) === now ? [] : [set(path, now)];
}

function flag(root: Tree, path: readonly string[], v: unknown): Edit[] {
  if (typeof v !== 'boolean' && v !== null) throw new NotValid('no-flag', path.join('.'));
  return (at(root, path) === true) === (v === true) ? [] : [set(path, v === true)];
}

function ref(root: Tree, path: readonly string[], v: unknown): Edit[] {
  if (v === null || v === '') return at(root, path) === undefined ? [] : [drop(path)];
  const was = at(root, path);
  const old = isMap(was) ? { uuid: text(was['uuid']), name: text(was['name']) } : { uuid: undefined, name: text(was) };
  const m: Tree = isMap(v) ? v : { uuid: null, name: v };
  const pick = (key: 'uuid' | 'name') => (m[key] === undefined ? old[key] : m[key] === null ? undefined : checkLine(m[key], `${path.join('.')}.${key}`));
  const now = { uuid: pick('uuid'), name: pick('name') };
  if (old.uuid === now.uuid && old.name === now.name) return [];
  if (isMap(was) && now.uuid && old.uuid === now.uuid) return [now.name ? set([...path, 'name'], now.name) : drop([...path, 'name'])];
  return [set(path, now)];
}

function moment(root: Tree, path: readonly string[], v: unknown): Edit[] {
  const was = at(root, path);
  if (v === null) return was === undefined ? [] : [drop(path)];
  const ms = v instanceof Date ? v.getTime() : typeof v === 'string' ? Date.parse(v) : NaN;
  if (!Number.isFinite(ms)) throw new NotValid('no-time', path.join('.'));
  return was instanceof Date && was.getTime() === ms ? [] : [set(path, new Date(ms))];
}

function duration(root: Tree, v: unknown): Edit[] {
  const path = ['scheduled_duration'];
  if (v === null) return at(root, path) === undefined ? [] : [drop(path)];
  const minutes = isMap(v) ? v['minutes'] : undefined;
  if (typeof minutes !== 'number' || !Number.isInteger(minutes) || minutes < 0 || minutes > 527_040) throw new NotValid('no-minutes', 'scheduled_duration.minutes');
  if (number(at(root, [...path, 'minutes'])) === minutes) return [];
  return [{ op: 'map', path }, minutes === 0 ? drop([...path, 'minutes']) : set([...path, 'minutes'], minutes)];
}

function address(root: Tree, v: unknown): Edit[] {
  const path = ['address'];
  const patch = v === null ? { formatted: null, entrance_no: null, apartment: null, floor: null, description: null, geolocation: null } : v;
  if (!isMap(patch)) throw new NotValid('no-address', 'address');
  const out: Edit[] = [];
  for (const [key, x] of Object.entries(patch)) {
    if (key !== 'geolocation') {
      out.push(...line(root, [...path, key], x));
      continue;
    }
    const was = at(root, [...path, key]);
    if (x === null) {
      if (was !== undefined) out.push(drop([...path, key]));
      continue;
    }
    const [latitude, longitude] = isMap(x) ? [x['latitude'], x['longitude']] : [];
    if (typeof latitude !== 'number' || typeof longitude !== 'number' || Math.abs(latitude) > 90 || Math.abs(longitude) > 180) throw new NotValid('no-position', 'address.geolocation');
    if (!isMap(was) || number(was['latitude']) !== latitude || number(was['longitude']) !== longitude) out.push(set([...path, key], { latitude, longitude }));
  }
  return out.length ? [{ op: 'map', path }, ...out] : [];
}

/** A map of names that a patch changes name by name. */
function inner(root: Tree, key: string, v: unknown, edit: (at: string[], v: unknown) => Edit[]): Edit[] {
  const patch = v === null ? Object.fromEntries(Object.keys(isMap(root[key]) ? root[key] : {}).map((k) => [k, null])) : v;
  if (!isMap(patch)) throw new NotValid('no-object', key);
  const out = Object.entries(patch).flatMap(([k, x]) => edit([key, k], x));
  return out.length ? [{ op: 'map', path: [key] }, ...out] : [];
}

function skills(root: Tree, v: unknown): Edit[] {
  const now = v === null ? [] : v;
  if (!Array.isArray(now)) throw new NotValid('no-names', 'skills');
  const names = now.map((n) => checkLine(n, 'skills'));
  const was = isMap(root['skills']) ? Object.keys(root['skills']) : [];
  const out = [
    ...was.filter((n) => !names.includes(n)).map((n) => drop(['skills', n])),
    ...names.filter((n) => !was.includes(n)).map((n) => set(['skills', n], true)),
  ];
  return out.length ? [{ op: 'map', path: ['skills'] }, ...out] : [];
}

function assignees(root: Tree, v: unknown): Edit[] {
  const was = new Map(entries(root['assignees']).map(([user, e]) => [user, e['edit'] === true]));
  const now = new Map<string, boolean>();
  if (Array.isArray(v)) {
    v.forEach((a: unknown, i) => {
      const user = isMap(a) ? text(a['user']) : text(a);
      if (!user) throw new NotValid('no-user', `assignees[${i}]`);
      now.set(user, isMap(a) && 'edit' in a ? a['edit'] === true : i === 0);
    });
  } else if (isMap(v) || v === null) {
    for (const [user, edit] of was) if (v !== null) now.set(user, edit);
    for (const [user, a] of Object.entries(v ?? {})) {
      if (a === null) now.delete(user);
      else now.set(user, isMap(a) ? a['edit'] === true : false);
    }
  } else throw new NotValid('no-users', 'assignees');
  if (now.size > 0 && [...now.values()].filter(Boolean).length !== 1) throw new NotValid('one-editor', 'assignees');
  const out: Edit[] = [...was.keys()].filter((u) => !now.has(u)).map((u) => drop(['assignees', u]));
  for (const [user, edit] of now) {
    if (!was.has(user)) out.push(set(['assignees', user], { edit }));
    else if (was.get(user) !== edit) out.push(set(['assignees', user, 'edit'], edit));
  }
  return out.length ? [{ op: 'map', path: ['assignees'] }, ...out] : [];
}

/** A list of entries: a list takes its place, an object of uuid to patch merges, null takes one away. */
function list(root: Tree, key: string, v: unknown): Edit[] {
  const was = entries(root[key]).sort((a, b) => (number(a[1]['position']) ?? 0) - (number(b[1]['position']) ?? 0));
  const known = new Map(was);
  const out: Edit[] = [];
  if (v === null) out.push(...was.map(([id]) => drop([key, id])));
  else if (Array.isArray(v)) {
    const ids = v.map((e) => (isMap(e) ? (text(e['uuid']) ?? newId()) : ''));
    if (ids.includes('')) throw new NotValid('no-entries', key);
    out.push(...was.filter(([id]) => !ids.includes(id)).map(([id]) => drop([key, id])));
    const inPlace = JSON.stringify(was.map(([id]) => id)) === JSON.stringify(ids);
    v.forEach((e: Tree, i) => out.push(...entry(root, key, ids[i]!, e, known.get(ids[i]!), inPlace ? undefined : i + 1)));
  } else if (isMap(v)) {
    let last = Math.max(0, ...was.map(([, e]) => number(e['position']) ?? 0));
    for (const [id, e] of Object.entries(v)) {
      if (e === null) {
        if (known.has(id)) out.push(drop([key, id]));
      } else if (isMap(e)) out.push(...entry(root, key, id, e, known.get(id), known.has(id) ? undefined : ++last));
      else throw new NotValid('no-entry', `${key}.${id}`);
    }
  } else throw new NotValid('no-entries', key);
  return out.length ? [{ op: 'map', path: [key] }, ...out] : [];
}

function entry(root: Tree, key: string, id: string, e: Tree, was: Tree | undefined, position: number | undefined): Edit[] {
  const form = lists[key]!;
  const written: Record<string, unknown> = {};
  const out: Edit[] = [];
  for (const [k, x] of Object.entries(e)) {
    if (k === 'uuid' || x === undefined) continue;
    const path = [key, id, k];
    switch (form[k]) {
      case 'line':
        if (x !== null && x !== '') written[k] = checkLine(x, path.join('.'));
        out.push(...line(root, path, x));
        break;
      case 'flag':
        written[k] = x === true;
        out.push(...flag(root, path, x));
        break;
      case 'lines': {
        const options = Array.isArray(x) ? x.map((o) => checkLine(o, path.join('.'))) : [];
        if (options.length) written[k] = options;
        const old = was?.[k];
        if (JSON.stringify(Array.isArray(old) ? old.map(text) : []) !== JSON.stringify(options)) out.push(options.length ? set(path, options) : drop(path));
        break;
      }
      case 'value': {
        if (Array.isArray(x)) break; // files: they follow from the attachments
        const type = text(e['field_type'] ?? was?.['field_type']);
        if (typeof x === 'number' && Number.isInteger(x) && !Number.isSafeInteger(x)) throw new NotValid('number-too-large', path.join('.')); // as in apply, where a map cannot say it
        if (x !== null) written[k] = type === 'text' ? new SharedString(text(x) ?? '') : x;
        const old = was?.[k];
        if ((text(old) ?? old ?? null) === x || (type === 'text' && (text(old) ?? '') === (x ?? ''))) break;
        out.push(type === 'text' ? { op: 'text', path, text: text(x) ?? '' } : x === null ? drop(path) : set(path, x));
        break;
      }
      default:
        if (!['done_at', 'by', 'position'].includes(k)) throw new NotValid('not-known', path.join('.'));
    }
  }
  if (!was) {
    if (form['value'] && text(e['field_type']) === 'text' && !('value' in written)) written['value'] = new SharedString('');
    return [set([key, id], { ...written, position: position ?? 1 })];
  }
  if (position !== undefined && number(was['position']) !== position) out.push(set([key, id, 'position'], position));
  return out;
}

/** The first edits of a new job: what it is, its maps, the plan of a template, and a plan over it. */
export function newJob(o: { plan: Readonly<Record<string, unknown>>; template?: { id: string; root: Tree }; by: string; device: string; now: Date; eventId: string; assign: boolean }): Record<string, unknown> {
  const root: Record<string, unknown> = {};
  for (const key of ['assignees', 'attachments', 'comments', 'skills', 'possible_resolutions', 'custom_fields', 'report_fields', 'checklist', 'address', 'contacts', 'external_ids']) root[key] = {};
  root['description'] = new SharedString('');
  if (o.template) {
    const t = o.template.root;
    for (const key of ['title', 'description', 'type', 'client', 'site', 'territory', 'skills', 'contacts', 'address', 'scheduled_duration', 'possible_resolutions', 'custom_fields', 'report_fields', 'checklist'])
      if (t[key] !== undefined && (isMap(t[key]) || !isMap(root[key]))) root[key] = rewritten(t[key]);
    for (const item of Object.values(root['checklist'] as Record<string, unknown>).filter((v): v is Record<string, unknown> => isMap(v))) {
      item['done'] = false;
      delete item['done_at'];
      delete item['by'];
    }
    root['template'] = { uuid: text(t['uuid']) || o.template.id, name: text(t['name']) };
    if (!text(root['title'])) root['title'] = text(t['name']);
  }
  const { status = 'published', template: _, ...plan } = o.plan as { status?: string; template?: unknown };
  for (const e of patchEdits(readable(root) as Tree, plan)) place(root, e);
  if (o.assign && Object.keys(root['assignees'] as object).length === 0) root['assignees'] = { [o.by]: { edit: true } };
  root['kind'] = 'job';
  root['schema_version'] = 1;
  root['uuid'] = newId();
  root['created_at'] = o.now;
  root['status_log'] = { [o.eventId]: { status, happened_at: o.now, after: [], by: o.by, device: o.device } };
  return root;
}

/** The tree as patchEdits reads it: texts are strings. */
function readable(v: unknown): unknown {
  if (v instanceof SharedString) return v.text;
  if (Array.isArray(v)) return v.map(readable);
  return isMap(v) ? Object.fromEntries(Object.entries(v).map(([k, x]) => [k, readable(x)])) : v;
}

function place(root: Record<string, unknown>, e: Edit): void {
  const parent = e.path.slice(0, -1).reduce<Record<string, unknown>>((m, k) => (m[k] ??= {}) as Record<string, unknown>, root);
  const key = e.path[e.path.length - 1]!;
  if (e.op === 'delete') delete parent[key];
  else if (e.op === 'map') parent[key] ??= {};
  else parent[key] = e.op === 'text' ? new SharedString(e.text) : e.value;
}
