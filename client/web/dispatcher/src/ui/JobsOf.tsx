import { Anchor, Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { api, ask } from '../api/rest.ts';
import { when } from '../format.ts';
import { Section } from '../plan/Section.tsx';
import book from '../ui/Book.module.css';
import { Failure } from '../ui/Page.tsx';
import { StatusPill } from '../ui/StatusPill.tsx';

const some = 8;

/** The jobs of a person, a client or a site that changed last, and the way to all of them. */
export function JobsOf({ by, id }: { by: 'assignee' | 'client' | 'site'; id: string }) {
  const { t } = useTranslation();
  const { data, error, refetch } = useQuery({ queryKey: ['jobs-of', by, id], queryFn: ({ signal }) => ask(api.GET('/api/v1/jobs', { params: { query: { [by]: [id], sort: '-updated_at', limit: some } }, signal })) });
  return (
    <Section
      title={t('nav.jobs')}
      actions={
        <Anchor size="sm" renderRoot={(props) => <Link {...props} to="/jobs" search={{ [by]: id }} />}>
          {t('all')}
        </Anchor>
      }
    >
      {error && !data ? (
        <Failure error={error} retry={refetch} />
      ) : !data ? (
        <Skeleton height={120} radius="md" />
      ) : data.jobs.length === 0 ? (
        <p className="quiet">{t('places.noJobs')}</p>
      ) : (
        <ul className={book.list}>
          {data.jobs.map((row) => (
            <li key={row.id}>
              <Link to="/jobs/$job" params={{ job: row.id }} className={book.line}>
                <span className={book.main}>
                  <span className={book.name}>{row.title || t('jobs.untitled')}</span>
                  <span className={book.sub}>{row.scheduled_at ? when(row.scheduled_at) : t('jobs.noTime')}</span>
                </span>
                <StatusPill status={row.status ?? 'scheduled'} resolution={row.resolution && { ...row.resolution, name: '' }} />
              </Link>
            </li>
          ))}
        </ul>
      )}
    </Section>
  );
}
