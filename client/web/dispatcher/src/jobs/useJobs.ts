import { useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { api, ask, given } from '../api/rest.ts';
import { useJobEvents, type Heard, type Liveness } from '../api/live.ts';
import { ends, missing, type Ends } from './ends.ts';
import { filtersOf, queryOf, sortOf, type JobSearch, type Sort } from './filters.ts';
import { merge, type Pages } from './merge.ts';

const firstPage = 100; // rows: soon there
const pageSize = 200; // rows of the others, as many as the API gives
const ahead = 40; // rows before the edge of what is read at which one reads on
const keeps = 5 * 60_000; // ms for which a list that one has left is there for who comes back
const recount = 2000; // ms at least between two countings

export interface Jobs {
  list: Ends;
  total: number | undefined;
  liveness: Liveness;
  /** Rows that came or changed a moment ago. */
  fresh: ReadonlySet<string>;
  error: unknown;
  loading: boolean;
  /** Reads on where rows from `first` to `last` are not there yet, one page at a time: to be called with each new `need`, too. */
  need: (first: number, last: number) => void;
  /** Reads on at once where it did not succeed. */
  readOn: () => void;
  retry: () => void;
}

const reversed = (sort: Sort): Sort => (sort.startsWith('-') ? sort.slice(1) : `-${sort}`) as Sort;

/** useJobs reads a list page by page, from its beginning on and, where one goes there, from its end back, and keeps it as it is on the server. */
export function useJobs(search: JobSearch): Jobs {
  const client = useQueryClient();
  const text = JSON.stringify(search);
  // eslint-disable-next-line react-hooks/exhaustive-deps -- text is search
  const { filters, asked, sort } = useMemo(() => ({ filters: filtersOf(search), asked: queryOf(search), sort: sortOf(search) }), [text]);
  const exact = useMemo(() => JSON.stringify(asked), [asked]); // of today, where the address says so
  const key = useMemo(() => ['jobs', exact], [exact]);
  const query = useInfiniteQuery({
    queryKey: key,
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) => ask(api.GET('/api/v1/jobs', { params: { query: { ...asked, ...given({ cursor: pageParam }), limit: pageParam ? pageSize : firstPage } }, signal })),
    getNextPageParam: (page) => page.next,
    staleTime: Infinity, // it is followed, by who comes back from where he left it
    gcTime: keeps,
    refetchOnWindowFocus: false,
  });
  // The list in the other order is the list from its end. The best match has no other order.
  const back = sort === 'relevance' ? undefined : reversed(sort);
  const backKey = useMemo(() => ['jobs-back', exact], [exact]);
  const fromEnd = useInfiniteQuery({
    queryKey: backKey,
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) => ask(api.GET('/api/v1/jobs', { params: { query: { ...asked, ...given({ cursor: pageParam, sort: back }), limit: pageSize } }, signal })),
    getNextPageParam: (page) => page.next,
    enabled: false, // until one goes there
    gcTime: keeps,
  });
  const countKey = useMemo(() => ['jobs-total', exact], [exact]);
  const { data: total } = useQuery({
    queryKey: countKey,
    queryFn: async ({ signal }) => (await ask(api.GET('/api/v1/jobs', { params: { query: { ...filters, ...given({ q: search.q }), limit: 1, total: true } }, signal }))).total ?? null,
    staleTime: Infinity,
    refetchOnMount: 'always',
    gcTime: keeps,
  });

  const [fresh, setFresh] = useState<ReadonlySet<string>>(new Set());
  const later = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => () => clearTimeout(later.current), [text]);
  const place = useRef<number>(undefined);
  useEffect(
    () => () => {
      // Whoever comes back goes on from here, not from where the list was read.
      const sequence = place.current;
      if (sequence !== undefined) client.setQueryData<Pages>(key, (data) => data && { ...data, pages: data.pages.map((page, i) => (i === 0 ? { ...page, sequence } : page)) });
      place.current = undefined;
    },
    [client, key],
  );
  const hear = useCallback(
    (heard: Heard) => {
      place.current = heard.place;
      setFresh(new Set(heard.jobs.map((r) => r.id)));
      client.setQueryData<Pages>(key, (data) => data && merge(data, heard, sort === 'relevance' ? undefined : sort));
      if (back) client.setQueryData<Pages>(backKey, (data) => data && merge(data, heard, back));
      later.current ??= setTimeout(() => {
        later.current = undefined;
        void client.invalidateQueries({ queryKey: countKey });
        const data = client.getQueryData<Pages>(key);
        // of words only the server knows what matches: what is little is read again
        if (search.q && data && data.pages.length <= 2) void client.invalidateQueries({ queryKey: key });
      }, recount);
    },
    [client, key, backKey, back, countKey, sort, search.q],
  );
  const resync = useCallback(() => {
    void client.resetQueries({ queryKey: backKey });
    void client.resetQueries({ queryKey: key });
  }, [client, key, backKey]);
  const liveness = useJobEvents(filters, query.data?.pages[0]?.sequence, hear, resync);

  const head = useMemo(() => query.data?.pages.flatMap((page) => page.jobs) ?? [], [query.data]);
  const tail = useMemo(() => fromEnd.data?.pages.flatMap((page) => page.jobs).reverse() ?? [], [fromEnd.data]);
  const { hasNextPage, isFetching, fetchNextPage, refetch } = query;
  const { isFetching: fetchesBack, fetchNextPage: fetchBack } = fromEnd;
  const canBack = back !== undefined && (fromEnd.data === undefined || fromEnd.hasNextPage);
  const whole = query.data !== undefined && !hasNextPage;
  const list = useMemo(() => ends(head, tail, whole, total ?? undefined), [head, tail, whole, total]);
  const error = query.error ?? fromEnd.error;
  const readAt = useCallback((end: 'head' | 'tail') => void (end === 'tail' && canBack ? fetchBack() : fetchNextPage()), [canBack, fetchBack, fetchNextPage]);
  const need = useCallback(
    (first: number, last: number) => {
      if (!query.data || isFetching || fetchesBack || error) return;
      const end = missing(list, first, last, ahead);
      if (end) readAt(end);
    },
    [query.data, isFetching, fetchesBack, error, list, readAt],
  );
  return {
    list,
    total: total ?? (whole ? head.length : undefined),
    liveness,
    fresh,
    error,
    loading: query.isPending,
    need,
    readOn: () => readAt(fromEnd.error ? 'tail' : 'head'),
    retry: () => void refetch(),
  };
}
