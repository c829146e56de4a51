import { Checkbox, Skeleton, TextInput } from '@mantine/core';
import { IconSearch } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { bookQuery } from '../api/queries.ts';
import type { Book } from '../api/rest.ts';
import type { Row } from '../api/types.ts';
import { ago } from '../format.ts';
import classes from './Book.module.css';
import { Empty, Failure } from './Page.tsx';
import { Tag } from './Tag.tsx';
import { useTyped } from './useTyped.ts';

interface Props {
  book: Book;
  to: (id: string) => string;
  sub: (row: Row) => string;
  badge?: (row: Row) => ReactNode;
  empty: { title: string; hint: string; action?: ReactNode };
}

/** A book of templates, clients or sites: to be searched, with what was archived on request. The address says both. */
export function BookList({ book, to, sub, badge, empty }: Props) {
  const { t } = useTranslation();
  const { q = '', archived: too } = useSearch({ strict: false }) as { q?: string; archived?: string };
  const archived = too === 'true';
  const navigate = useNavigate();
  const set = (change: { q?: string | undefined; archived?: string | undefined }): void => void navigate({ to: '.', replace: true, search: ((now: object) => ({ ...now, ...change })) as never });
  const [text, type] = useTyped(q, (words) => set({ q: words || undefined }));
  const { data, error, isPending, refetch } = useQuery(bookQuery(book, { ...(q ? { q } : {}), ...(archived ? { archived } : {}) }));
  return (
    <>
      <div className={classes.bar}>
        <TextInput type="search" aria-label={t('office.search')} placeholder={t('office.search')} leftSection={<IconSearch size={16} />} value={text} onChange={(e) => type(e.currentTarget.value)} />
        <Checkbox label={t('office.archived')} checked={archived} onChange={(e) => set({ archived: e.currentTarget.checked ? 'true' : undefined })} />
      </div>
      {error && !data ? (
        <Failure error={error} retry={refetch} />
      ) : isPending ? (
        <Skeleton height={220} radius="md" />
      ) : data && data.length === 0 ? (
        q ? <Empty title={t('office.noMatch')}>{archived ? t('office.noMatchHint') : t('office.noArchivedMatch')}</Empty> : <Empty title={empty.title} action={empty.action}>{empty.hint}</Empty>
      ) : (
        <ul className={classes.list}>
          {data?.map((row) => (
            <li key={row.id}>
              <Link to={to(row.id)} className={classes.line}>
                <span className={classes.main}>
                  <span className={classes.name}>{row.name || t('jobs.untitled')}</span>
                  <span className={classes.sub}>{sub(row)}</span>
                </span>
                <span className={classes.side}>
                  {badge?.(row)}
                  {row.archived && (
                    <Tag tone="quiet">
                      {t('office.isArchived')}
                    </Tag>
                  )}
                  <span>{ago(row.updated_at)}</span>
                </span>
              </Link>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
