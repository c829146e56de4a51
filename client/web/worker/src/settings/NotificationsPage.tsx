import { useState, useSyncExternalStore } from 'react';
import { Button } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { platform } from '../app/storage.ts';
import { askForPush, pushState, watchPush } from '../push/permission.ts';
import { Card } from '../ui/Card.tsx';
import { Page } from '../ui/Page.tsx';
import styles from './Settings.module.css';
import { When } from './When.tsx';

/** Whether this phone may notify (S18), and how that is turned on. */
export function NotificationsPage() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const state = useSyncExternalStore(watchPush, pushState);
  const [busy, setBusy] = useState(false);
  const how = t(`push.how.${platform()}`, { returnObjects: true }) as readonly string[];
  return (
    <Page title={t('push.title')} onBack={() => void navigate({ to: '/menu' })}>
      <Card tone={state === 'on' ? undefined : 'warn'}>
        <p className={styles.state} data-testid="push-state">
          {t(`push.${state}`)}
        </p>
        {state === 'off' && (
          <Button
            loading={busy}
            onClick={() => {
              setBusy(true);
              void askForPush().finally(() => setBusy(false));
            }}
          >
            {t('push.ask')}
          </Button>
        )}
      </Card>
      {state !== 'on' && (
        <Card title={t('push.howTitle')}>
          <ol className={styles.steps}>
            {how.map((line) => (
              <li key={line}>{line}</li>
            ))}
          </ol>
        </Card>
      )}
      <When />
    </Page>
  );
}
