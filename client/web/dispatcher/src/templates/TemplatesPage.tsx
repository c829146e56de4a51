import { Button } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useNavigate } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { api, ask, once } from '../api/rest.ts';
import { useMay, useSave } from '../api/queries.ts';
import { BookList } from '../ui/BookList.tsx';
import { Page } from '../ui/Page.tsx';
import { failed } from '../ui/toast.tsx';
import { Tag } from '../ui/Tag.tsx';

/** What jobs are made from. */
export function TemplatesPage() {
  const { t } = useTranslation();
  const { write } = useMay();
  const navigate = useNavigate();
  const create = useSave(() => ask(api.POST('/api/v1/templates', { params: { header: once() }, body: { name: t('templates.new') } })), [['templates']]);
  const button = write && (
    <Button leftSection={<IconPlus size={16} />} loading={create.isPending} onClick={() => create.mutate(undefined, { onSuccess: (made) => void navigate({ to: '/templates/$template', params: { template: made.id } }), onError: (err) => failed(err) })}>
      {t('templates.new')}
    </Button>
  );
  return (
    <Page title={t('nav.templates')} actions={button}>
      <BookList
        book="templates"
        to={(id) => `/templates/${id}`}
        sub={(row) => [row.type, row.client?.name, row.territory?.name].filter(Boolean).join(' · ')}
        badge={(row) => row.worker_create && <Tag>{t('templates.byWorkers')}</Tag>}
        empty={{ title: t('templates.none'), hint: t('templates.noneHint'), action: button }}
      />
    </Page>
  );
}
