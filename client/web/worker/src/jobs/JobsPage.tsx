import { useDeferredValue, useEffect, useMemo, useState } from 'react';
import { Button, TextInput } from '@mantine/core';
import { IconBriefcase, IconPlus, IconSearch } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { Link } from '@tanstack/react-router';
import { useRows, useSync, useWho } from '../app/data.ts';
import { useToday } from '../app/today.ts';
import { groups, matches, type Group } from '../model/row.ts';
import { Empty } from '../ui/Empty.tsx';
import { Page } from '../ui/Page.tsx';
import { PullToRefresh } from '../ui/PullToRefresh.tsx';
import { SyncButton } from '../sync/SyncButton.tsx';
import { JobCard } from './JobCard.tsx';
import styles from './JobsPage.module.css';

const screenful = 12; // cards: more than any phone shows at once
let seen = false; // the list was there before: coming back, one stands where one was, and needs all of it at once

/** Today's list: what is missed, today, coming, and done. */
export function JobsPage() {
  const { t } = useTranslation();
  const { rows, ready } = useRows();
  const sync = useSync();
  const { settings } = useWho();
  const today = useToday();
  const [query, setQuery] = useState('');
  const [showDone, setShowDone] = useState(false);
  const wanted = useDeferredValue(query.trim());
  const found = useMemo(() => groups(wanted ? rows.filter((r) => matches(r, wanted)) : rows, today.start, today.end), [rows, wanted, today]);
  const nothingToday = ready && !wanted && !found.some((g) => g.name === 'today' || g.name === 'earlier');

  return (
    <Page
      title={t('jobs.title')}
      aside={
        <>
          {settings.worker_jobs !== 'none' && (
            <Link to="/new" className={styles.add} aria-label={t('menu.newJob')}>
              <IconPlus aria-hidden />
            </Link>
          )}
          <SyncButton />
        </>
      }
    >
      <PullToRefresh onPull={sync.now}>
        <div className={styles.list} aria-busy={!ready}>
          {rows.length > 5 && (
            <TextInput
              type="search"
              aria-label={t('jobs.searchLabel')}
              placeholder={t('jobs.search')}
              leftSection={<IconSearch size={18} aria-hidden />}
              value={query}
              onChange={(e) => setQuery(e.currentTarget.value)}
            />
          )}
          {nothingToday && (
            <Empty icon={IconBriefcase} title={t('jobs.empty')}>
              {sync.last === undefined ? t('jobs.emptyNever') : t('jobs.emptyHelp')}
            </Empty>
          )}
          {wanted && found.length === 0 && (
            <Empty icon={IconSearch} title={t('jobs.nothingFound', { query: wanted })}>
              <Button variant="default" onClick={() => setQuery('')}>
                {t('jobs.clearSearch')}
              </Button>
            </Empty>
          )}
          {found.map((g, i) =>
            g.name === 'done' && !wanted ? (
              <section key={g.name} className={styles.group}>
                <Button variant="subtle" color="gray" aria-expanded={showDone} onClick={() => setShowDone(!showDone)}>
                  {showDone ? t('jobs.hideDone') : t('jobs.showDone', { count: g.rows.length })}
                </Button>
                {showDone && <Cards group={g} first={screenful} />}
              </section>
            ) : (
              <section key={g.name} className={styles.group} aria-labelledby={`group-${g.name}`}>
                <h2 id={`group-${g.name}`} className={styles.heading}>
                  {t(`jobs.${g.name}`)}
                  <span className={styles.count}>{t('jobs.count', { count: g.rows.length })}</span>
                </h2>
                <Cards group={g} first={Math.max(0, screenful - found.slice(0, i).reduce((n, before) => n + before.rows.length, 0))} />
              </section>
            ),
          )}
        </div>
      </PullToRefresh>
    </Page>
  );
}

/** The cards of a group. When the app starts, the first ones come at once, and the others as the phone finds time: a tap is answered in between. */
function Cards({ group, first }: { group: Group; first: number }) {
  const rows = useDeferredValue(group.rows, seen ? undefined : group.rows.slice(0, first));
  useEffect(() => {
    seen = true;
  }, []);
  return (
    <ul className={styles.cards}>
      {rows.map((r) => (
        <JobCard key={r.id} row={r} withDay={group.name !== 'today'} />
      ))}
    </ul>
  );
}
