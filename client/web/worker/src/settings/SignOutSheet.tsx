import { useState } from 'react';
import { Button } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useClient } from '@fieldsync/sdk/react';
import { useUnsentView } from '../app/data.ts';
import { tell } from '../job/tell.ts';
import { Sheet } from '../ui/Sheet.tsx';
import styles from './SignOutSheet.module.css';

/** Signing out takes the jobs off this phone. What has not reached the server would be lost, and that is said first. */
export function SignOutSheet({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const { t } = useTranslation();
  const client = useClient();
  const unsent = useUnsentView();
  const [busy, setBusy] = useState(false);
  const lost = unsent.count > 0;
  return (
    <Sheet title={t('signOut.title')} opened={opened} onClose={onClose}>
      {lost ? (
        <div className={styles.warning}>
          {unsent.changes > 0 && <p>{t('signOut.unsent', { count: unsent.changes })}</p>}
          {unsent.files.length > 0 && <p>{t('signOut.files', { count: unsent.files.length })}</p>}
        </div>
      ) : (
        <p>{t('signOut.clean')}</p>
      )}
      <div className={styles.buttons}>
        <Button variant="default" onClick={onClose}>
          {t('signOut.stay')}
        </Button>
        <Button
          {...(lost && { color: 'red' })}
          loading={busy}
          onClick={() => {
            setBusy(true);
            void tell(client.signOut({ discard: true, force: true })).finally(() => setBusy(false));
          }}
        >
          {lost ? t('signOut.anyway') : t('signOut.confirm')}
        </Button>
      </div>
    </Sheet>
  );
}
