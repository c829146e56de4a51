import { Radio, Skeleton, Stack, Tabs } from '@mantine/core';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { Button } from '@mantine/core';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { api, ask, given, type BodyOf } from '../api/rest.ts';
import { organisationQuery, useMay, useNames, useSave } from '../api/queries.ts';
import type { Settings } from '../api/types.ts';
import { precise, when } from '../format.ts';
import { SaveText } from '../plan/SaveText.tsx';
import { Section } from '../plan/Section.tsx';
import book from '../ui/Book.module.css';
import { Empty, Failure, Page } from '../ui/Page.tsx';
import { failed } from '../ui/toast.tsx';
import { ApiKeys } from './ApiKeys.tsx';
import { Webhooks } from './Webhooks.tsx';

/** How the organisation works, and what other systems get. */
export function SettingsPage() {
  const { t } = useTranslation();
  const { tab = 'organisation' } = useSearch({ from: '/in/settings' });
  const navigate = useNavigate({ from: '/settings' });
  const { administer } = useMay();
  const tabs = administer ? (['organisation', 'keys', 'webhooks', 'log'] as const) : (['organisation'] as const);
  return (
    <Page title={t('nav.settings')}>
      <Tabs value={tab} onChange={(value) => void navigate({ search: value === null || value === 'organisation' ? {} : { tab: value }, replace: true })} keepMounted={false}>
        <Tabs.List mb="md">
          {tabs.map((name) => (
            <Tabs.Tab key={name} value={name}>
              {t(`settings.${name}`)}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value="organisation">
          <Org />
        </Tabs.Panel>
        <Tabs.Panel value="keys">
          <ApiKeys />
        </Tabs.Panel>
        <Tabs.Panel value="webhooks">
          <Webhooks />
        </Tabs.Panel>
        <Tabs.Panel value="log">
          <Log />
        </Tabs.Panel>
      </Tabs>
    </Page>
  );
}

function Org() {
  const { t } = useTranslation();
  const { administer } = useMay();
  const { data: org, error, refetch } = useQuery(organisationQuery);
  const save = useSave((body: BodyOf<'/api/v1/organisation', 'patch'>) => ask(api.PATCH('/api/v1/organisation', { body })), [['organisation'], ['me']]);
  if (error && !org) return <Failure error={error} retry={refetch} />;
  if (!org) return <Skeleton height={300} radius="md" />;
  const set = (settings: Partial<Settings>): void => save.mutate({ settings }, { onError: (err) => failed(err) });
  return (
    <>
      <Section title={t('settings.organisation')}>
        <SaveText label={t('settings.name')} value={org.name} required readOnly={!administer} save={(name) => save.mutateAsync({ name })} />
        <p className="quiet">{t('settings.id', { id: org.id })}</p>
      </Section>
      <Section title={t('settings.workerJobs')} hint={t('settings.workerJobsHint')}>
        <Radio.Group aria-label={t('settings.workerJobs')} value={org.settings.worker_jobs} onChange={(value) => set({ worker_jobs: value as Settings['worker_jobs'] })}>
          <Stack gap="sm">
            {(['none', 'templates', 'any'] as const).map((value) => (
              <Radio key={value} value={value} label={t(`settings.workerJobsIs.${value}`)} disabled={!administer} />
            ))}
          </Stack>
        </Radio.Group>
      </Section>
      <Section title={t('settings.photoLocation')} hint={t('settings.photoLocationHint')}>
        <Radio.Group aria-label={t('settings.photoLocation')} value={org.settings.photo_location} onChange={(value) => set({ photo_location: value as Settings['photo_location'] })}>
          <Stack gap="sm">
            {(['keep', 'strip'] as const).map((value) => (
              <Radio key={value} value={value} label={t(`settings.photoLocationIs.${value}`)} disabled={!administer} />
            ))}
          </Stack>
        </Radio.Group>
      </Section>
      {!administer && <p className="quiet">{t('settings.forAdministrators')}</p>}
    </>
  );
}

/** Who changed which account. */
function Log() {
  const { t } = useTranslation();
  const names = useNames();
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery({
    queryKey: ['account-log'],
    queryFn: async ({ pageParam, signal }) => (await ask(api.GET('/api/v1/account-log', { params: { query: { ...given({ before: pageParam }), limit: 100 } }, signal }))).entries ?? [],
    initialPageParam: undefined as number | undefined,
    getNextPageParam: (page) => (page.length === 100 ? page[page.length - 1]!.number : undefined),
  });
  if (error && !data) return <Failure error={error} retry={refetch} />;
  if (!data) return <Skeleton height={300} radius="md" />;
  const by = (id: string): string => (id === 'operator' || id === 'server' ? t(`settings.byItself.${id}`) : names(id));
  /** A person by name; ids of devices, keys and webhooks say nothing to anybody. */
  const subject = (id: string): string => (names(id) === id ? '' : names(id));
  const detail = (text: string): string => t(`role.${text as 'worker'}`, { defaultValue: names(text) });
  const entries = data.pages.flat();
  if (entries.length === 0) return <Empty title={t('settings.noLog')} />;
  return (
    <>
      <ul className={book.list}>
        {entries.map((e) => (
          <li key={e.number} className={book.line}>
            <span className={book.main}>
              <span className={book.name}>{[t(`accountLog.${e.action as 'user.created'}`, { defaultValue: e.action }), subject(e.subject)].filter(Boolean).join(': ')}</span>
              <span className={book.sub}>{[t('settings.by', { name: by(e.by) }), e.detail && detail(e.detail), e.fields?.join(', ')].filter(Boolean).join(' · ')}</span>
            </span>
            <time className={book.side} dateTime={e.at} title={precise(e.at)}>
              {when(e.at)}
            </time>
          </li>
        ))}
      </ul>
      {hasNextPage && (
        <Button variant="subtle" mt="sm" loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          {t('job.older')}
        </Button>
      )}
    </>
  );
}
