/**
 * What the SDK says in words, by its code: the English of it, where `{{name}}` stands for a parameter. It is the English catalogue of an app, too; an app that speaks
 * another language has an entry for each code. Codes are only ever added. Where `status` and `to` are parameters they are statuses as the job has them (`en_route`).
 */
export const reasons = {
  // Who may do what (docs/SECURITY.md)
  onlooker: 'Whoever looks on changes nothing.',
  'cards-by-dispatcher': 'Only a dispatcher changes templates, clients and sites.',
  'kind-stays': 'What a document is was said when it was made, and stays.',
  'status-by-editor': 'The status is set by the worker with edit access.',
  'log-stays': 'An entry of the status log is never changed or removed: add another one.',
  'comments-stay': 'The comments stay: each is changed or removed by itself.',
  'comment-by-author': 'A comment is changed or removed by who wrote it.',
  'files-by-editor': 'Files are added by the worker with edit access.',
  'files-stay': 'The files stay: each is changed or removed by itself.',
  'file-by-author': 'A file is changed or removed by who added it.',
  'ticks-by-editor': 'The checklist is ticked by the worker with edit access.',
  'report-by-editor': 'The report is filled in by the worker with edit access.',
  'document-by-maker': 'Only who made this document, or a dispatcher, changes it.',
  'maker-assigns-himself': 'Whoever makes a job may assign himself; a dispatcher assigns the others.',
  'under-way-by-dispatcher': 'A job that is under way is planned by a dispatcher.',
  'assignees-by-dispatcher': 'Only a dispatcher says who has a job.',
  'schedule-by-dispatcher': 'Only a dispatcher changes when a job is scheduled.',
  'task-by-dispatcher': 'Only a dispatcher changes what is to be done.',
  'place-by-dispatcher': 'Only a dispatcher changes where a job is.',
  'client-by-dispatcher': 'Only a dispatcher changes whom a job is for.',
  'resolutions-by-dispatcher': 'Only a dispatcher changes which resolutions a job can have.',
  'fields-by-dispatcher': 'Only a dispatcher fills in the fields of the office.',
  'report-by-dispatcher': 'Only a dispatcher changes what the report asks for.',
  'checklist-by-dispatcher': 'Only a dispatcher changes what is on the checklist.',
  'plan-by-dispatcher': 'Only a dispatcher changes this part of a job.',
  'statuses-of-worker': 'A worker sets a job en route, started, paused or finished; the rest is a dispatcher’s.',
  'field-by-dispatcher': 'This is filled in by the dispatcher.',
  'making-by-dispatcher': 'In your organisation a dispatcher makes such jobs.',
  // The state of the job
  'status-already': 'It is “{{status}}” already.',
  'status-by-dispatcher': 'It is “{{status}}”; only a dispatcher can make it “{{to}}”.',
  'status-unreachable': 'It is “{{status}}” and cannot become “{{to}}” from there.',
  'again-by-dispatcher': 'Only a dispatcher can make it “{{status}}” again.',
  'nothing-to-take-back': 'There is nothing to take back.',
  'no-status-before': 'There was no status before this one.',
  'assignees-fixed': 'Who does a job is fixed once it is started.',
  'report-not-open': 'The report opens when the job is started.',
  'no-clash': 'It does not clash any more.',
  'clash-changed': 'It does not clash with this value any more.',
  'no-field': 'There is no such field.',
  'no-item': 'There is no such item.',
  'job-not-here': 'This job is not on this device, and the server does not give it.',
  'job-loading': 'This job is still loading.',
  'state-not-here': 'This state of the job is not on this device.',
  'template-not-here': 'This template is not on this device.',
  'work-gone': 'This work is not there any more.',
  'history-too-long': 'This job’s history is too long to undo a part of it here.',
  'history-unreadable': 'Something in this job’s history cannot be read here, so that no part of it is undone here.',
  'no-change': 'There is no such change on this device.',
  'all-changed-since': 'Nothing is left to undo of this change: all of it was changed since.',
  'making-stays': 'What made a document cannot be undone.',
  'too-much-to-undo': 'This change wrote to too many places to be undone at once.',
  'status-set-since': 'The status was set again since: set the one that you want instead.',
  // What is given
  'resolution-unasked': 'A resolution is for a job that is finished.',
  'resolution-missing': 'Say how the job ended.',
  'resolution-unknown': 'This is none of the possible resolutions.',
  'note-missing': '“{{resolution}}” needs a note.',
  'answer-missing': '“{{field}}” is required before the job is finished.',
  'field-by-files': '{{field}}: is answered by files.',
  'field-no-text': '{{field}}: is a text.',
  'field-no-number': '{{field}}: is a number.',
  'field-no-yes-no': '{{field}}: is yes or no.',
  'field-no-day': '{{field}}: is a day, like 2026-11-24.',
  'field-not-listed': '{{field}}: is one of the list.',
  'field-unknown-type': '{{field}}: cannot be filled in by this version.',
  'comment-empty': 'A comment needs words.',
  'not-by-files': 'This is not answered by files.',
  'photos-full': '“{{field}}” has {{most}} photos already.',
  'signed-already': '“{{field}}” is signed already; remove that signature first.',
  'too-long': 'Longer than {{most}} characters.',
  'one-line': 'One line, please.',
  'no-text': 'This is a text.',
  'read-only': 'This is read-only.',
  'not-known': 'This is not known here.',
  'number-too-large': 'This number is too large.',
  'no-flag': 'This is true or false.',
  'no-time': 'This is a time, like 2026-11-24T09:30:00Z.',
  'no-minutes': 'This is a whole number of minutes.',
  'no-address': 'This is an address.',
  'no-position': 'This is a latitude and a longitude.',
  'no-object': 'This is an object.',
  'no-names': 'This is a list of names.',
  'no-user': 'This is a user.',
  'no-users': 'This is a list of users.',
  'one-editor': 'Exactly one of them fills in the report.',
  'no-entries': 'This is a list of entries.',
  'no-entry': 'This is an entry.',
  'video-with-place': 'Your organisation wants no places in recordings, and they cannot be taken out of this video here.',
  'photo-unreadable': 'Your organisation wants no places in photos, and this browser cannot read the photo. Set the camera to “most compatible”.',
  'picture-too-large': 'This picture is too large.',
  'picture-not-drawn': 'This picture cannot be drawn.',
  // The way to the server
  'signed-out': 'You are signed out.',
  'replica-opening': 'You are signed out, or the replica is still opening.',
  'wrong-password': 'This login and password do not fit together.',
  'too-many-attempts': 'There were too many attempts. Try again later.',
  unreachable: 'The server cannot be reached.',
  'not-the-server': 'Something else answers in the server’s place. Does this network want you to sign in to it first?',
  'session-stays-open': 'The server cannot be reached, so that the session would stay open there.',
  'connection-ended': 'The server ended the connection ({{code}}).',
  'connection-broke': 'The connection broke.',
  'sync-takes-long': 'The sync takes longer than usual; it goes on.',
  failed: 'The server answered {{status}}.',
  mismatch: 'The file was damaged on its way.',
  'file-gone': 'The file is not on this device any more.',
  'part-not-loaded': 'A part of the app could not be loaded. If it stays so, load the app again.',
} as const;

export type ReasonCode = keyof typeof reasons;

type Names<Text> = Text extends `${string}{{${infer Name}}}${infer Rest}` ? Name | Names<Rest> : never;
/** What parameters there are. */
export type ReasonParam = Names<(typeof reasons)[ReasonCode]>;

/** Why something is not done, or was not: for programs and for other languages. The same in English stands beside it. */
export interface Reason {
  /** One of `reasons`, or what the server calls it. */
  readonly code: string;
  /** What stands for the parameters. */
  readonly params?: Readonly<Record<string, string | number>>;
}

/** A reason of the SDK's own. */
export interface OwnReason extends Reason {
  readonly code: ReasonCode;
}

/** Whether there is an entry for a code. */
export const isReasonCode = (code: string): code is ReasonCode => Object.hasOwn(reasons, code);

export const because = (code: ReasonCode, params?: OwnReason['params']): OwnReason => ({ code, ...(params && { params }) });

/** A reason in English. */
export const english = ({ code, params = {} }: OwnReason): string => reasons[code].replaceAll(/\{\{(\w+)\}\}/g, (_, name: string) => String(params[name] ?? '').replaceAll('_', ' '));

const plain = (text: string): string => text.toLowerCase().replaceAll('’', "'").replace(/\.$/, '');

/** What the server says of who may do what is what is said here (access.test.ts): the reason of its sentence, where it is one of ours. */
export function reasonIn(sentence: string): OwnReason | undefined {
  const said = plain(sentence);
  const code = (Object.keys(reasons) as ReasonCode[]).find((c) => plain(reasons[c]) === said);
  return code && { code };
}
