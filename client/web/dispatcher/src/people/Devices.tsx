import { Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { devicesQuery, subscriptionsQuery } from '../api/queries.ts';
import type { Device } from '../api/types.ts';
import book from '../ui/Book.module.css';
import { Empty, Failure } from '../ui/Page.tsx';
import { DeviceLine } from './DeviceLine.tsx';

/** When something was last heard of a device. A session begins with being seen. */
export const heard = (d: Device): string | undefined => [d.report?.at, d.last_seen_at, d.kind === 'session' ? d.created_at : undefined].filter((at) => at !== undefined).sort().pop();

/** The devices of everybody, or of one person: which they are, how far they are, when they last came. */
export function Devices({ user }: { user?: string }) {
  const { t } = useTranslation();
  const { data, error, isPending, refetch } = useQuery(devicesQuery(user));
  const { data: subscriptions } = useQuery(subscriptionsQuery(user));
  if (error && !data) return <Failure error={error} retry={refetch} />;
  if (isPending) return <Skeleton height={160} radius="md" />;
  const shown = [...(data ?? [])].sort((a, b) => (heard(b) ?? '').localeCompare(heard(a) ?? ''));
  if (shown.length === 0) return <Empty title={t('people.noDevices')}>{t('people.noDevicesHint')}</Empty>;
  return (
    <ul className={book.list}>
      {shown.map((d) => (
        <DeviceLine key={d.id} device={d} named={!user} notified={subscriptions?.some((s) => s.device === d.id) ?? false} />
      ))}
    </ul>
  );
}
