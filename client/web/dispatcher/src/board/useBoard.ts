import { useQuery, useQueryClient, type QueryKey } from '@tanstack/react-query';
import { useCallback, useMemo } from 'react';
import { useJobEvents, type Heard, type JobFilters, type Liveness } from '../api/live.ts';
import { api, ask, readAll } from '../api/rest.ts';
import type { Row } from '../api/types.ts';
import { startOf } from '../format.ts';
import { applied, onDay, type Patch } from './plan.ts';

interface Sheet {
  rows: Row[];
  sequence: number;
}

/** Reads a filtered list whole; what happens meanwhile is heard afterwards, from the first page's place on. */
async function readSheet(filters: JobFilters, signal: AbortSignal): Promise<Sheet> {
  let sequence: number | undefined;
  const rows = await readAll(
    async (page) => {
      const read = await ask(api.GET('/api/v1/jobs', { params: { query: { ...filters, ...page } }, signal }));
      sequence ??= read.sequence;
      return read;
    },
    ({ jobs }) => jobs,
  );
  return { rows: [...new Map(rows.map((row) => [row.id, row])).values()], sequence: sequence ?? 0 };
}

function useSheet(key: QueryKey, filters: JobFilters) {
  const client = useQueryClient();
  const query = useQuery({ queryKey: key, queryFn: ({ signal }) => readSheet(filters, signal), staleTime: Infinity, gcTime: 0, refetchOnWindowFocus: false });
  const hear = useCallback(
    (heard: Heard) =>
      client.setQueryData<Sheet>(key, (sheet) => {
        if (!sheet) return sheet;
        const out = new Set([...heard.removed, ...heard.jobs.map((r) => r.id)]);
        return { ...sheet, rows: [...sheet.rows.filter((r) => !out.has(r.id)), ...heard.jobs] };
      }),
    [client, key],
  );
  const resync = useCallback(() => void client.resetQueries({ queryKey: key }), [client, key]);
  const liveness = useJobEvents(filters, query.data?.sequence, hear, resync);
  return { ...query, liveness };
}

export interface Board {
  /** Jobs of which some lies on the day. */
  day: Row[];
  /** Jobs that nobody is assigned to, and that are not on the day. */
  tray: Row[];
  liveness: Liveness;
  loading: boolean;
  error: unknown;
  retry: () => void;
  /** Shows a patch at once, sends it, and reads anew what it made of the row where it fails. */
  change: (row: Row, patch: Patch) => Promise<void>;
}

/** useBoard keeps the day, and what waits to be planned, as they are on the server. */
export function useBoard(day: string): Board {
  const client = useQueryClient();
  const dayKey = useMemo(() => ['board', day], [day]);
  const trayKey = useMemo(() => ['board', 'tray'], []);
  const from = new Date(startOf(day).getTime() - 12 * 3_600_000).toISOString(); // those of the evening before reach into the day
  const sheet = useSheet(dayKey, { scheduled_from: from, scheduled_to: startOf(day, 1).toISOString() });
  const tray = useSheet(trayKey, { unassigned: true, status: ['scheduled', 'published'] });

  const change = useCallback(
    async (row: Row, patch: Patch) => {
      const next = applied(row, patch);
      const put = (row: Row): void => {
        for (const key of [dayKey, trayKey]) {
          client.setQueryData<Sheet>(key, (s) => s && { ...s, rows: [...s.rows.filter((r) => r.id !== row.id), ...(key === dayKey || !row.assignees?.length ? [row] : [])] });
        }
      };
      put(next);
      try {
        await ask(api.PATCH('/api/v1/jobs/{id}', { params: { path: { id: row.id } }, body: patch }));
      } catch (err) {
        put(row);
        void client.invalidateQueries({ queryKey: ['board'] });
        throw err;
      }
    },
    [client, dayKey, trayKey],
  );
  const rows = sheet.data?.rows;
  const waiting = tray.data?.rows;
  return {
    day: useMemo(() => (rows ?? []).filter((r) => onDay(day, r)), [rows, day]),
    tray: useMemo(() => (waiting ?? []).filter((r) => !onDay(day, r)), [waiting, day]),
    liveness: sheet.liveness === 'live' && tray.liveness !== 'live' ? tray.liveness : sheet.liveness,
    loading: sheet.isPending || tray.isPending,
    error: sheet.error ?? tray.error,
    retry: () => void Promise.all([sheet.refetch(), tray.refetch()]),
    change,
  };
}
