import { memo } from 'react';
import { Link } from '@tanstack/react-router';
import { IconAlertTriangle, IconArrowsSplit2, IconCloudUp, IconMapPin } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { clock, shortDay } from '../i18n/format.ts';
import { statusLook } from '../model/status.ts';
import type { Row } from '../model/row.ts';
import { StatusBadge } from '../ui/StatusBadge.tsx';
import styles from './JobCard.module.css';

/** A job in a list. The whole card opens it. */
export const JobCard = memo(function JobCard({ row, withDay }: { row: Row; withDay?: boolean }) {
  const { t } = useTranslation();
  return (
    <li className={styles.item}>
      <Link to="/jobs/$id" params={{ id: row.id }} className={styles.card} data-look={statusLook(row.status, row.successful)}>
        <span className={styles.top}>
          <span className={styles.time}>
            {row.at !== undefined && (
              <>
                {withDay && <span className={styles.day}>{shortDay(row.at)}</span>}
                {clock(row.at)}
                {row.minutes && !withDay ? ` – ${clock(row.at + row.minutes * 60_000)}` : ''}
              </>
            )}
          </span>
          <StatusBadge status={row.status} successful={row.successful} />
        </span>
        <span className={styles.title}>{row.title || t('jobs.untitled')}</span>
        {(row.client || row.serial) && (
          <span className={styles.line}>
            {row.client && <span>{row.client}</span>}
            {row.serial && <span className={styles.serial}>{t('job.serial', { number: row.serial })}</span>}
          </span>
        )}
        {row.address && (
          <span className={styles.line}>
            <IconMapPin size={16} aria-hidden className={styles.pin} />
            {row.address}
          </span>
        )}
        <Marks row={row} />
      </Link>
    </li>
  );
});

function Marks({ row }: { row: Row }) {
  const { t } = useTranslation();
  if (!row.clash && !row.news && !row.unsent && !row.refused && !row.withdrawn) return null;
  return (
    <span className={styles.marks}>
      {row.refused && (
        <span className={styles.mark} data-kind="danger">
          <IconAlertTriangle size={14} aria-hidden /> {t('jobs.refused')}
        </span>
      )}
      {row.clash && (
        <span className={styles.mark} data-kind="warn">
          <IconArrowsSplit2 size={14} aria-hidden /> {t('jobs.clash')}
        </span>
      )}
      {row.news && (
        <span className={styles.mark} data-kind="info">
          {t('jobs.changed')}
        </span>
      )}
      {row.unsent && (
        <span className={styles.mark}>
          <IconCloudUp size={14} aria-hidden /> {t('jobs.unsent')}
        </span>
      )}
      {row.withdrawn && <span className={styles.mark}>{t('jobs.withdrawn')}</span>}
    </span>
  );
}
