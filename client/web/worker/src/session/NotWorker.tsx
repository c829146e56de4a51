import { Button } from '@mantine/core';
import { useClient } from '@fieldsync/sdk/react';
import { IconLayoutBoard } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { tell } from '../job/tell.ts';
import { Empty } from '../ui/Empty.tsx';

/** For who signs in here and is no worker: this app would bring all jobs of the organisation onto a phone. */
export function NotWorker({ name }: { name: string }) {
  const { t } = useTranslation();
  const client = useClient();
  return (
    <main>
      <h1 className="visually-hidden">{t('app.name')}</h1>
      <Empty page icon={IconLayoutBoard} title={t('signIn.notWorker')}>
        <p>{t('menu.signedInAs', { name })}</p>
        <Button component="a" href="/">
          {t('signIn.toBoard')}
        </Button>
        <Button variant="subtle" onClick={() => void tell(client.signOut({ force: true }))}>
          {t('menu.signOut')}
        </Button>
      </Empty>
    </main>
  );
}
