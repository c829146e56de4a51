import { useCallback, useMemo } from 'react';
import { notify } from './notices.ts';
import { useClient, useJobs, useLink, useRefused, useSession, useSync as useSyncState, useUnsent } from '@fieldsync/sdk/react';
import type { Identity, JobRow, OrganisationSettings, SyncState, UnsentItem } from '@fieldsync/sdk';
import { reasonOf, reasonText } from '../i18n/reason.ts';
import type { Row } from '../model/row.ts';

/** Who is signed in. Used below SignedIn only. */
export function useWho(): { who: Identity; settings: OrganisationSettings; confirmed: boolean } {
  const session = useSession();
  if (session.state !== 'signed-in') throw new Error('nobody is signed in');
  return session;
}

/** A row of the SDK as the list shows it. */
export function toRow(j: JobRow, refused: ReadonlySet<string>): Row {
  return {
    id: j.id,
    title: j.title,
    serial: j.serialNo ?? '',
    status: j.status,
    successful: j.resolution?.successful,
    client: j.client ?? '',
    address: j.address ?? '',
    at: j.scheduledAt === undefined ? undefined : Date.parse(j.scheduledAt),
    minutes: j.minutes,
    clash: j.clash,
    news: j.news > 0,
    unsent: j.unsent > 0,
    refused: refused.has(j.id),
    withdrawn: j.withdrawn,
  };
}

/** The jobs on this phone. A row is the same object as long as nothing of it changes, so that a list renders only what did. */
export function useRows(): { rows: readonly Row[]; ready: boolean } {
  const jobs = useJobs();
  const refused = useRefused();
  const { complete } = useSyncState();
  const kept = useMemo(() => new Map<string, Row>(), []);
  const rows = useMemo(() => {
    const of = new Set(refused.map((r) => r.job));
    return jobs
      .filter((j) => j.kind === 'job')
      .map((j) => {
        const row = toRow(j, of);
        const before = kept.get(j.id);
        if (before && (Object.keys(row) as (keyof Row)[]).every((k) => before[k] === row[k])) return before;
        // eslint-disable-next-line react-hooks/immutability -- a memory of objects: what it holds changes no answer but which of two same ones it is
        kept.set(j.id, row);
        return row;
      });
  }, [jobs, refused, kept]);
  return { rows, ready: complete || rows.length > 0 };
}

export interface SyncView {
  state: 'idle' | 'syncing' | 'offline' | 'failed';
  /** When all was last in step; undefined: never on this phone. */
  last: number | undefined;
  reason: string | undefined;
  now: () => void;
}

/** How the sync symbol stands: what runs, then whether there is a network, then how it went. */
export function syncLook(sync: Pick<SyncState, 'running' | 'problem'>, link: 'none' | 'slow' | 'fast'): SyncView['state'] {
  if (sync.running) return 'syncing';
  if (link === 'none') return 'offline';
  return sync.problem === undefined ? 'idle' : 'failed';
}

/** Whether there is no network: the browser says so, or an attempt has failed. While the first one goes on nobody knows. */
export function useOffline(): boolean {
  const link = useLink();
  return link.class === 'none' && (link.retryAt !== undefined || !navigator.onLine);
}

export function useSync(): SyncView {
  const client = useClient();
  const sync = useSyncState();
  const link = useLink();
  const now = useCallback(() => {
    client.syncNow().catch((error: unknown) => notify({ kind: 'warn', text: reasonOf(error) }));
  }, [client]);
  return { state: syncLook(sync, link.class), last: sync.lastSync, reason: sync.problem === undefined ? undefined : reasonText(sync.because, sync.problem), now };
}

export interface UnsentView {
  /** All that has not reached the server, as people count. */
  count: number;
  /** What is not a file, by its job. */
  jobs: { id: string; title: string; items: UnsentItem[] }[];
  changes: number;
  files: UnsentItem[];
  /** Bytes that still have to go. */
  bytes: number;
  seconds: number | undefined;
}

export function useUnsentView(): UnsentView {
  const unsent = useUnsent();
  return useMemo(() => {
    const jobs = new Map<string, UnsentView['jobs'][number]>();
    const files: UnsentItem[] = [];
    for (const item of unsent.items) {
      if (item.kind === 'file') {
        files.push(item);
        continue;
      }
      const job = jobs.get(item.job);
      if (job) job.items.push(item);
      else jobs.set(item.job, { id: item.job, title: item.jobTitle, items: [item] });
    }
    return { count: unsent.count, jobs: [...jobs.values()], changes: unsent.items.length - files.length, files, bytes: unsent.bytes, seconds: unsent.seconds };
  }, [unsent]);
}
