import { useCallback, useEffect, useState } from 'react';
import { Button, Progress } from '@mantine/core';
import { useClient } from '@fieldsync/sdk/react';
import { useNavigate } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { evictsAfterAWeek, storageState, type Storage } from '../app/storage.ts';
import { bytes } from '../i18n/format.ts';
import { Card } from '../ui/Card.tsx';
import { Page } from '../ui/Page.tsx';
import styles from './Settings.module.css';

const nearlyFull = 0.9;

/** How much is kept on this phone, and whether the browser may remove it. */
export function StoragePage() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const client = useClient();
  const [state, setState] = useState<Storage>();
  const [refused, setRefused] = useState(false);
  const look = useCallback(() => void storageState().then(setState), []);
  useEffect(look, [look]);
  const share = state?.used !== undefined && state.quota ? state.used / state.quota : undefined;
  return (
    <Page title={t('storage.title')} onBack={() => void navigate({ to: '/menu' })}>
      {state && (
        <Card>
          {state.used !== undefined && <p className={styles.state}>{state.quota ? t('storage.used', { used: bytes(state.used), quota: bytes(state.quota) }) : t('storage.usedOnly', { used: bytes(state.used) })}</p>}
          {share !== undefined && <Progress value={share * 100} aria-label={t('storage.title')} color={share > nearlyFull ? 'red' : 'var(--fs-brand)'} />}
          {share !== undefined && share > nearlyFull && <p>{t('storage.low')}</p>}
        </Card>
      )}
      {state && (
        <Card tone={state.kept ? undefined : 'warn'}>
          <p className={styles.state}>{state.kept ? t('storage.kept') : evictsAfterAWeek() ? t('storage.notKeptIos') : t('storage.notKept')}</p>
          {!state.kept && (
            <Button
              onClick={() =>
                void client.persist().then((kept) => {
                  setRefused(!kept);
                  look();
                })
              }
            >
              {t('storage.ask')}
            </Button>
          )}
          {refused && <p role="status">{t('storage.asked')}</p>}
        </Card>
      )}
    </Page>
  );
}
