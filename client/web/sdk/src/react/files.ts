import { useMemo } from 'react';
import type { Files, FileVariant, FileView } from '../api.ts';
import type { Attachment, DocumentId } from '../types.ts';
import { useClient } from './context.ts';
import { useWatched } from './watched.ts';

export const useFiles = (): Files => useClient().files;

/** A file of a job, and where it is. */
export function useFile(job: DocumentId, attachment: Attachment, variant: FileVariant): FileView {
  const files = useFiles();
  const { uuid, sha256 } = attachment;
  // An attachment never changes but for its name and field: its id and hash say which it is.
  // eslint-disable-next-line react-hooks/exhaustive-deps -- uuid and sha256 are the attachment
  const view = useMemo(() => files.view(job, attachment, variant), [files, job, uuid, sha256, variant]);
  return useWatched(view);
}
