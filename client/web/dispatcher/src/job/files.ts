import { addressOf } from '@fieldsync/sdk';
import { queryOptions } from '@tanstack/react-query';
import { api, ask, given } from '../api/rest.ts';
import type { Attachment, FileState, FileStates } from '../api/types.ts';

export type Variant = 'thumbnail' | 'preview' | 'file';

/** The server's address of a file of a job; `shown` where the page shows it, else to be kept. */
export function fileAddress(job: string, sha256: string, how: { shown?: boolean; name?: string | undefined } = {}): string {
  return addressOf('/api/v1/files/{sha256}', { path: { sha256 }, query: { job, ...given({ inline: how.shown, name: how.name }) } });
}

/** The smallest picture that serves a variant. */
export function pictureOf(a: Attachment, variant: Variant): { kind: Variant; sha256: string } {
  if (variant === 'thumbnail' && a.thumbnail_sha256) return { kind: 'thumbnail', sha256: a.thumbnail_sha256 };
  if (variant !== 'file' && a.preview_sha256) return { kind: 'preview', sha256: a.preview_sha256 };
  return { kind: 'file', sha256: a.sha256 };
}

export const isPicture = (a: Attachment): boolean => (a.media_type ?? '').startsWith('image/') && a.media_type !== 'image/svg+xml';

/** Where each file of a job is. It is asked for as long as some are on their way. */
export const filesQuery = (job: string, attachments: readonly Attachment[]) =>
  queryOptions({
    queryKey: ['files', job, attachments.map((a) => a.uuid).join()],
    queryFn: ({ signal }) => ask(api.GET('/api/v1/jobs/{id}/files', { params: { path: { id: job } }, signal })),
    enabled: attachments.length > 0,
    refetchInterval: (query) => (query.state.data?.files.some((f) => f.state === 'promised' || f.state === 'arriving') ? 2500 : false),
    staleTime: 2000,
  });

/** The state of one file of an attachment. */
export const stateOf = (states: FileStates | undefined, attachment: string, kind: Variant): FileState | undefined => states?.files.find((f) => f.attachment === attachment && f.kind === kind);
