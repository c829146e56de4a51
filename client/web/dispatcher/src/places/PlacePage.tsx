import { Button, Skeleton } from '@mantine/core';
import { IconArchive, IconArchiveOff, IconPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { readAll, readBook, readPlace } from '../api/rest.ts';
import { useMay } from '../api/queries.ts';
import type { Site } from '../api/types.ts';
import { AddressEditor } from '../plan/AddressEditor.tsx';
import { useBook } from '../plan/entries.ts';
import { ContactsEditor } from '../plan/ListsEditor.tsx';
import classes from '../plan/Plan.module.css';
import { SaveText } from '../plan/SaveText.tsx';
import { Section } from '../plan/Section.tsx';
import book from '../ui/Book.module.css';
import { JobsOf } from '../ui/JobsOf.tsx';
import { Failure, Page } from '../ui/Page.tsx';
import { failed } from '../ui/toast.tsx';
import { BookSelect } from '../ui/BookSelect.tsx';

const clients: readonly unknown[] = ['clients'];
const sites: readonly unknown[] = ['sites'];

export function ClientPage() {
  const { place } = useParams({ from: '/in/clients/$place' });
  return <PlacePage kind="clients" id={place} />;
}

export function SitePage() {
  const { place } = useParams({ from: '/in/sites/$place' });
  return <PlacePage kind="sites" id={place} />;
}

/** A client or a site: address, contacts, its jobs. */
function PlacePage({ kind, id }: { kind: 'clients' | 'sites'; id: string }) {
  const { t } = useTranslation();
  const { write: edits } = useMay();
  const key = useMemo(() => [kind, 'one', id], [kind, id]);
  const { data: place, error, refetch } = useQuery({ queryKey: key, queryFn: ({ signal }) => readPlace({ kind, id }, signal), refetchInterval: 15_000 });
  const changes = useBook({ kind, id }, key, kind === 'clients' ? clients : sites);
  if (error && !place) return <Failure page error={error} retry={refetch} />;
  if (!place)
    return (
      <Page title={t('loading')}>
        <Skeleton height={400} radius="md" />
      </Page>
    );
  const of = kind === 'clients' ? 'client' : 'site';
  return (
    <Page
      title={place.name || t('jobs.untitled')}
      actions={
        edits && (
          <>
            <Button variant="default" leftSection={place.archived ? <IconArchiveOff size={16} /> : <IconArchive size={16} />} onClick={() => void changes.patch({ archived: !place.archived }).catch(failed)}>
              {place.archived ? t('office.unarchive') : t('office.archive')}
            </Button>
            <Button component={Link} to={`/new?${of}=${id}`} leftSection={<IconPlus size={16} />}>
              {t('jobs.new')}
            </Button>
          </>
        )
      }
    >
      <div className={classes.columns}>
        <div>
          <Section title={t('places.about')}>
            <div className={classes.two}>
              <SaveText label={t('plan.name')} value={place.name} required readOnly={!edits} save={(name) => changes.patch({ name })} />
              <SaveText label={t('places.externalId')} value={place.external_id ?? ''} readOnly={!edits} save={(value) => changes.patch({ external_id: value || null })} />
              {kind === 'sites' && (
                <>
                  <BookSelect book="clients" label={t('places.client')} value={(place as Site).client} readOnly={!edits} change={(client) => void changes.patch({ client }).catch(failed)} />
                  <SaveText label={t('places.territory')} value={(place as Site).territory?.name ?? ''} readOnly={!edits} save={(name) => changes.patch({ territory: name ? { name } : null })} />
                </>
              )}
              <SaveText label={t('places.description')} multiline value={place.description ?? ''} readOnly={!edits} save={(value) => changes.patch({ description: value })} className={classes.whole} />
            </div>
          </Section>
          <Section title={t('places.address')}>
            <AddressEditor address={place.address} patch={changes.patch} edits={edits} />
          </Section>
          <Section title={t('places.contacts')}>
            <ContactsEditor entries={place.contacts} book={changes} edits={edits} />
          </Section>
        </div>
        <div>
          <JobsOf by={of} id={id} />
          {kind === 'clients' && <Sites client={id} />}
        </div>
      </div>
    </Page>
  );
}

/** The sites of a client. The list has no filter for that: a book is small. */
function Sites({ client }: { client: string }) {
  const { t } = useTranslation();
  const { data } = useQuery({ queryKey: ['sites', 'of', client], queryFn: ({ signal }) => readAll((page) => readBook('sites', page, signal), ({ rows }) => rows), select: (rows) => rows.filter((r) => r.client?.uuid === client) });
  if (!data?.length) return null;
  return (
    <Section title={t('places.sites.title')}>
      <ul className={book.list}>
        {data.map((row) => (
          <li key={row.id}>
            <Link to="/sites/$place" params={{ place: row.id }} className={book.line}>
              <span className={book.main}>
                <span className={book.name}>{row.name}</span>
                <span className={book.sub}>{row.address?.formatted}</span>
              </span>
            </Link>
          </li>
        ))}
      </ul>
    </Section>
  );
}
