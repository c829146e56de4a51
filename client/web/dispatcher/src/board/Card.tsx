import { IconAlertTriangle, IconLock } from '@tabler/icons-react';
import { memo, type CSSProperties, type PointerEvent } from 'react';
import { useTranslation } from 'react-i18next';
import type { Row, Status } from '../api/types.ts';
import { time } from '../format.ts';
import { look } from '../ui/StatusPill.tsx';
import classes from './Board.module.css';
import { assigneesFixed, minutesOf, movable } from './plan.ts';

export interface CardProps {
  row: Row;
  /** The line it stands on: a user, or nobody's. */
  lane: string | null;
  start?: number | undefined;
  style?: CSSProperties;
  edits: boolean;
  /** It is being moved, and stands elsewhere meanwhile. */
  away?: boolean;
  press: (event: PointerEvent, row: Row, lane: string | null, kind: 'move' | 'stretch') => void;
  open: (row: Row, lane: string | null) => void;
}

/** A job on the board. */
export const Card = memo(function Card({ row, lane, start, style, edits, away = false, press, open }: CardProps) {
  const { t } = useTranslation();
  const moves = edits && movable(row);
  const end = row.scheduled_at ? new Date(new Date(row.scheduled_at).getTime() + minutesOf(row) * 60_000) : undefined;
  const span = row.scheduled_at && end ? `${time(row.scheduled_at)}–${time(end)}` : '';
  const title = row.title || t('jobs.untitled');
  const about = [span, row.client?.name ?? row.address?.formatted].filter(Boolean).join(' · ');
  return (
    <button
      type="button"
      className={classes.card}
      data-card={row.id}
      data-lane-of={lane ?? ''}
      data-start={start}
      data-look={look(row.status ?? 'scheduled', row.resolution)}
      data-away={away || undefined}
      data-moves={moves || undefined}
      style={style}
      aria-label={t('board.card', { title, status: t(`status.${(row.status ?? 'scheduled') as Status}`), time: span || t('jobs.noTime') })}
      title={[title, about].filter(Boolean).join('\n')}
      aria-keyshortcuts={moves ? 'm a' : 'a'}
      onPointerDown={(event) => moves && press(event, row, lane, 'move')}
      onClick={() => open(row, lane)}
    >
      <span className={classes.cardTitle}>
        {row.clash && <IconAlertTriangle size={14} className={classes.clash} aria-label={t('jobs.clash')} role="img" />}
        {edits && assigneesFixed(row) && <IconLock size={13} aria-label={t('board.fixed')} role="img" />}
        <span className={classes.cardName}>{title}</span>
      </span>
      <span className={classes.cardSub}>{about}</span>
      {moves && start !== undefined && <span className={classes.stretch} onPointerDown={(event) => press(event, row, lane, 'stretch')} aria-hidden />}
    </button>
  );
});
