import { useMemo, useState } from 'react';
import { ActionIcon, Button } from '@mantine/core';
import { IconCalendarEvent, IconChevronLeft, IconChevronRight } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { useRows } from '../app/data.ts';
import { useToday } from '../app/today.ts';
import { addDays, dayKey, longDay, month, startOfWeek, weekday } from '../i18n/format.ts';
import { statusLook } from '../model/status.ts';
import { byTime, type Row } from '../model/row.ts';
import { Empty } from '../ui/Empty.tsx';
import { Page } from '../ui/Page.tsx';
import { SyncButton } from '../sync/SyncButton.tsx';
import { JobCard } from './JobCard.tsx';
import styles from './CalendarPage.module.css';

const dots = 4; // as many jobs of a day are shown as dots in the strip

/** A week to look through, and the jobs of the chosen day. */
export function CalendarPage() {
  const { t, i18n } = useTranslation();
  const { rows } = useRows();
  const today = useToday();
  const [chosen, setChosen] = useState<number>();
  const day = chosen ?? today.start;
  const week = startOfWeek(day);
  const days = useMemo(() => Array.from({ length: 7 }, (_, i) => addDays(week, i)), [week]);
  const byDay = useMemo(() => byLocalDay(rows), [rows]);
  const jobs = byDay.get(dayKey(day)) ?? [];
  const [Back, Forth] = i18n.dir() === 'rtl' ? [IconChevronRight, IconChevronLeft] : [IconChevronLeft, IconChevronRight];

  return (
    <Page
      title={t('calendar.title')}
      over={month(day)}
      aside={
        <>
          <ActionIcon onClick={() => setChosen(addDays(day, -7))} aria-label={t('calendar.previousWeek')}>
            <Back aria-hidden />
          </ActionIcon>
          <ActionIcon onClick={() => setChosen(addDays(day, 7))} aria-label={t('calendar.nextWeek')}>
            <Forth aria-hidden />
          </ActionIcon>
          <SyncButton />
        </>
      }
    >
      <div className={styles.strip}>
        <ol className={styles.week}>
          {days.map((d) => {
            const of = byDay.get(dayKey(d)) ?? [];
            return (
              <li key={d}>
                <button
                  type="button"
                  className={styles.day}
                  aria-pressed={d === day}
                  aria-current={d === today.start ? 'date' : undefined}
                  aria-label={t('calendar.dayJobs', { day: longDay(d), count: of.length })}
                  onClick={() => setChosen(d)}
                >
                  <span className={styles.name}>{weekday(d)}</span>
                  <span className={styles.number}>{new Date(d).getDate()}</span>
                  <span className={styles.dots}>
                    {of.slice(0, dots).map((r) => (
                      <span key={r.id} className={styles.dot} data-look={statusLook(r.status, r.successful)} />
                    ))}
                  </span>
                </button>
              </li>
            );
          })}
        </ol>
      </div>
      <div className={styles.head}>
        <h2>{longDay(day)}</h2>
        {day !== today.start && (
          <Button variant="default" onClick={() => setChosen(undefined)}>
            {t('calendar.today')}
          </Button>
        )}
      </div>
      {jobs.length === 0 ? (
        <Empty icon={IconCalendarEvent} title={t('calendar.empty')} />
      ) : (
        <ul className={styles.cards}>
          {jobs.map((r) => (
            <JobCard key={r.id} row={r} />
          ))}
        </ul>
      )}
    </Page>
  );
}

function byLocalDay(rows: readonly Row[]): Map<string, Row[]> {
  const out = new Map<string, Row[]>();
  for (const r of rows) {
    if (r.at === undefined) continue;
    const key = dayKey(r.at);
    const list = out.get(key);
    if (list) list.push(r);
    else out.set(key, [r]);
  }
  for (const list of out.values()) list.sort(byTime);
  return out;
}
