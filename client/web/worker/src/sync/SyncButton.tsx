import { ActionIcon } from '@mantine/core';
import { IconCloudCheck, IconCloudOff, IconCloudX, IconRefresh } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { useSync } from '../app/data.ts';
import { moment } from '../i18n/format.ts';
import styles from './SyncButton.module.css';

/** The sync symbol (S9): it turns while a sync is under way, and says how it went. A tap syncs now. */
export function SyncButton() {
  const { t } = useTranslation();
  const sync = useSync();
  const Symbol = sync.state === 'syncing' ? IconRefresh : sync.state === 'offline' ? IconCloudOff : sync.state === 'failed' ? IconCloudX : IconCloudCheck;
  const word = { syncing: t('sync.running'), offline: t('sync.offline'), failed: t('sync.failed'), idle: t('sync.done') }[sync.state];
  const last = sync.last === undefined ? t('sync.never') : t('sync.last', { when: moment(sync.last) });
  return (
    <>
      <ActionIcon onClick={sync.now} aria-label={`${t('sync.now')}. ${word}. ${last}`} title={last} data-sync={sync.state} data-last={sync.last} className={styles.button!}>
        <Symbol className={sync.state === 'syncing' ? styles.turning : undefined} aria-hidden />
      </ActionIcon>
      <span role="status" className="visually-hidden">
        {sync.state === 'syncing' ? t('sync.running') : ''}
      </span>
    </>
  );
}
