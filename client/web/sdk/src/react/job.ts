import { useEffect, useMemo, useState } from 'react';
import type { JobHandle, News, Present, Receipt, SharedText } from '../api.ts';
import { fixed, paced } from '../watched.ts';
import type { DocumentId, Heads, Job, Part } from '../types.ts';
import { useClient } from './context.ts';
import { useWatched } from './watched.ts';

export interface OpenJob {
  readonly handle: JobHandle | undefined;
  readonly state: 'loading' | 'ready' | 'unavailable';
  readonly job: Job | undefined;
  readonly part: Part;
  readonly news: readonly News[];
}

const loading = fixed('loading' as const);
const nothing = fixed(undefined);
const onlooker = fixed('onlooker' as Part);
const noNews = fixed<readonly News[]>([]);

/** Opens a job while the component is there. */
export function useJob(id: DocumentId): OpenJob {
  const client = useClient();
  const ready = useWatched(client.ready);
  const [handle, setHandle] = useState<JobHandle>();
  useEffect(() => {
    if (!ready) return undefined;
    const opened = client.open(id);
    // eslint-disable-next-line react-hooks/set-state-in-effect -- a handle that was opened while rendering might never be closed
    setHandle(opened);
    return () => {
      setHandle(undefined);
      opened.close();
    };
  }, [client, id, ready]);
  const current = handle?.id === id ? handle : undefined;
  return {
    handle: current,
    state: useWatched<OpenJob['state']>(current?.state ?? loading),
    job: useWatched<Job | undefined>(current?.job ?? nothing),
    part: useWatched(current?.part ?? onlooker),
    news: useWatched(current?.news ?? noNews),
  };
}

const noText = fixed('');

/** A text of an open job, and the means to edit it. The path's keys are compared, not the array. */
export function useJobText(handle: JobHandle | undefined, path: readonly string[]): { readonly value: string; readonly text: SharedText | undefined } {
  const key = path.join('\u0000');
  const text = useMemo(() => handle?.text(key.split('\u0000')), [handle, key]);
  return { value: useWatched(text?.value ?? noText), text };
}

const nobody = fixed<readonly Present[]>([]);

/** Who else has the job open. One is seen oneself while the component is there. */
export function usePresence(handle: JobHandle | undefined): readonly Present[] {
  useEffect(() => {
    handle?.presence.announce();
    return () => handle?.presence.leave();
  }, [handle]);
  return useWatched(handle?.presence.others ?? nobody);
}

const receiptRests = 1_000; // ms between two receipts that are drawn: whoever types needs the processor for the letters

/** Where what was done until some heads has got to; undefined: not known yet. */
export function useReceipt(handle: JobHandle | undefined, heads?: Heads): Receipt | undefined {
  const key = heads?.join();
  const receipt = useMemo(() => handle?.receipt(key === undefined ? undefined : key.split(',')), [handle, key]);
  return useWatched(useMemo(() => paced<Receipt | undefined>(receipt ?? nothing, receiptRests), [receipt]));
}
