import { ActionIcon, Skeleton, Tooltip } from '@mantine/core';
import { IconBrowser, IconDeviceMobile, IconLogout } from '@tabler/icons-react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { ask } from '../api/http.ts';
import { devicesQuery, useMay, useMe, useNames } from '../api/queries.ts';
import type { Device } from '../api/types.ts';
import { ago, dateTime, precise } from '../format.ts';
import book from '../ui/Book.module.css';
import { Empty, Failure } from '../ui/Page.tsx';
import { done, failed } from '../ui/toast.tsx';
import { Tag } from '../ui/Tag.tsx';

const fresh = 10 * 60_000; // ms: a phone syncs every two minutes
const stale = 24 * 3_600_000;

/** The devices of everybody, or of one person: which they are, and when they last came. */
export function Devices({ user }: { user?: string }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const names = useNames();
  const me = useMe();
  const { administer } = useMay();
  const { data, error, isPending, refetch } = useQuery(devicesQuery);
  if (error && !data) return <Failure error={error} retry={refetch} />;
  if (isPending) return <Skeleton height={160} radius="md" />;
  const shown = (data ?? []).filter((d) => !user || d.user === user).sort((a, b) => (b.last_seen_at ?? '').localeCompare(a.last_seen_at ?? ''));
  if (shown.length === 0) return <Empty title={t('people.noDevices')}>{t('people.noDevicesHint')}</Empty>;
  const end = (d: Device): void => {
    ask(`/users/${d.user}/devices/${d.id}`, { method: 'DELETE' }).then(
      () => {
        done(t('people.deviceEnded'));
        void client.invalidateQueries({ queryKey: ['devices'] });
      },
      (err: unknown) => failed(err),
    );
  };
  return (
    <ul className={book.list}>
      {shown.map((d) => {
        const seen = d.last_seen_at ?? (d.kind === 'session' ? d.created_at : undefined); // a session begins with being seen
        const age = seen ? Date.now() - new Date(seen).getTime() : Infinity;
        const Icon = d.kind === 'session' ? IconBrowser : IconDeviceMobile;
        return (
          <li key={d.id} className={book.line}>
            <Icon size={22} stroke={1.5} aria-hidden />
            <span className={book.main}>
              <span className={book.name}>{d.label || t(`people.kind.${d.kind}`)}</span>
              <span className={book.sub}>{[!user && names(d.user), t(`people.kind.${d.kind}`), d.created_at && t('people.since', { at: dateTime(d.created_at) }), d.expires_at && t('people.until', { at: dateTime(d.expires_at) })].filter(Boolean).join(' · ')}</span>
            </span>
            <span className={book.side}>
              {d.current && <Tag>{t('people.thisOne')}</Tag>}
              <span title={seen ? precise(seen) : undefined}>
                <Tag tone={age < fresh ? 'good' : age < stale ? 'warn' : 'quiet'}>
                  {seen ? t('people.seen', { ago: ago(seen) }) : t('people.neverSeen')}
                </Tag>
              </span>
              {(administer || d.user === me.id) && !d.current && (
                <Tooltip label={t('people.endDevice')}>
                  <ActionIcon aria-label={`${t('people.endDevice')}: ${d.label}`} onClick={() => end(d)}>
                    <IconLogout size={18} />
                  </ActionIcon>
                </Tooltip>
              )}
            </span>
          </li>
        );
      })}
    </ul>
  );
}
