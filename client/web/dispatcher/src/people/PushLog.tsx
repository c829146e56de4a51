import { Anchor, Button, Select, Skeleton } from '@mantine/core';
import { IconBell } from '@tabler/icons-react';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { api, ask, given } from '../api/rest.ts';
import { devicesQuery, useNames, useUsers } from '../api/queries.ts';
import { PUSH_RESULTS, type PushEntry } from '../api/types.ts';
import { precise, when } from '../format.ts';
import book from '../ui/Book.module.css';
import { Empty, Failure } from '../ui/Page.tsx';
import { Tag, type Tone } from '../ui/Tag.tsx';
import classes from './PushLog.module.css';

const page = 50;
const tones: Record<string, Tone> = { sent: 'good', later: 'warn', long: 'warn', gone: 'quiet', expired: 'quiet', dropped: 'quiet', refused: 'bad' };

/** What was sent to devices, and what became of it, the newest first; of one person or one outcome. */
export function PushLog() {
  const { t } = useTranslation();
  const { user, result } = useSearch({ from: '/in/people' });
  const navigate = useNavigate({ from: '/people' });
  const { data: users } = useUsers();
  const log = useInfiniteQuery({
    queryKey: ['push', 'log', user, result],
    queryFn: async ({ pageParam, signal }) => (await ask(api.GET('/api/v1/push/log', { params: { query: { ...given({ user, result: PUSH_RESULTS.find((r) => r === result), before: pageParam }), limit: page } }, signal }))).entries ?? [],
    initialPageParam: undefined as number | undefined,
    getNextPageParam: (last) => (last.length === page && last[page - 1]!.number > 0 ? last[page - 1]!.number : undefined),
    refetchInterval: ({ state }) => ((state.data?.pages.length ?? 0) > 1 ? false : 10_000), // who reads what is older is left in peace
  });
  const set = (name: 'user' | 'result') => (value: string | null) => void navigate({ search: (old) => ({ ...old, [name]: value ?? undefined }), replace: true });
  const entries = log.data?.pages.flat() ?? [];
  return (
    <>
      <div className={classes.bar}>
        <Select
          label={t('push.person')}
          placeholder={t('all')}
          clearable
          searchable
          clearButtonProps={{ 'aria-label': t('clear') }}
          data={(users ?? []).map((u) => ({ value: u.id, label: u.name }))}
          value={user ?? null}
          onChange={set('user')}
        />
        <Select label={t('push.state')} placeholder={t('all')} clearable clearButtonProps={{ 'aria-label': t('clear') }} data={PUSH_RESULTS.map((value) => ({ value, label: t(`push.result.${value}`) }))} value={result ?? null} onChange={set('result')} />
      </div>
      {log.error && !log.data ? (
        <Failure error={log.error} retry={log.refetch} />
      ) : log.isPending ? (
        <Skeleton height={260} radius="md" />
      ) : entries.length === 0 ? (
        <Empty title={user || result ? t('office.noMatch') : t('push.none')}>{user || result ? undefined : t('push.noneHint')}</Empty>
      ) : (
        <>
          <ul className={book.list} aria-label={t('push.log')}>
            {entries.map((e) => (
              <Line key={e.number} entry={e} />
            ))}
          </ul>
          {log.hasNextPage && (
            <Button variant="default" mt="sm" loading={log.isFetchingNextPage} onClick={() => void log.fetchNextPage()}>
              {t('push.older')}
            </Button>
          )}
        </>
      )}
    </>
  );
}

function Line({ entry: e }: { entry: PushEntry }) {
  const { t } = useTranslation();
  const names = useNames();
  const { data: devices } = useQuery(devicesQuery());
  const device = devices?.find((d) => d.id === e.device);
  const where = device ? device.label || t(`people.kind.${device.kind}`) : t('push.deviceGone');
  const why = [e.status ? t('push.answer', { status: e.status }) : undefined, e.reason].filter(Boolean).join(': ');
  return (
    <li className={`${book.line} ${book.tall}`}>
      <IconBell size={20} stroke={1.5} aria-hidden />
      <span className={book.main}>
        <span className={book.name}>
          {names(e.user)} · {t(`push.kind.${e.kind}`)}
        </span>
        <span className={classes.sub}>{[where, t(`push.service.${e.service}`), e.attempt > 1 && t('push.attempt', { count: e.attempt }), e.result !== 'sent' && why, e.next_at && t('push.again', { at: when(e.next_at) })].filter(Boolean).join(' · ')}</span>
      </span>
      <span className={book.side}>
        {e.job && (
          <Anchor size="sm" renderRoot={(props) => <Link {...props} to="/jobs/$job" params={{ job: e.job! }} />}>
            {t('push.job')}
          </Anchor>
        )}
        <Tag tone={tones[e.result] ?? 'info'}>{t(`push.result.${e.result}`)}</Tag>
        <time dateTime={e.at} title={precise(e.at)}>
          {when(e.at)}
        </time>
      </span>
    </li>
  );
}
