import { useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useMemo, useRef } from 'react';
import { api, ask, given } from '../api/rest.ts';
import { useJobEvents, type Heard, type Liveness } from '../api/live.ts';
import type { Row } from '../api/types.ts';
import { filtersOf, queryOf, sortOf, type JobSearch } from './filters.ts';
import { merge, type Pages } from './merge.ts';

const pageSize = 100;
const recount = 2000; // ms at least between two countings

export interface Jobs {
  rows: Row[];
  total: number | undefined;
  liveness: Liveness;
  /** Rows that came or changed a moment ago. */
  fresh: ReadonlySet<string>;
  error: unknown;
  loading: boolean;
  more: boolean;
  readMore: () => void;
  retry: () => void;
}

/** useJobs reads a list page by page and keeps it as it is on the server. */
export function useJobs(search: JobSearch): Jobs {
  const client = useQueryClient();
  const text = JSON.stringify(search);
  // eslint-disable-next-line react-hooks/exhaustive-deps -- text is search
  const { filters, asked, sort } = useMemo(() => ({ filters: filtersOf(search), asked: queryOf(search), sort: sortOf(search) }), [text]);
  const key = useMemo(() => ['jobs', text], [text]);
  const query = useInfiniteQuery({
    queryKey: key,
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) => ask(api.GET('/api/v1/jobs', { params: { query: { ...asked, ...given({ cursor: pageParam }), limit: pageSize } }, signal })),
    getNextPageParam: (page) => page.next,
    staleTime: Infinity, // it is followed
    gcTime: 0, // and read anew by who comes back, not followed from long ago
    refetchOnWindowFocus: false,
  });
  const countKey = useMemo(() => ['jobs-total', text], [text]);
  const { data: total } = useQuery({
    queryKey: countKey,
    queryFn: async ({ signal }) => (await ask(api.GET('/api/v1/jobs', { params: { query: { ...filters, ...given({ q: search.q }), limit: 1, total: true } }, signal }))).total ?? null,
    staleTime: Infinity,
    gcTime: 0,
  });

  const fresh = useRef<ReadonlySet<string>>(new Set());
  const later = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => () => clearTimeout(later.current), [text]);
  const hear = useCallback(
    (heard: Heard) => {
      fresh.current = new Set(heard.jobs.map((r) => r.id));
      client.setQueryData<Pages>(key, (data) => data && merge(data, heard, sort === 'relevance' ? undefined : sort));
      later.current ??= setTimeout(() => {
        later.current = undefined;
        void client.invalidateQueries({ queryKey: countKey });
        const data = client.getQueryData<Pages>(key);
        // of words only the server knows what matches: what is little is read again
        if (search.q && data && data.pages.length <= 2) void client.invalidateQueries({ queryKey: key });
      }, recount);
    },
    [client, key, countKey, sort, search.q],
  );
  const resync = useCallback(() => void client.resetQueries({ queryKey: key }), [client, key]);
  const liveness = useJobEvents(filters, query.data?.pages[0]?.sequence, hear, resync);

  const rows = useMemo(() => query.data?.pages.flatMap((page) => page.jobs) ?? [], [query.data]);
  const { hasNextPage, isFetching, fetchNextPage, refetch } = query;
  const readMore = useCallback(() => {
    if (hasNextPage && !isFetching) void fetchNextPage();
  }, [hasNextPage, isFetching, fetchNextPage]);
  return {
    rows,
    total: total ?? (query.data && !hasNextPage ? rows.length : undefined),
    liveness,
    fresh: fresh.current,
    error: query.error,
    loading: query.isPending,
    more: hasNextPage,
    readMore,
    retry: () => void refetch(),
  };
}
