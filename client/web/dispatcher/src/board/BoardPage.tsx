import { ActionIcon, Button, Select, SegmentedControl } from '@mantine/core';
import { IconChevronLeft, IconChevronRight } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { useCallback, useEffect, useMemo, useRef, useState, type CSSProperties } from 'react';
import { useTranslation } from 'react-i18next';
import { teamsQuery, useMay, useNames, useWorkers } from '../api/queries.ts';
import type { Row } from '../api/types.ts';
import { addDays, isoDay, longDay, startOf, time } from '../format.ts';
import { Failure, Page } from '../ui/Page.tsx';
import classes from './Board.module.css';
import { Card, type CardProps } from './Card.tsx';
import { DayField } from './DayField.tsx';
import { Lane } from './Lane.tsx';
import { assigneesFixed, atMinute, DAY, patchOf } from './plan.ts';
import { PlanDialog } from './PlanDialog.tsx';
import { PublishDrafts } from './PublishDrafts.tsx';
import { moved } from './moved.ts';
import { useBoard } from './useBoard.ts';
import { useCarry } from './useCarry.ts';
import { useDrag, type Move } from './useDrag.ts';

const zooms = { wide: 64, middle: 92, near: 150 } as const; // px an hour

/** A day: people by hours. */
export function BoardPage() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { day: asked } = useParams({ strict: false }) as { day?: string };
  const day = asked && /^\d{4}-\d\d-\d\d$/.test(asked) ? asked : isoDay(new Date());
  const { team } = useSearch({ strict: false }) as { team?: string };
  const [zoom, setZoom] = useState<keyof typeof zooms>('wide');
  const perHour = zooms[zoom];
  const board = useBoard(day);
  const names = useNames();
  const { write } = useMay();
  const workers = useWorkers();
  const { data: teams } = useQuery({ ...teamsQuery, retry: false });
  const area = useRef<HTMLDivElement>(null);
  const [planning, setPlanning] = useState<{ row: Row; lane: string | null }>();
  const [said, setSaid] = useState('');
  const go = (to: string): void => void navigate({ to: '/board/$day', params: { day: to }, search: team ? { team } : {} });

  const lanes = useMemo(() => {
    const people = new Map<string | null, Row[]>();
    const chosen = team ? teams?.find((x) => x.id === team) : undefined;
    const shown = chosen ? new Set([chosen.foreman, ...chosen.members]) : undefined;
    if (board.day.some((r) => !r.assignees?.length)) people.set(null, []);
    for (const w of workers) if (!shown || shown.has(w.id)) people.set(w.id, []);
    for (const row of board.day) {
      if (!row.assignees?.length) people.get(null)?.push(row);
      for (const { user } of row.assignees ?? []) {
        if (shown && !shown.has(user)) continue;
        if (!people.has(user)) people.set(user, []); // who is no worker any more still has what he was given
        people.get(user)!.push(row);
      }
    }
    return [...people.entries()];
  }, [board.day, workers, team, teams]);

  const { change } = board;
  const drop = useCallback(
    (move: Move) => {
      const patch = patchOf(day, move.row, move.from, move.spot);
      if (patch) void moved(move.row, patch, change);
    },
    [day, change],
  );
  const drag = useDrag({ board: useCallback(() => area.current, []), perHour }, drop);
  const say = (move: Move, done?: 'dropped' | 'cancelled'): void => {
    const { spot, row } = move;
    const words = {
      title: row.title || t('jobs.untitled'),
      who: spot.worker ? names(spot.worker) : t('board.nobody'),
      from: time(atMinute(day, spot.start ?? 0)),
      to: time(atMinute(day, (spot.start ?? 0) + spot.minutes)),
    };
    setSaid(done === 'cancelled' ? t('board.said.cancelled', words) : done ? t('board.said.dropped', words) : t('board.said.carried', words));
  };
  const carry = useCarry({
    day,
    lanes: lanes.some(([user]) => user === null) ? lanes.map(([user]) => user) : [null, ...lanes.map(([user]) => user)],
    rows: [...board.day, ...board.tray],
    edits: write,
    drop,
    say,
    plan: (row, lane) => setPlanning({ row, lane }),
  });
  const move = drag.move ?? carry.move;

  const { begin } = drag;
  const press = useCallback<CardProps['press']>((event, row, lane, kind) => begin(event, row, lane, kind, assigneesFixed(row)), [begin]);
  const open = useCallback<CardProps['open']>((row, lane) => setPlanning({ row, lane }), []);

  const now = useNow();
  const today = isoDay(now) === day;
  useEffect(() => {
    const first = board.day.reduce((min, r) => (r.scheduled_at && isoDay(new Date(r.scheduled_at)) === day ? Math.min(min, new Date(r.scheduled_at).getHours()) : min), 8);
    const el = area.current;
    if (el && !board.loading) el.scrollLeft = (getComputedStyle(el).direction === 'rtl' ? -1 : 1) * Math.max(0, first - 0.5) * perHour;
    // only when another day is shown: what moves later does not scroll the board away
  }, [day, board.loading, perHour]); // eslint-disable-line react-hooks/exhaustive-deps

  const trayOver = move && move.pointer && move.spot.start === null && move.spot.worker === null && move.from !== null;
  return (
    <Page
      wide
      tab={t('nav.board')}
      title={<span className={today ? classes.today : undefined}>{longDay(startOf(day))}</span>}
      actions={write && <PublishDrafts rows={board.day} day={day} />}
    >
      <div className={classes.tools}>
        <ActionIcon.Group>
          <ActionIcon variant="default" size="lg" aria-label={t('board.before')} onClick={() => go(addDays(day, -1))}>
            <IconChevronLeft size={18} className="flips" />
          </ActionIcon>
          <ActionIcon variant="default" size="lg" aria-label={t('board.after')} onClick={() => go(addDays(day, 1))}>
            <IconChevronRight size={18} className="flips" />
          </ActionIcon>
        </ActionIcon.Group>
        <Button variant="default" size="sm" disabled={today} onClick={() => go(isoDay(new Date()))}>
          {t('board.today')}
        </Button>
        <DayField label={t('board.day')} day={day} go={go} />
        {teams && teams.length > 0 && (
          <Select
            aria-label={t('board.team')}
            placeholder={t('board.everybody')}
            clearable
            value={team ?? null}
            data={teams.map((x) => ({ value: x.id, label: x.name }))}
            onChange={(value) => void navigate({ to: '/board/$day', params: { day }, search: value ? { team: value } : {} })}
          />
        )}
        <SegmentedControl
          size="sm"
          aria-label={t('board.zoom')}
          value={zoom}
          onChange={(value) => setZoom(value as keyof typeof zooms)}
          data={(['wide', 'middle', 'near'] as const).map((value) => ({ value, label: t(`board.zooms.${value}`) }))}
        />
      </div>
      {board.error && board.day.length === 0 ? (
        <Failure error={board.error} retry={board.retry} />
      ) : (
        // eslint-disable-next-line jsx-a11y/no-static-element-interactions -- keys of the cards inside
        <div className={classes.split} onKeyDown={carry.keys} onBlur={(e) => carry.move && !e.currentTarget.contains(e.relatedTarget) && carry.cancel()}>
          <div ref={area} className={classes.board} role="region" aria-label={t('nav.board')} aria-busy={board.loading} tabIndex={0}>
            <div className={classes.sheet} style={{ '--hour': `${perHour}px` } as CSSProperties}>
              <div className={classes.hours} aria-hidden>
                <span className={classes.corner} />
                {Array.from({ length: 24 }, (_, h) => (
                  <span key={h} className={classes.hour}>
                    {time(atMinute(day, h * 60))}
                  </span>
                ))}
              </div>
              {lanes.map(([user, rows]) => (
                <Lane
                  key={user ?? ''}
                  day={day}
                  user={user}
                  name={user === null ? t('board.nobody') : names(user)}
                  rows={rows}
                  perHour={perHour}
                  edits={write}
                  moving={move?.row.id}
                  ghost={move && move.spot.worker === user && move.spot.start !== null ? move.spot : undefined}
                  press={press}
                  open={open}
                />
              ))}
              {!lanes.some(([user]) => user === null) && move && (
                <Lane day={day} user={null} name={t('board.nobody')} rows={[]} perHour={perHour} edits={write} moving={undefined} ghost={move.spot.worker === null && move.spot.start !== null ? move.spot : undefined} press={press} open={open} />
              )}
              {!board.loading && lanes.length === 0 && <p className={classes.trayEmpty}>{t('board.noWorkers')}</p>}
              {today && <span className={classes.now} style={{ insetInlineStart: `calc(var(--lane-head) + ${((now.getHours() * 60 + now.getMinutes()) / DAY) * 24 * perHour}px)` }} aria-hidden />}
            </div>
          </div>
          <section className={classes.tray} data-tray data-over={trayOver || undefined} aria-labelledby="tray">
            <h2 id="tray" className={classes.trayHead}>
              {t('board.tray', { count: board.tray.length })}
            </h2>
            <div className={classes.trayList} role="group" tabIndex={0} aria-labelledby="tray">
              {board.tray.map((row) => (
                <Card key={row.id} row={row} lane={null} edits={write} away={move?.row.id === row.id} press={press} open={open} />
              ))}
              {board.tray.length === 0 && !board.loading && <p className={classes.trayEmpty}>{t('board.trayEmpty')}</p>}
            </div>
          </section>
        </div>
      )}
      <div role="status" aria-live="assertive" className="hidden-visually">
        {said}
      </div>
      {drag.move?.pointer && (
        <div className={classes.flying} style={{ insetBlockStart: drag.move.pointer.y, left: drag.move.pointer.x }} aria-hidden>
          <Card row={drag.move.row} lane={null} edits={false} press={press} open={open} />
        </div>
      )}
      {planning && <PlanDialog key={planning.row.id} row={planning.row} lane={planning.lane} day={day} close={() => setPlanning(undefined)} change={change} />}
    </Page>
  );
}

function useNow(): Date {
  const [now, setNow] = useState(() => new Date());
  useEffect(() => {
    const tick = setInterval(() => setNow(new Date()), 30_000);
    return () => clearInterval(tick);
  }, []);
  return now;
}
