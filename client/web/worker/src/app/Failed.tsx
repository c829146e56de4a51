import { Button } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { reasonOf } from '../i18n/reason.ts';
import { Empty } from '../ui/Empty.tsx';

/** What stands where a page failed. What was done is kept all the same. */
export function Failed({ error }: { error: unknown }) {
  const { t } = useTranslation();
  return (
    <div role="alert">
      <Empty icon={IconAlertTriangle} title={t('error.title')}>
        <p>{t('error.help')}</p>
        <p>{error instanceof Error ? reasonOf(error) : ''}</p>
        <Button onClick={() => location.reload()}>{t('error.reload')}</Button>
      </Empty>
    </div>
  );
}
