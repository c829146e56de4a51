import { NotAllowed, NotValid } from '../errors.ts';
import { because, english, type OwnReason, type ReasonCode } from '../reasons.ts';
import { maySetStatus, mayWrite, reportOpen, signed, underWay, why, type Place } from '../rules/access.ts';
import type { PlacedClash } from '../rules/clashes.ts';
import { drop, rewritten, set, SharedString, type Edit } from '../rules/edits.ts';
import { answered, isFileField } from '../rules/read.ts';
import { events, outcome, type LogEvent } from '../rules/status.ts';
import { buttons, byWorker, next, transitionProblem, type Class } from '../rules/transitions.ts';
import type { UndoEdit } from '../rules/undo.ts';
import { compact, isMap, text, type Tree } from '../rules/values.ts';
import type { Deed, Permission, StatusOptions } from '../api.ts';
import type { Attachment, Clash, FieldValue, Identity, Job, Location, Part, Status } from '../types.ts';

/** Who does something to a job, and the job as it stands. */
export interface Doing {
  readonly root: Tree;
  readonly job: Job;
  readonly part: Part;
  readonly who: Identity;
  readonly now: Date;
  readonly clashes: readonly PlacedClash[];
}

const maxPhotos = 10;
const maxText = 100_000;
const maxLine = 1_000;

export const classOf = (part: Part): Class => (part === 'planner' ? 'dispatcher' : 'worker');
const yes: Permission = { ok: true };
export const no = (why: ReasonCode | OwnReason): Permission & { readonly ok: false } => {
  const reason = typeof why === 'string' ? because(why) : why;
  return { ok: false, why: english(reason), because: reason };
};

/** Whether somebody may do something, by the table of rights and the state of the job. */
export function may(d: Doing, deed: Deed): Permission {
  const write = (place: Place, key: string, more: { own?: boolean; verb?: 'add' | 'set' | 'delete' } = {}): Permission => {
    const w = { place, verb: more.verb ?? 'set', own: more.own === true, underWay: underWay(d.root) } as const;
    return mayWrite(d.part, w) ? yes : no(why(d.part, w, key));
  };
  switch (deed.do) {
    case 'status': {
      const allowed = write('event', 'status_log', { verb: 'add' });
      if (!allowed.ok) return allowed;
      if (!maySetStatus(d.part, deed.status)) return no('statuses-of-worker');
      const problem = transitionProblem(outcomeOf(d), deed.status, classOf(d.part));
      return problem ? no(problem) : yes;
    }
    case 'undo-status': {
      const problem = undoProblem(d, lastOf(d)?.id);
      return problem ? no(problem) : yes;
    }
    case 'plan':
      return write('plan', deed.key);
    case 'assign':
      if (d.job.status_log.some((e) => ['started', 'paused', 'finished'].includes(e.status)) && underWay(d.root)) return no('assignees-fixed');
      return write('assignees', 'assignees');
    case 'tick':
      return write('tick', 'checklist');
    case 'comment':
      return write('comment', 'comments', { verb: 'add' });
    case 'edit-comment':
      return write('in-comment', 'comments', { own: signed(d.root, 'comments', deed.comment, d.who.user) });
    case 'attach':
      return write('file', 'attachments', { verb: 'add' });
    case 'remove-attachment':
      return write('file', 'attachments', { verb: 'delete', own: signed(d.root, 'attachments', deed.attachment, d.who.user) });
    case 'fill': {
      const { field, report } = fieldOf(d, deed.field);
      if (!field || (d.part !== 'planner' && field.hidden)) return no('no-field');
      if (d.part !== 'planner' && (!report || field.read_only)) return no('field-by-dispatcher');
      const allowed = write(isFileField(field.field_type) ? 'file' : report ? 'answer' : 'plan', report ? 'report_fields' : 'custom_fields', { verb: isFileField(field.field_type) ? 'add' : 'set' });
      if (allowed.ok && d.part !== 'planner' && !reportOpen(d.root)) return no('report-not-open');
      return allowed;
    }
    case 'settle': {
      const c = d.clashes.find((x) => x.field === deed.clash.field && x.kind === deed.clash.kind);
      if (!c) return no('no-clash');
      if (c.kind === 'status') {
        const can = next(outcomeOf(d), classOf(d.part));
        return mayWrite(d.part, { place: 'event', verb: 'add' }) && c.values.some((v) => can.includes(v.value as Status)) ? yes : no(why(d.part, { place: 'event', verb: 'add' }));
      }
      return mayAt(d, c.path);
    }
  }
}

/** Whether somebody may write at a path. */
export function mayAt(d: Doing, path: readonly string[]): Permission {
  const [list, id = '', leaf] = path as [string, string?, string?];
  switch (list) {
    case 'comments':
      return may(d, path.length > 1 ? { do: 'edit-comment', comment: id } : { do: 'comment' });
    case 'checklist':
      return leaf === 'done' ? may(d, { do: 'tick' }) : may(d, { do: 'plan', key: list });
    case 'report_fields':
    case 'custom_fields':
      return leaf === 'value' ? may(d, { do: 'fill', field: id }) : may(d, { do: 'plan', key: list });
    case 'assignees':
      return may(d, { do: 'assign' });
    default:
      return may(d, { do: 'plan', key: list });
  }
}

/** Whether somebody may make an edit that undoes something. */
export function mayUndo(d: Doing, e: UndoEdit): Permission {
  const path = e.path.map(String);
  const [list, id = '', leaf] = path as [string, string?, string?];
  const whole = path.length === 2;
  if (list === 'status_log' && whole && e.op === 'set') {
    const { status, after } = e.value as { readonly status: Status; readonly after: readonly string[] };
    const allowed = mayWrite(d.part, { place: 'event', verb: 'add' });
    const own = d.job.status_log.filter((x) => after.includes(x.uuid)).every((x) => x.by === d.who.user);
    return allowed && maySetStatus(d.part, status, own) ? yes : no(allowed ? because('again-by-dispatcher', { status }) : why(d.part, { place: 'event', verb: 'add' }));
  }
  if (list === 'comments' && whole && e.op === 'set') return may(d, { do: 'comment' });
  if (list === 'attachments' && whole && e.op === 'delete') return may(d, { do: 'remove-attachment', attachment: id });
  if (list === 'attachments' && whole && e.op === 'set') {
    const field = isMap(e.value) ? text(e.value['field']) : undefined;
    return may(d, field ? { do: 'fill', field } : { do: 'attach' });
  }
  if (list === 'checklist' && ['done', 'done_at', 'by'].includes(leaf ?? '')) return may(d, { do: 'tick' });
  return mayAt(d, path);
}

export function require(p: Permission): void {
  if (!p.ok) throw new NotAllowed(p.because);
}

export const nextStatuses = (d: Doing): Status[] =>
  mayWrite(d.part, { place: 'event', verb: 'add' }) ? buttons(outcomeOf(d), classOf(d.part)).filter((s) => maySetStatus(d.part, s)) : [];

const outcomeOf = (d: Doing) => outcome(events(d.root['status_log']));

/** Required fields without an answer. */
export const missing = (d: Doing): string[] => d.job.report_fields.filter((f) => f.required && !f.hidden && !f.read_only && !answered(f)).map((f) => f.uuid);

export function setStatus(d: Doing, id: string, status: Status, o: StatusOptions): Edit[] {
  require(may(d, { do: 'status', status }));
  let resolution = o.resolution;
  checkText(o.note ?? '', 'note');
  if (status !== 'finished') {
    if (resolution) throw new NotValid('resolution-unasked', 'resolution');
  } else if (d.job.possible_resolutions.length > 0) {
    const found = d.job.possible_resolutions.find((p) => p.uuid === resolution) ?? d.job.possible_resolutions.find((p) => p.name === resolution);
    if (!resolution) throw new NotValid('resolution-missing', 'resolution');
    if (!found) throw new NotValid('resolution-unknown', 'resolution');
    if (found.note_required && !o.note?.trim()) throw new NotValid(because('note-missing', { resolution: found.name }), 'note');
    resolution = found.uuid;
    if (d.part !== 'planner' && found.successful) requireAnswers(d);
  } else if (d.part !== 'planner') requireAnswers(d);
  return event(d, id, { status, note: o.note, resolution, location: o.location, at: o.happenedAt ?? d.now });
}

function requireAnswers(d: Doing) {
  const first = missing(d)[0];
  if (!first) return;
  const field = d.job.report_fields.find((f) => f.uuid === first)!;
  throw new NotValid(because('answer-missing', { field: field.name || first }), `report_fields.${first}`);
}

/** An event after all that stand; a job that another client made may be without a log. */
function event(d: Doing, id: string, e: { status: string; note?: string | undefined; resolution?: string | undefined; location?: Location | undefined; at: Date }): Edit[] {
  return [{ op: 'map', path: ['status_log'] }, set(['status_log', id], compact({
    status: e.status, happened_at: e.at, after: outcomeOf(d).standing.map((x) => x.id), by: d.who.user, device: d.who.device, note: e.note, resolution: e.resolution,
    location: e.location ? locationValue(e.location) : undefined,
  }))];
}

export function locationValue(l: Location) {
  return compact({
    latitude: l.latitude, longitude: l.longitude, accuracy_m: l.accuracy_m,
    captured_at: l.captured_at ? new Date(l.captured_at) : undefined, uploaded_at: l.uploaded_at ? new Date(l.uploaded_at) : undefined,
  });
}

/** One's own last standing event. */
export const lastOf = (d: Doing): LogEvent | undefined => {
  const standing = outcomeOf(d).standing;
  return standing.find((e) => e.by === d.who.user) ?? standing[0];
};

function without(d: Doing, id: string) {
  return outcome(events(d.root['status_log']).filter((e) => e.id !== id));
}

function undoProblem(d: Doing, id: string | undefined): OwnReason | undefined {
  const standing = outcomeOf(d).standing;
  const undone = standing.find((e) => e.id === id);
  if (!undone) return because('nothing-to-take-back');
  if (!mayWrite(d.part, { place: 'event', verb: 'add' })) return why(d.part, { place: 'event', verb: 'add' });
  const before = without(d, undone.id);
  if (before.standing.length === 0) return because('no-status-before');
  if (d.part === 'planner') return undefined;
  const own = standing.every((e) => e.by === d.who.user);
  if (undone.by !== d.who.user || (!byWorker(before.status) && (before.status === 'cancelled' || !own))) return because('again-by-dispatcher', { status: before.status });
  return undefined;
}

export function undoStatus(d: Doing, id: string, undone = lastOf(d)?.id): Edit[] {
  const problem = undoProblem(d, undone);
  if (problem) throw new NotAllowed(problem);
  const before = without(d, undone!);
  const again = before.status === 'finished' ? before.standing[0] : undefined;
  return event(d, id, { status: before.status, note: again?.note, resolution: again?.resolution, at: d.now });
}

const fieldOf = (d: Doing, id: string) => {
  const report = d.job.report_fields.find((f) => f.uuid === id);
  return { field: report ?? d.job.custom_fields.find((f) => f.uuid === id), report: report !== undefined };
};

export function fill(d: Doing, id: string, value: FieldValue): Edit[] {
  require(may(d, { do: 'fill', field: id }));
  const { field, report } = fieldOf(d, id);
  const path = [report ? 'report_fields' : 'custom_fields', id, 'value'];
  const bad = (code: ReasonCode) => new NotValid(because(code, { field: field!.name }), path.join('.'));
  if (isFileField(field!.field_type)) throw bad('field-by-files');
  if (value === null || value === undefined || value === '') return field!.field_type === 'text' ? [{ op: 'text', path, text: '' }] : [drop(path)];
  switch (field!.field_type) {
    case 'text':
      if (typeof value !== 'string') throw bad('field-no-text');
      checkText(value, path.join('.'));
      return [{ op: 'text', path, text: value }];
    case 'number':
      if (typeof value !== 'number' || !Number.isFinite(value)) throw bad('field-no-number');
      return [set(path, value)];
    case 'yes_no':
    case 'action':
      if (typeof value !== 'boolean') throw bad('field-no-yes-no');
      return [set(path, value)];
    case 'date':
      if (typeof value !== 'string' || !/^\d{4}-\d{2}-\d{2}$/.test(value)) throw bad('field-no-day');
      return [set(path, value)];
    case 'pick_list':
      if (typeof value !== 'string' || !field!.options?.includes(value)) throw bad('field-not-listed');
      return [set(path, value)];
    default:
      throw bad('field-unknown-type');
  }
}

export function tick(d: Doing, id: string, done: boolean): Edit[] {
  require(may(d, { do: 'tick' }));
  const item = d.job.checklist.find((i) => i.uuid === id);
  if (!item) throw new NotValid('no-item', `checklist.${id}`);
  if (item.done === done) return [];
  const at = (key: string) => ['checklist', id, key];
  return done
    ? [set(at('done'), true), set(at('done_at'), d.now), set(at('by'), d.who.user)]
    : [set(at('done'), false), drop(at('done_at')), drop(at('by'))];
}

export function comment(d: Doing, id: string, words: string): Edit[] {
  require(may(d, { do: 'comment' }));
  if (!words) throw new NotValid('comment-empty', 'text');
  checkText(words, 'text');
  return [{ op: 'map', path: ['comments'] }, set(['comments', id], { text: new SharedString(words), by: d.who.user, happened_at: d.now })];
}

export function editComment(d: Doing, id: string, words: string): Edit[] {
  require(may(d, { do: 'edit-comment', comment: id }));
  if (!words) throw new NotValid('comment-empty', 'text');
  checkText(words, 'text');
  return [{ op: 'text', path: ['comments', id, 'text'], text: words }];
}

export function removeComment(d: Doing, id: string): Edit[] {
  require(may(d, { do: 'edit-comment', comment: id }));
  return [drop(['comments', id])];
}

export function attach(d: Doing, a: Attachment): Edit[] {
  require(may(d, a.field ? { do: 'fill', field: a.field } : { do: 'attach' }));
  if (a.field) {
    const { field } = fieldOf(d, a.field);
    const files = Array.isArray(field!.value) ? field!.value.length : 0;
    if (!isFileField(field!.field_type)) throw new NotValid('not-by-files', 'field');
    if (field!.field_type === 'photo' && files >= maxPhotos) throw new NotValid(because('photos-full', { field: field!.name, most: maxPhotos }), 'field');
    if (field!.field_type === 'signature' && files > 0) throw new NotValid(because('signed-already', { field: field!.name }), 'field');
  }
  const { uuid, taken_at, location, ...rest } = a;
  return [{ op: 'map', path: ['attachments'] }, set(['attachments', uuid], compact({
    ...rest, name: a.name?.slice(0, maxLine), by: d.who.user, taken_at: taken_at ? new Date(taken_at) : undefined, location: location ? locationValue(location) : undefined,
  }))];
}

export function removeAttachment(d: Doing, id: string): Edit[] {
  require(may(d, { do: 'remove-attachment', attachment: id }));
  return [drop(['attachments', id])];
}

export function settle(d: Doing, id: string, seen: Clash, choice: number): Edit[] {
  require(may(d, { do: 'settle', clash: seen }));
  const c = d.clashes.find((x) => x.field === seen.field && x.kind === seen.kind)!;
  const wanted = seen.values[choice];
  // By what was shown, not by its place: others may have joined the clash meanwhile.
  const at = c.values.findIndex((v) => (c.kind === 'status' ? v.event?.uuid === wanted?.event?.uuid : JSON.stringify(v.value) === JSON.stringify(wanted?.value)));
  if (at < 0) throw new NotValid('clash-changed', seen.field);
  if (c.kind === 'status') {
    const e = events(d.root['status_log']).find((x) => x.id === c.values[at]!.event!.uuid)!;
    if (!next(outcomeOf(d), classOf(d.part)).includes(e.status as Status)) throw new NotAllowed('statuses-of-worker');
    return event(d, id, { status: e.status, note: e.note, resolution: e.resolution, at: d.now });
  }
  if (c.kind === 'entries') {
    const [winner, ...others] = c.raw;
    const have = isMap(winner) ? winner : {};
    const lacking = Object.fromEntries(others.flatMap((o) => (isMap(o) ? Object.entries(o) : [])).filter(([k]) => !Object.hasOwn(have, k)).reverse());
    return Object.entries(lacking).map(([k, v]) => set([...c.path, k], rewritten(v)));
  }
  const edits = [set(c.path, rewritten(c.raw[at]))];
  if (c.path[0] === 'checklist' && c.path[2] === 'done' && c.raw[at] !== true) edits.push(drop([...c.path.slice(0, 2), 'done_at']), drop([...c.path.slice(0, 2), 'by']));
  return edits;
}

export function checkText(s: string, field: string): void {
  if (s.length > maxText) throw new NotValid(because('too-long', { most: maxText }), field);
}

export function checkLine(v: unknown, field: string): string {
  const s = text(v);
  if (s === undefined) throw new NotValid('no-text', field);
  if (s.length > maxLine) throw new NotValid(because('too-long', { most: maxLine }), field);
  // eslint-disable-next-line no-control-regex -- they are what is looked for
  if (/[\u0000-\u001f\u007f]/.test(s)) throw new NotValid('one-line', field);
  return s;
}

