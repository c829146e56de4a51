import { ApiError, type Schemas } from '@fieldsync/sdk';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { api, tagged, type Tagged } from '../api/rest.ts';
import { readSearch, type JobSearch } from './filters.ts';

/** A list that somebody gave a name. */
export interface View {
  name: string;
  search: JobSearch;
}

interface Kept {
  views: View[];
  /** The tag of this state. */
  tag: string;
}

type Change = (views: View[]) => View[];

const attempts = 3; // of a change while another browser of the same person changes too
const viewsKey = (user: string): readonly unknown[] => ['views', user];

const kept = ({ data, tag }: Tagged<Schemas['Views']>): Kept => ({ tag, views: (data.views ?? []).map((v) => ({ name: v.name, search: readSearch(v.search) })) });

/** Reads the views that the server keeps. What was kept in this browser, before there was a place for them there, goes along. */
async function read(user: string, signal?: AbortSignal): Promise<Kept> {
  const now = kept(await tagged(api.GET('/api/v1/me/views', { signal: signal ?? null })));
  const here = ofThisBrowser(user);
  if (here.length === 0) return now;
  try {
    const moved = await change(now, (views) => join(views, here));
    localStorage.removeItem(storageKey(user));
    return moved;
  } catch {
    return { ...now, views: join(now.views, here) }; // they stay here until they can go
  }
}

const join: (views: View[], here: View[]) => View[] = (views, here) => [...views, ...here.filter((v) => !views.some((w) => w.name === v.name))];

/** Makes a change of the newest state: one that another browser was faster with is made on what is there then. */
async function change(from: Kept, make: Change): Promise<Kept> {
  for (let i = 1; ; i++) {
    try {
      return kept(await tagged(api.PUT('/api/v1/me/views', { params: { header: { 'If-Match': from.tag } }, body: { views: make(from.views).map((v) => ({ name: v.name, search: { ...v.search } })) } })));
    } catch (err) {
      if (!(err instanceof ApiError) || err.status !== 412 || i === attempts) throw err;
      from = kept(await tagged(api.GET('/api/v1/me/views')));
    }
  }
}

const storageKey = (user: string): string => `fieldsync.views.${user}`;

/** The views that an earlier version kept in this browser. What is no list of views is none. */
export function ofThisBrowser(user: string): View[] {
  try {
    const stored = JSON.parse(localStorage.getItem(storageKey(user)) ?? '[]') as unknown;
    if (!Array.isArray(stored)) return [];
    return (stored as View[]).filter((v) => typeof v?.name === 'string' && v.name !== '').map((v) => ({ name: v.name, search: readSearch({ ...v.search }) }));
  } catch {
    return [];
  }
}

/** useViews are the views that a person keeps, in every browser, and a way to change them: it is seen at once, and taken back if it is refused. */
export function useViews(user: string): [View[], (make: Change) => Promise<void>] {
  const client = useQueryClient();
  const queryKey = viewsKey(user);
  const { data } = useQuery({ queryKey, queryFn: ({ signal }) => read(user, signal), staleTime: 30_000 });
  const save = async (make: Change): Promise<void> => {
    const before = client.getQueryData<Kept>(queryKey) ?? (await client.fetchQuery<Kept>({ queryKey, queryFn: () => read(user) }));
    await client.cancelQueries({ queryKey });
    client.setQueryData(queryKey, { ...before, views: make(before.views) });
    try {
      client.setQueryData(queryKey, await change(before, make));
    } catch (err) {
      client.setQueryData(queryKey, before);
      throw err;
    }
  };
  return [data?.views ?? [], save];
}
