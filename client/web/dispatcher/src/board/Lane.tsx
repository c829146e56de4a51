import { memo } from 'react';
import { useTranslation } from 'react-i18next';
import type { Row } from '../api/types.ts';
import { minutes, time } from '../format.ts';
import { Person } from '../ui/Person.tsx';
import classes from './Board.module.css';
import { Card, type CardProps } from './Card.tsx';
import { atMinute, DAY, levels, minutesOf, startOn, type Spot } from './plan.ts';

export const CARD = 50; // px
const gap = 4;

interface Props {
  day: string;
  user: string | null;
  name: string;
  rows: Row[];
  perHour: number;
  edits: boolean;
  moving: string | undefined;
  ghost: Spot | undefined;
  press: CardProps['press'];
  open: CardProps['open'];
}

/** Somebody's day, or the line of what nobody has yet. */
export const Lane = memo(function Lane({ day, user, name, rows, perHour, edits, moving, ghost, press, open }: Props) {
  const { t } = useTranslation();
  const { level, count } = levels(day, rows);
  const sorted = [...rows].sort((a, b) => (startOn(day, a) ?? 0) - (startOn(day, b) ?? 0));
  const px = (minute: number): number => (minute / 60) * perHour;
  const booked = rows.filter((r) => r.status !== 'cancelled').reduce((sum, r) => sum + minutesOf(r), 0);
  return (
    <div className={classes.lane} role="group" aria-label={name} data-nobody={user === null || undefined} style={{ height: count * (CARD + gap) + gap * 2 }}>
      <div className={classes.laneHead}>
        <div className={classes.laneWho}>
          {user === null ? <span className={classes.nobodyName}>{name}</span> : <Person id={user} name={name} small />}
          <span className={classes.booked}>{booked > 0 ? minutes(booked) : t('board.free')}</span>
        </div>
      </div>
      <div className={classes.laneBody} data-lane={user ?? ''}>
        {sorted.map((row) => {
          const start = startOn(day, row) ?? 0;
          const from = Math.max(0, start);
          const until = Math.min(DAY, start + minutesOf(row));
          return (
            <Card
              key={row.id}
              row={row}
              lane={user}
              start={start}
              edits={edits}
              away={moving === row.id}
              press={press}
              open={open}
              style={{ insetInlineStart: px(from), inlineSize: Math.max(px(until - from) - 3, 24), insetBlockStart: gap + (level.get(row.id) ?? 0) * (CARD + gap), blockSize: CARD }}
            />
          );
        })}
        {ghost && ghost.start !== null && (
          <span className={classes.ghost} style={{ insetInlineStart: px(ghost.start), inlineSize: px(Math.min(ghost.minutes, DAY - ghost.start)) - 3 }}>
            {time(atMinute(day, ghost.start))}–{time(atMinute(day, ghost.start + ghost.minutes))}
          </span>
        )}
      </div>
    </div>
  );
});
