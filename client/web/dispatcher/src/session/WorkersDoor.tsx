import { Button } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Notices } from '../shell/Notices.tsx';
import { Empty } from '../ui/Page.tsx';
import { failed } from '../ui/toast.tsx';
import { signOut } from './session.ts';

/** Workers have an app of their own; the board is not for them. */
export function WorkersDoor() {
  const { t } = useTranslation();
  return (
    <>
      <main>
        <Empty
          page
          title={t('signIn.isWorker')}
          action={
            <>
              <Button component="a" href="/m/">
                {t('signIn.workerLink')}
              </Button>
              <Button variant="subtle" onClick={() => void signOut().catch(failed)}>
                {t('nav.signOut')}
              </Button>
            </>
          }
        >
          {t('signIn.isWorkerHint')}
        </Empty>
      </main>
      <Notices />
    </>
  );
}
