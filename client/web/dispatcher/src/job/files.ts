import { queryOptions } from '@tanstack/react-query';
import { ask, BASE, search } from '../api/http.ts';
import type { Attachment, FileState } from '../api/types.ts';

export type Variant = 'thumbnail' | 'preview' | 'file';

/** The server's address of a file of a job; `shown` where the page shows it, else to be kept. */
export function fileAddress(job: string, sha256: string, how: { shown?: boolean; name?: string | undefined } = {}): string {
  return `${BASE}/files/${sha256}${search({ job, inline: how.shown, name: how.name })}`;
}

/** The smallest picture that serves a variant. */
export function pictureOf(a: Attachment, variant: Variant): { kind: Variant; sha256: string } {
  if (variant === 'thumbnail' && a.thumbnail_sha256) return { kind: 'thumbnail', sha256: a.thumbnail_sha256 };
  if (variant !== 'file' && a.preview_sha256) return { kind: 'preview', sha256: a.preview_sha256 };
  return { kind: 'file', sha256: a.sha256 };
}

export const isPicture = (a: Attachment): boolean => (a.media_type ?? '').startsWith('image/') && a.media_type !== 'image/svg+xml';

export interface FileStates {
  files: FileState[];
  more?: boolean;
}

/** Where each file of a job is. It is asked for as long as some are on their way. */
export const filesQuery = (job: string, attachments: readonly Attachment[]) =>
  queryOptions({
    queryKey: ['files', job, attachments.map((a) => a.uuid).join()],
    queryFn: ({ signal }) => ask<FileStates>(`/jobs/${job}/files`, { signal }),
    enabled: attachments.length > 0,
    refetchInterval: (query) => (query.state.data?.files.some((f) => f.state === 'promised' || f.state === 'arriving') ? 2500 : false),
    staleTime: 2000,
  });

/** The state of one file of an attachment. */
export const stateOf = (states: FileStates | undefined, attachment: string, kind: Variant): FileState | undefined => states?.files.find((f) => f.attachment === attachment && f.kind === kind);
