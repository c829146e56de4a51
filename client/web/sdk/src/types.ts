import type { components } from './rest/schema.ts';

type Schemas = components['schemas'];

/** A document's id: base58check, as in an automerge-repo URL. */
export type DocumentId = string;
/** The hash of a change, hexadecimal. */
export type ChangeHash = string;
/** The newest changes of a document: they name a state of it. */
export type Heads = readonly ChangeHash[];

export type Status = 'scheduled' | 'published' | 'en_route' | 'started' | 'paused' | 'finished' | 'cancelled';
export type Role = 'owner' | 'administrator' | 'dispatcher' | 'worker' | 'director';

/** What somebody is to a job (docs/SECURITY.md): reads at most; looks on; edits; made it as a worker; plans. */
export type Part = 'onlooker' | 'viewer' | 'editor' | 'creator' | 'planner';

export type Address = Schemas['Address'];
export type Assignee = Schemas['Assignee'];
export type Attachment = Schemas['Attachment'];
export type ChecklistItem = Schemas['Item'];
export type Clash = Schemas['Clash'];
export type ClashValue = Schemas['ClashValue'];
export type Comment = Schemas['Comment'];
export type Contact = Schemas['Contact'];
export type Field = Schemas['Field'];
export type FieldValue = string | number | boolean | string[] | null | undefined;
export type FileState = Schemas['FileState'];
export type HistoryEntry = Schemas['HistoryEntry'];
export type Location = Schemas['Location'];
export type PossibleResolution = Schemas['PossibleResolution'];
export type Ref = Schemas['Ref'];
export type Resolution = Schemas['Resolution'];
export type StatusEvent = Schemas['Event'];
export type Timestamps = Schemas['Timestamps'];
export type OrganisationSettings = Schemas['Settings'];
/** A row of the server's lists. */
export type Row = Schemas['Row'];

/**
 * A job in its JSON form (docs/JOB.md), as the API gives it: times are RFC 3339 in UTC, entries are lists in their order. What only the
 * server knows of one is optional here, so that a job read from the replica and one read by the API have one type.
 */
export type Job = Omit<Schemas['Job'], ServerOnly | 'status' | 'next_statuses'> &
  Partial<Pick<Schemas['Job'], ServerOnly>> & { status: Status; next_statuses: Status[] };
type ServerOnly = 'created_by' | 'updated_at' | 'version' | 'url';

/** Who is signed in. */
export interface Identity {
  readonly user: string;
  readonly name: string;
  readonly role: Role;
  readonly org: string;
  readonly device: string;
}

/** Something that can be looked at now and watched: what React's useSyncExternalStore takes. get gives the same object until it changes. */
export interface Watched<T> {
  get(): T;
  /** Calls back after each change; the answer ends that. */
  subscribe(listener: () => void): () => void;
}
