import { because, type OwnReason, type ReasonCode } from '../reasons.ts';
import type { Part, Role } from '../types.ts';
import { events, outcome } from './status.ts';
import { entries, isMap, own, str, type Tree } from './values.ts';

/** The parts of a document that have rules of their own (docs/SECURITY.md, Who may do what). */
export type Place =
  | 'kind' | 'plan' | 'assignees' | 'assignee' | 'log' | 'event' | 'in-event' | 'comments' | 'comment' | 'in-comment'
  | 'files' | 'file' | 'in-file' | 'tick' | 'answer' | 'card' | 'opaque';

export type Verb = 'add' | 'set' | 'delete' | 'edit' | 'increment';

export interface Write {
  readonly place: Place;
  readonly verb: Verb;
  /** The entry was added by its author; an assignee is its author. */
  readonly own?: boolean;
  /** The entry is added by the same change. */
  readonly fresh?: boolean;
  /** A status beyond published stands. */
  readonly underWay?: boolean;
}

type Grant = { readonly always?: readonly Verb[]; readonly own?: readonly Verb[]; readonly fresh?: readonly Verb[]; readonly planning?: true };

const all: readonly Verb[] = ['add', 'set', 'delete', 'edit', 'increment'];
const anything: Grant = { always: all };
const added: Grant = { always: ['add'] };
const ownEntries: Grant = { always: ['add'], own: all };
const inOwn: Grant = { own: all };
const once: Grant = { fresh: all };

/** What each part may do in each place. What is not there is not allowed. */
const table: Record<Place, Partial<Record<Part, Grant>>> = {
  kind: {},
  plan: { creator: { always: all, planning: true }, planner: anything },
  assignees: { creator: { always: ['add'], planning: true }, planner: anything },
  assignee: { creator: { own: all, planning: true }, planner: anything },
  log: { editor: added, creator: added, planner: added },
  event: { editor: added, creator: added, planner: added },
  'in-event': { editor: once, creator: once, planner: once },
  comments: { viewer: added, editor: added, creator: added, planner: anything },
  comment: { viewer: ownEntries, editor: ownEntries, creator: ownEntries, planner: anything },
  'in-comment': { viewer: inOwn, editor: inOwn, creator: inOwn, planner: anything },
  files: { editor: added, creator: added, planner: anything },
  file: { editor: ownEntries, creator: ownEntries, planner: anything },
  'in-file': { editor: inOwn, creator: inOwn, planner: anything },
  tick: { editor: anything, creator: anything, planner: anything },
  answer: { editor: anything, creator: anything, planner: anything },
  card: { planner: anything },
  opaque: { creator: anything, planner: anything },
};

/** Whether somebody may make a write. */
export function mayWrite(part: Part, w: Write): boolean {
  const g = table[w.place][part];
  if (!g || (g.planning && w.underWay)) return false;
  return Boolean(g.always?.includes(w.verb) || (w.own && g.own?.includes(w.verb)) || (w.fresh && g.fresh?.includes(w.verb)));
}

/** Whether somebody may add an event with a status; takingBack: it comes after events of his own alone. */
export function maySetStatus(part: Part, status: string, takingBack = false): boolean {
  if (part === 'planner') return true;
  if (part !== 'editor' && part !== 'creator') return false;
  return ['en_route', 'started', 'paused', 'finished'].includes(status) || (takingBack && ['scheduled', 'published'].includes(status));
}

/** The place of a path: keys from the root. */
export function placeOf(kind: string, path: readonly string[]): Place {
  const [root, , key] = path;
  if (root === 'kind') return 'kind';
  if (['template', 'client', 'site'].includes(kind)) return 'card';
  if (kind !== 'job') return 'opaque';
  const three = <T extends Place>(...places: readonly [T, T, T]) => places[Math.min(path.length, 3) - 1]!;
  switch (root) {
    case 'assignees':
      return path.length === 1 ? 'assignees' : 'assignee';
    case 'status_log':
      return three<Place>('log', 'event', 'in-event');
    case 'comments':
      return three<Place>('comments', 'comment', 'in-comment');
    case 'attachments':
      return three<Place>('files', 'file', 'in-file');
    case 'checklist':
      return key === 'done' || key === 'done_at' || key === 'by' ? 'tick' : 'plan';
    case 'report_fields':
      return key === 'value' ? 'answer' : 'plan';
    default:
      return 'plan';
  }
}

/** What somebody is to a document, as far as its replica tells. made: it was made here, by him. */
export function partOf(root: Tree, who: { readonly user: string; readonly role: Role }, made = false): Part {
  switch (who.role) {
    case 'owner':
    case 'administrator':
    case 'dispatcher':
      return 'planner';
    case 'director':
      return 'onlooker';
  }
  if (made) return 'creator';
  if (str(root['kind']) !== 'job') return 'onlooker';
  const mine = isMap(root['assignees']) ? root['assignees'][who.user] : undefined;
  if (!isMap(mine)) return 'onlooker'; // taken off: what was done before is still delivered; more is not begun
  return mine['edit'] === true ? 'editor' : 'viewer';
}

/** Whether a status beyond published stands. */
export function underWay(root: Tree): boolean {
  return outcome(events(root['status_log'])).standing.some((e) => e.status !== 'scheduled' && e.status !== 'published');
}

/** Whether the worker's report is open: started, paused or finished stands. */
export function reportOpen(root: Tree): boolean {
  return outcome(events(root['status_log'])).standing.some((e) => ['started', 'paused', 'finished'].includes(e.status));
}

/** Whether an entry is this person's, by the name that it is signed with. */
export function signed(root: Tree, list: 'comments' | 'attachments', id: string, user: string): boolean {
  return entries(root[list]).some(([key, e]) => key === id && str(e['by']) === user);
}

const planning: Record<string, ReasonCode> = {
  assignees: 'assignees-by-dispatcher',
  scheduled_at: 'schedule-by-dispatcher', scheduled_duration: 'schedule-by-dispatcher',
  title: 'task-by-dispatcher', description: 'task-by-dispatcher', type: 'task-by-dispatcher', template: 'task-by-dispatcher', skills: 'task-by-dispatcher',
  address: 'place-by-dispatcher', site: 'place-by-dispatcher', territory: 'place-by-dispatcher',
  client: 'client-by-dispatcher', contacts: 'client-by-dispatcher',
  possible_resolutions: 'resolutions-by-dispatcher', resolution: 'resolutions-by-dispatcher',
  custom_fields: 'fields-by-dispatcher', report_fields: 'report-by-dispatcher', checklist: 'checklist-by-dispatcher',
};

/** Why somebody may not make a write. key: the root's key that it is under. */
export function why(part: Part, w: Write, key = ''): OwnReason {
  return because(codeOf(part, w, key));
}

function codeOf(part: Part, w: Write, key: string): ReasonCode {
  if (part === 'onlooker') return w.place === 'card' ? 'cards-by-dispatcher' : 'onlooker';
  switch (w.place) {
    case 'kind':
      return 'kind-stays';
    case 'log':
    case 'event':
    case 'in-event':
      return part === 'viewer' && w.verb === 'add' && w.place !== 'in-event' ? 'status-by-editor' : 'log-stays';
    case 'comments':
      return 'comments-stay';
    case 'comment':
    case 'in-comment':
      return 'comment-by-author';
    case 'files':
    case 'file':
    case 'in-file':
      if (part === 'viewer') return 'files-by-editor';
      return w.place === 'files' ? 'files-stay' : 'file-by-author';
    case 'tick':
      return 'ticks-by-editor';
    case 'answer':
      return 'report-by-editor';
    case 'card':
      return 'cards-by-dispatcher';
    case 'opaque':
      return 'document-by-maker';
    case 'assignee':
    case 'assignees':
      if (part === 'creator' && !w.underWay) return 'maker-assigns-himself';
  }
  if (part === 'creator') return 'under-way-by-dispatcher';
  return own(planning, key) ?? 'plan-by-dispatcher';
}
