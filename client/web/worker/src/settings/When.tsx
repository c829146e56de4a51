import { useCallback, useEffect, useState } from 'react';
import { Button, Switch, TextInput } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { data, type Schemas } from '@fieldsync/sdk';
import { useClient, useLink } from '@fieldsync/sdk/react';
import { tell } from '../job/tell.ts';
import { Card } from '../ui/Card.tsx';
import styles from './Settings.module.css';

type Wishes = Schemas['Wishes'];
const night = { quiet_from: '20:00', quiet_to: '06:00' };

/** When this person's devices tell of changes, and of which jobs. The server keeps it: it needs a network. */
export function When() {
  const { t } = useTranslation();
  const { api } = useClient();
  const away = useLink().class === 'none';
  const [wishes, setWishes] = useState<Wishes>();
  const [failed, setFailed] = useState(false);
  const load = useCallback(() => {
    data(api.GET('/api/v1/push/settings')).then(
      (now) => {
        setWishes(now);
        setFailed(false);
      },
      () => setFailed(true),
    );
  }, [api]);
  useEffect(() => {
    if (!away) load(); // again when the network is back
  }, [away, load]);
  const set = (change: Partial<Wishes>): void => {
    const before = wishes!;
    const next = { ...before, ...change };
    setWishes(next);
    if (next.quiet_from && next.quiet_from === next.quiet_to) {
      setWishes(before);
      void tell(Promise.reject(new Error(t('push.when.same'))));
      return;
    }
    void tell(
      data(api.PUT('/api/v1/push/settings', { body: next })).catch((err: unknown) => {
        setWishes(before);
        throw err;
      }),
    );
  };
  if (!wishes) {
    if (!away && !failed) return null;
    return (
      <Card title={t('push.when.title')}>
        <p className={styles.soft}>{t('push.when.away')}</p>
        {!away && <Button onClick={load}>{t('push.when.again')}</Button>}
      </Card>
    );
  }
  const quiet = Boolean(wishes.quiet_from);
  return (
    <Card title={t('push.when.title')}>
      <Switch size="md" classNames={{ body: styles.switch! }} label={t('push.when.onlyToday')} checked={wishes.only_today ?? false} disabled={away} onChange={(e) => set({ only_today: e.currentTarget.checked })} />
      <Switch size="md" classNames={{ body: styles.switch! }} label={t('push.when.quiet')} checked={quiet} disabled={away} onChange={(e) => set(e.currentTarget.checked ? night : { quiet_from: '', quiet_to: '' })} />
      {quiet && (
        <div className={styles.times}>
          <Clock label={t('push.when.from')} value={wishes.quiet_from!} disabled={away} set={(quiet_from) => set({ quiet_from })} />
          <Clock label={t('push.when.to')} value={wishes.quiet_to!} disabled={away} set={(quiet_to) => set({ quiet_to })} />
        </div>
      )}
      <p className={styles.soft}>{away ? t('push.when.away') : t('push.when.hint')}</p>
    </Card>
  );
}

/** A time of the day, kept when one leaves it: while it is typed it is many. */
function Clock({ label, value, disabled, set }: { label: string; value: string; disabled: boolean; set: (value: string) => void }) {
  return (
    <TextInput
      key={value}
      type="time"
      size="md"
      label={label}
      defaultValue={value}
      disabled={disabled}
      onBlur={(e) => {
        const now = e.currentTarget.value;
        if (now === '') e.currentTarget.value = value;
        else if (now !== value) set(now);
      }}
      onKeyDown={(e) => e.key === 'Enter' && e.currentTarget.blur()}
    />
  );
}
