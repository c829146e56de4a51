import { ActionIcon, Button, Menu, Select, TextInput, Tooltip } from '@mantine/core';
import { IconArrowsSort, IconDownload, IconSearch, IconX } from '@tabler/icons-react';
import { useLocation, useNavigate, useSearch } from '@tanstack/react-router';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useMay, useNames } from '../api/queries.ts';
import { STATUSES } from '../api/types.ts';
import { count, isoDay } from '../format.ts';
import { Empty, Failure, Page } from '../ui/Page.tsx';
import { failed } from '../ui/toast.tsx';
import { useTyped } from '../ui/useTyped.ts';
import { countFilters, listOf, SORTS, sortOf, type JobSearch } from './filters.ts';
import { FiltersPopover } from './FiltersPopover.tsx';
import { JobList } from './JobList.tsx';
import classes from './Jobs.module.css';
import { useJobs } from './useJobs.ts';
import { ViewsMenu } from './ViewsMenu.tsx';

/** All jobs, as one filters them: the address says how, so that a view can be sent to somebody. */
export function JobsPage() {
  const { t } = useTranslation();
  const search = useSearch({ from: '/in/jobs' });
  const navigate = useNavigate();
  const set = (change: Partial<Record<keyof JobSearch, string | undefined>>): void =>
    void navigate({ to: '/jobs', replace: true, search: (now: JobSearch) => ({ ...now, ...change }) as JobSearch });
  const jobs = useJobs(search);
  const view = encodeURIComponent(JSON.stringify(search));
  const { write } = useMay();
  const statuses = listOf(search.status);
  const sort = sortOf(search);
  return (
    <Page
      wide
      title={t('nav.jobs')}
      actions={
        <>
          <span className={classes.count} role="status">
            {jobs.total === undefined ? (jobs.loading || jobs.list.count === 0 ? '' : t('jobs.atLeast', { count: jobs.list.gap })) : t('jobs.count', { count: jobs.total, n: count(jobs.total) })}
          </span>
          <Live state={jobs.liveness} />
          <Export search={search} />
        </>
      }
    >
      <div className={classes.tools}>
        <Words value={search.q ?? ''} change={(q) => set({ q: q || undefined })} />
        <FiltersPopover search={search} set={set} />
        <ViewsMenu search={search} />
        <Select
          aria-label={t('jobs.sort')}
          leftSection={<IconArrowsSort size={16} />}
          className={classes.sort!}
          value={sort}
          data={[...(search.q ? ['relevance'] : []), ...SORTS].map((value) => ({ value, label: t(`jobs.sorts.${value as 'relevance'}`) }))}
          onChange={(value) => set({ sort: value === null || value === 'relevance' || (value === 'scheduled_at' && !search.q) ? undefined : value })}
          allowDeselect={false}
        />
      </div>
      <div className={classes.statuses} role="group" aria-label={t('jobs.statuses')}>
        {STATUSES.map((status) => {
          const on = statuses.includes(status);
          return (
            <button
              key={status}
              type="button"
              className={classes.chip}
              aria-pressed={on}
              data-look={status}
              onClick={() => set({ status: (on ? statuses.filter((s) => s !== status) : STATUSES.filter((s) => s === status || statuses.includes(s))).join(',') || undefined })}
            >
              <i aria-hidden />
              {t(`status.${status}`)}
            </button>
          );
        })}
        {(search.status || countFilters(search) > 0 || search.q) && (
          <Button variant="subtle" size="compact-sm" leftSection={<IconX size={14} />} onClick={() => void navigate({ to: '/jobs', search: {} })}>
            {t('jobs.clear')}
          </Button>
        )}
      </div>
      {jobs.error && jobs.list.gap === 0 ? (
        <Failure error={jobs.error} retry={jobs.retry} />
      ) : !jobs.loading && jobs.list.count === 0 ? (
        search.q || search.status || countFilters(search) > 0 ? (
          <Empty
            title={t('jobs.noMatch')}
            action={
              <Button variant="light" onClick={() => void navigate({ to: '/jobs', search: {} })}>
                {t('jobs.showAll')}
              </Button>
            }
          >
            {t('jobs.noMatchHint')}
          </Empty>
        ) : (
          <Empty
            title={t('jobs.none')}
            action={
              write && (
                <Button onClick={() => void navigate({ to: '/new' })} variant="light">
                  {t('jobs.new')}
                </Button>
              )
            }
          >
            {t('jobs.noneHint')}
          </Empty>
        )
      ) : (
        <JobList key={view} view={view} jobs={jobs} />
      )}
    </Page>
  );
}

/** The words that are searched for. */
function Words({ value, change }: { value: string; change: (q: string) => void }) {
  const { t } = useTranslation();
  const [text, type] = useTyped(value, change);
  const asked = useLocation({ select: (l) => l.state.find });
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (asked) field.current?.focus();
  }, [asked]);
  return (
    <TextInput
      ref={field}
      type="search"
      className={classes.words!}
      aria-label={t('jobs.search')}
      placeholder={t('jobs.searchHint')}
      leftSection={<IconSearch size={16} />}
      value={text}
      onChange={(event) => type(event.currentTarget.value)}
      onKeyDown={(event) => {
        if (event.key === 'Escape') event.currentTarget.blur();
        if (event.key === 'ArrowDown' || event.key === 'Enter') {
          event.preventDefault();
          document.querySelector<HTMLElement>('[role="grid"]')?.focus();
        }
      }}
    />
  );
}

function Live({ state }: { state: 'live' | 'waiting' | 'resting' }) {
  const { t } = useTranslation();
  return (
    <Tooltip label={t(`jobs.liveHint.${state}`)}>
      <span className={classes.live} data-state={state} tabIndex={0} role="note" aria-label={`${t(`jobs.live.${state}`)}: ${t(`jobs.liveHint.${state}`)}`}>
        <i aria-hidden /> {t(`jobs.live.${state}`)}
      </span>
    </Tooltip>
  );
}

/** Gives the list as a file for spreadsheets. A long one takes a while: it says how far it is, and can be stopped. */
function Export({ search }: { search: JobSearch }) {
  const { t } = useTranslation();
  const names = useNames();
  const [lines, setLines] = useState<number>();
  const stop = useRef<AbortController>(undefined);
  const run = async (): Promise<void> => {
    stop.current = new AbortController();
    setLines(0);
    try {
      const { download, exportCsv } = await import('./csv.ts');
      download(await exportCsv(search, names, setLines, stop.current.signal), `jobs-${isoDay(new Date())}.csv`);
    } catch (err) {
      if (!stop.current.signal.aborted) failed(err);
    }
    setLines(undefined);
  };
  if (lines !== undefined)
    return (
      <Button variant="default" size="sm" onClick={() => stop.current?.abort()} leftSection={<IconX size={15} />}>
        {t('jobs.exporting', { n: count(lines) })}
      </Button>
    );
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <ActionIcon size="lg" aria-label={t('jobs.export')}>
          <IconDownload size={19} stroke={1.7} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item onClick={() => void run()}>{t('jobs.exportCsv')}</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
