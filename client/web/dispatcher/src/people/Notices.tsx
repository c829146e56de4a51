import { Skeleton, Switch, TextInput } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, ask } from '../api/rest.ts';
import { useSave } from '../api/queries.ts';
import type { Wishes } from '../api/types.ts';
import { Section } from '../plan/Section.tsx';
import { Failure } from '../ui/Page.tsx';
import { failed } from '../ui/toast.tsx';
import classes from './Notices.module.css';

const key = ['push', 'settings'];
const night = { quiet_from: '20:00', quiet_to: '06:00' };

/** When one's own devices are told of changes, and of which jobs. */
export function Notices() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const { data, error, refetch } = useQuery({ queryKey: key, queryFn: ({ signal }) => ask(api.GET('/api/v1/push/settings', { signal })) });
  const save = useSave((body: Wishes) => ask(api.PUT('/api/v1/push/settings', { body })), [key]);
  const set = (change: Partial<Wishes>): void => {
    const before = data!;
    const next = { ...before, ...change };
    if (next.quiet_from && next.quiet_from === next.quiet_to) {
      failed(new Error(t('push.sameTimes')));
      return;
    }
    client.setQueryData(key, next);
    save.mutate(next, {
      onError: (err) => {
        client.setQueryData(key, before);
        failed(err);
      },
    });
  };
  const quiet = Boolean(data?.quiet_from);
  return (
    <Section title={t('push.settings')} hint={t('push.settingsHint')}>
      {error && !data ? (
        <Failure error={error} retry={refetch} />
      ) : !data ? (
        <Skeleton height={90} radius="md" />
      ) : (
        <div className={classes.settings}>
          <Switch label={t('push.onlyToday')} description={t('push.onlyTodayHint')} checked={data.only_today ?? false} onChange={(e) => set({ only_today: e.currentTarget.checked })} />
          <Switch label={t('push.quiet')} description={t('push.quietHint')} checked={quiet} onChange={(e) => set(e.currentTarget.checked ? night : { quiet_from: '', quiet_to: '' })} />
          {quiet && (
            <div className={classes.times}>
              <Clock label={t('push.quietFrom')} value={data.quiet_from!} set={(quiet_from) => set({ quiet_from })} />
              <Clock label={t('push.quietTo')} value={data.quiet_to!} set={(quiet_to) => set({ quiet_to })} />
            </div>
          )}
        </div>
      )}
    </Section>
  );
}

/** A time of the day, kept when one leaves it: while it is typed it is many. */
function Clock({ label, value, set }: { label: string; value: string; set: (value: string) => void }) {
  return (
    <TextInput
      key={value}
      type="time"
      label={label}
      defaultValue={value}
      required
      withAsterisk={false}
      onBlur={(e) => {
        const now = e.currentTarget.value;
        if (now === '') e.currentTarget.value = value;
        else if (now !== value) set(now);
      }}
      onKeyDown={(e) => e.key === 'Enter' && e.currentTarget.blur()}
    />
  );
}
