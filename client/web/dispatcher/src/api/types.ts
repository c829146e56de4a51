import type { Job, Role, Schemas, Status } from '@fieldsync/sdk';

/** The JSON forms of the API under the names that these pages use: the SDK has them from the server's own description. */

export type { Job, Role, Status };
export const STATUSES: readonly Status[] = ['scheduled', 'published', 'en_route', 'started', 'paused', 'finished', 'cancelled'];
export const ROLES: readonly Role[] = ['owner', 'administrator', 'dispatcher', 'worker', 'director'];
export type FieldType = 'text' | 'number' | 'yes_no' | 'date' | 'pick_list' | 'action' | 'photo' | 'signature' | 'file';
export const FIELD_TYPES: readonly FieldType[] = ['text', 'number', 'yes_no', 'date', 'pick_list', 'action', 'photo', 'signature', 'file'];

export type Ref = Schemas['Ref'];
export type Address = Schemas['Address'];
export type Contact = Schemas['Contact'];
export type Assignee = Schemas['Assignee'];
export type PossibleResolution = Schemas['PossibleResolution'];
export type Field = Schemas['Field'];
export type Item = Schemas['Item'];
export type Attachment = Schemas['Attachment'];
export type Comment = Schemas['Comment'];
export type Event = Schemas['Event'];
export type Resolution = Schemas['Resolution'];
export type Clash = Schemas['Clash'];
export type ClashValue = Schemas['ClashValue'];
export type Template = Schemas['Template'];
export type Client = Schemas['Client'];
export type Site = Schemas['Site'];
/** A line of a list. */
export type Row = Schemas['Row'];
export type JobPage = Schemas['JobList'];
export type User = Schemas['User'];
export type Organisation = Schemas['Organisation'];
export type Settings = Schemas['Settings'];
export type Me = Schemas['Me'];
export type Device = Schemas['Device'];
/** A message to a device, and what became of it. */
export type PushEntry = Schemas['Entry'];
export const PUSH_RESULTS: readonly PushEntry['result'][] = ['sent', 'later', 'long', 'refused', 'gone', 'dropped', 'expired'];
export type Subscription = Schemas['Subscription'];
/** When one wants to be told, and of what. */
export type Wishes = Schemas['Wishes'];
export type Team = Schemas['Team'];
export type ApiKey = Schemas['APIKey'];
export type LogEntry = Schemas['LogEntry'];
export type Webhook = Schemas['Webhook'];
export type Delivery = Schemas['Delivery'];
export type Effect = Schemas['HistoryEffect'];
export type HistoryEntry = Schemas['HistoryEntry'];
export type History = Schemas['History'];
export type FileState = Schemas['FileState'];
export type FileStates = Schemas['States'];
