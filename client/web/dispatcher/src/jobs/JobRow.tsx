import { IconAlertTriangle, IconCamera, IconChecklist, IconMessage2 } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { memo } from 'react';
import { useTranslation } from 'react-i18next';
import type { Row } from '../api/types.ts';
import { ago, minutes, precise, when } from '../format.ts';
import { Person } from '../ui/Person.tsx';
import { StatusPill } from '../ui/StatusPill.tsx';
import classes from './Jobs.module.css';

interface Props {
  row: Row;
  index: number;
  top: number;
  current: boolean;
  fresh: boolean;
  names: (user: string) => string;
}

/** One line of the list. */
export const JobRow = memo(function JobRow({ row, index, top, current, fresh, names }: Props) {
  const { t } = useTranslation();
  const { counts } = row;
  return (
    <div
      role="row"
      id={`job-${row.id}`}
      data-row={index}
      aria-rowindex={index + 2}
      aria-selected={current}
      className={classes.row}
      data-fresh={fresh || undefined}
      style={{ transform: `translateY(${top}px)` }}
    >
      <span role="gridcell" className={classes.status}>
        <StatusPill status={row.status ?? 'scheduled'} resolution={row.resolution && { ...row.resolution, name: '' }} />
        {row.clash && <IconAlertTriangle size={16} className={classes.clash} role="img" aria-label={t('jobs.clash')} />}
      </span>
      <span role="gridcell" className={classes.serial}>
        {row.serial_no}
      </span>
      <span role="gridcell" className={classes.what}>
        <Link to="/jobs/$job" params={{ job: row.id }} className={classes.title} tabIndex={-1}>
          {row.title || t('jobs.untitled')}
        </Link>
        <span className={classes.sub}>{[row.client?.name, row.address?.formatted ?? row.site?.name].filter(Boolean).join(' · ')}</span>
      </span>
      <span role="gridcell" className={classes.when}>
        {row.scheduled_at ? (
          <>
            <span>{when(row.scheduled_at)}</span>
            {row.scheduled_duration && <span className={classes.sub}>{minutes(row.scheduled_duration.minutes)}</span>}
          </>
        ) : (
          <span className={classes.sub}>{t('jobs.noTime')}</span>
        )}
      </span>
      <span role="gridcell" className={classes.who}>
        {row.assignees?.length ? (
          row.assignees.length === 1 ? (
            <Person id={row.assignees[0]!.user} name={names(row.assignees[0]!.user)} small />
          ) : (
            row.assignees.slice(0, 4).map((a) => <Person key={a.user} id={a.user} name={names(a.user)} bare small />)
          )
        ) : (
          <span className={classes.nobody}>{t('jobs.nobody')}</span>
        )}
      </span>
      <span role="gridcell" className={classes.counts}>
        {counts && counts.checklist > 0 && (
          <span title={t('jobs.checklist', { done: counts.checklist_done, of: counts.checklist })}>
            <IconChecklist size={15} aria-hidden /> {counts.checklist_done}/{counts.checklist}
          </span>
        )}
        {counts && counts.attachments > 0 && (
          <span title={t('jobs.photos', { count: counts.attachments })}>
            <IconCamera size={15} aria-hidden /> {counts.attachments}
          </span>
        )}
        {counts && counts.comments > 0 && (
          <span title={t('jobs.comments', { count: counts.comments })}>
            <IconMessage2 size={15} aria-hidden /> {counts.comments}
          </span>
        )}
      </span>
      <span role="gridcell" className={classes.updated} title={precise(row.updated_at)}>
        {ago(row.updated_at)}
      </span>
    </div>
  );
});
