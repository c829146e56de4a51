import { Button } from '@mantine/core';
import { IconArrowBackUp, IconClockHour4, IconDeviceMobile } from '@tabler/icons-react';
import { useInfiniteQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { api, ask } from '../api/rest.ts';
import type { HistoryEntry, Job } from '../api/types.ts';
import { precise, when } from '../format.ts';
import { Failure } from '../ui/Page.tsx';
import { Person } from '../ui/Person.tsx';
import { done, failed } from '../ui/toast.tsx';
import classes from './History.module.css';
import { historyQuery, told } from './history.ts';
import { Tag } from '../ui/Tag.tsx';

interface Props {
  id: string;
  job: Job | undefined;
  /** The state of now: when it moves on, there is more history. */
  heads: string;
  at: string | undefined;
  knew: string | undefined;
  edits: boolean;
  names: (user: string) => string;
  /** Shows the job as it was after a change, or as a phone knew it when a button was pressed there. */
  look: (at: { at?: string; knew?: string }) => void;
}

/** What happened: who did what, when, and when it arrived. Each moment can be looked at, each change taken back. */
export function History({ id, job, heads, at, knew, edits, names, look }: Props) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const query = historyQuery(id);
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery(query);
  useEffect(() => {
    const soon = setTimeout(() => void client.invalidateQueries({ queryKey: ['history', id] }), 700);
    return () => clearTimeout(soon);
  }, [client, id, heads]);
  const undo = (entry: HistoryEntry): void => {
    ask(api.POST('/api/v1/jobs/{id}/history/{change}/undo', { params: { path: { id, change: entry.hash } } })).then(
      ({ left }) => done(left?.length ? t('job.undoneLeft', { count: left.length }) : t('job.undone')),
      (err: unknown) => failed(err),
    );
  };
  if (error && !data) return <Failure error={error} retry={refetch} />;
  const entries = data?.pages.flatMap((p) => p.entries) ?? [];
  return (
    <ol className={classes.history}>
      {entries.map((entry) => {
        const { lines, more } = told(entry, job, names);
        if (lines.length === 0 && more === 0) return null;
        const events = lines.flatMap((l) => (l.event ? [l.event] : []));
        const happened = entry.happened_at ?? entry.time;
        const late = entry.arrived_at && happened && new Date(entry.arrived_at).getTime() - new Date(happened).getTime() > 60_000;
        const who = entry.user ? names(entry.user) : entry.source === 'api' ? t('job.program') : (entry.author ?? '');
        return (
          <li key={entry.hash} className={classes.entry} data-looked={at === entry.hash || (knew && events.includes(knew)) || undefined}>
            <Person id={entry.user ?? entry.author ?? ''} name={who} bare small />
            <div className={classes.body}>
              <p className={classes.head}>
                <strong>{who}</strong>
                {happened && (
                  <time dateTime={happened} title={precise(happened)}>
                    {when(happened)}
                  </time>
                )}
                {entry.source === 'api' && entry.user && <span>{t('job.byApi')}</span>}
                {entry.late && (
                  <Tag tone="warn">
                    {t('job.late')}
                  </Tag>
                )}
              </p>
              {late && (
                <p className={classes.arrived}>
                  <IconClockHour4 size={13} aria-hidden /> {t('job.arrivedAt', { at: when(entry.arrived_at!) })}
                </p>
              )}
              <ul className={classes.lines}>
                {entry.undoes && <li className={classes.undoes}>{t('job.undoes')}</li>}
                {lines.map((line, i) => (
                  <li key={i}>
                    <span>{line.what}</span>
                    {line.before !== undefined && <del dir="auto">{line.before}</del>}
                    {line.now !== undefined && <ins dir="auto">{line.now}</ins>}
                  </li>
                ))}
                {more > 0 && <li className="quiet">{t('job.moreDone', { count: more })}</li>}
              </ul>
              <div className={classes.tools}>
                <Button size="compact-xs" variant="subtle" onClick={() => look({ at: entry.hash })} aria-current={at === entry.hash || undefined}>
                  {t('job.look')}
                </Button>
                {events.map((event) => (
                  <Button key={event} size="compact-xs" variant="subtle" leftSection={<IconDeviceMobile size={14} />} onClick={() => look({ knew: event })} aria-current={knew === event || undefined}>
                    {t('job.knew')}
                  </Button>
                ))}
                {edits && entry.version > 1 && (
                  <Button size="compact-xs" variant="subtle" leftSection={<IconArrowBackUp size={14} className="flips" />} onClick={() => undo(entry)}>
                    {t('undo')}
                  </Button>
                )}
              </div>
            </div>
          </li>
        );
      })}
      {hasNextPage && (
        <li>
          <Button variant="subtle" size="xs" loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
            {t('job.older')}
          </Button>
        </li>
      )}
    </ol>
  );
}
