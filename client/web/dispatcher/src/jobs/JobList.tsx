import { Button, Skeleton } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { useQueryClient } from '@tanstack/react-query';
import { useElementScrollRestoration, useLocation, useNavigate } from '@tanstack/react-router';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useCallback, useEffect, useMemo, useRef, useState, type KeyboardEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { useNames } from '../api/queries.ts';
import { JobRow } from './JobRow.tsx';
import classes from './Jobs.module.css';
import type { Jobs } from './useJobs.ts';

/** The lines that are in sight, of as many as there are. One tab stop; the arrows move, Enter opens. Who comes back is where he was: `view` names what is listed. */
export function JobList({ jobs, view }: { jobs: Jobs; view: string }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const names = useNames();
  const narrow = useMediaQuery('(max-width: 48em)', false, { getInitialValueInEffect: false });
  const height = narrow ? 92 : 50;
  const box = useRef<HTMLDivElement>(null);
  const { list, need, fresh } = jobs;
  const client = useQueryClient();
  const visit = useLocation({ select: (l) => l.state.__TSR_key }); // the same for who comes back
  const atKey = useMemo(() => ['jobs-at', visit], [visit]);
  const was = useElementScrollRestoration({ id: view });
  const [at, setAt] = useState(() => client.getQueryData<string>(atKey)); // the id of the current row: it stays it when others come before it
  const [goal, setGoal] = useState<number>(); // the row that one has gone to, until it is there
  const current = goal ?? (at === undefined ? -1 : list.indexOf(at));
  const virtual = useVirtualizer({ count: list.count, getScrollElement: () => box.current, estimateSize: () => height, overscan: 12, initialOffset: () => (jobs.loading ? 0 : (was?.scrollY ?? 0)) });
  useEffect(() => virtual.measure(), [virtual, height]);
  const items = virtual.getVirtualItems();
  const first = items[0]?.index ?? 0;
  const last = items[items.length - 1]?.index ?? 0;
  useEffect(() => need(first, last), [need, first, last]);

  const choose = useCallback(
    (index: number) => {
      const row = list.at(index);
      setGoal(row ? undefined : index);
      if (!row) return;
      setAt(row.id);
      client.setQueryData(atKey, row.id);
    },
    [list, client, atKey],
  );
  useEffect(() => {
    if (client.getQueryData(atKey) && document.activeElement === document.body) box.current?.focus({ preventScroll: true });
  }, [client, atKey]);
  useEffect(() => {
    if (goal === undefined) return;
    const there = Math.min(goal, list.count - 1); // it was counted anew meanwhile
    if (there !== goal || list.at(there)) choose(there);
  }, [goal, list, choose]);
  const keys = (event: KeyboardEvent): void => {
    const page = Math.max(1, Math.floor((box.current?.clientHeight ?? height) / height) - 1);
    const step = { ArrowDown: 1, ArrowUp: -1, j: 1, k: -1, PageDown: page, PageUp: -page, Home: -list.count, End: list.count }[event.key];
    if (step !== undefined && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      const next = Math.min(list.count - 1, Math.max(0, current + step));
      choose(next);
      virtual.scrollToIndex(next);
    } else if (event.key === 'Enter' && list.at(current)) {
      event.preventDefault();
      void navigate({ to: '/jobs/$job', params: { job: list.at(current)!.id } });
    }
  };
  const names7 = ['status', 'number', 'job', 'time', 'assignees', 'progress', 'changed'] as const;
  return (
    <div
      ref={box}
      className={classes.list}
      role="grid"
      tabIndex={0}
      data-scroll-restoration-id={view}
      aria-label={t('nav.jobs')}
      aria-rowcount={list.count + 1}
      aria-busy={jobs.loading}
      aria-activedescendant={goal === undefined && current >= 0 ? `job-${at}` : undefined}
      onKeyDown={keys}
      onMouseDown={(event) => {
        const row = (event.target as HTMLElement).closest<HTMLElement>('[data-row]');
        if (row) choose(Number(row.dataset['row']));
      }}
      onFocus={(event) => event.target === box.current && current < 0 && choose(Math.min(list.count - 1, Math.ceil(box.current.scrollTop / height)))}
    >
      <div role="row" aria-rowindex={1} className={classes.columns}>
        {names7.map((name) => (
          <span key={name} role="columnheader">
            {t(`jobs.columns.${name}`)}
          </span>
        ))}
      </div>
      {jobs.loading ? (
        <div role="row">
          <div role="gridcell" aria-label={t('loading')}>
            {Array.from({ length: 12 }, (_, i) => (
              <Skeleton key={i} height={height - 14} m={7} radius="sm" w="auto" />
            ))}
          </div>
        </div>
      ) : (
        <div role="presentation" className={classes.lines} style={{ height: virtual.getTotalSize() }}>
          {items.map((item) => {
            const row = list.at(item.index);
            return row ? (
              <JobRow key={row.id} row={row} index={item.index} top={item.start} current={row.id === at} fresh={fresh.has(row.id)} names={names} />
            ) : (
              <div key={item.index} role="row" aria-rowindex={item.index + 2} className={classes.more} style={{ blockSize: height, transform: `translateY(${item.start}px)` }}>
                <span role="gridcell">
                  {jobs.error && (item.index === list.gap || item.index === first) ? (
                    <Button variant="subtle" size="compact-sm" onClick={jobs.readOn}>
                      {t('jobs.moreFailed')}
                    </Button>
                  ) : (
                    t('loading')
                  )}
                </span>
              </div>
            );
          })}
        </div>
      )}
    </div>
  );
}
