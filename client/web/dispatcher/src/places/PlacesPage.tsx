import { Button, SegmentedControl } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { api, ask, once } from '../api/rest.ts';
import { useMay, useSave } from '../api/queries.ts';
import { BookList } from '../ui/BookList.tsx';
import { Page } from '../ui/Page.tsx';
import { failed } from '../ui/toast.tsx';

/** For whom and where work is done. */
export function PlacesPage() {
  const { t } = useTranslation();
  const { book: asked } = useSearch({ from: '/in/clients' });
  const book = asked === 'sites' ? 'sites' : 'clients';
  const { write } = useMay();
  const navigate = useNavigate();
  const make = () => ({ params: { header: once() }, body: { name: t(`places.${book}.new`) } });
  const create = useSave(() => ask(book === 'sites' ? api.POST('/api/v1/sites', make()) : api.POST('/api/v1/clients', make())), [[book]]);
  const button = write && (
    <Button leftSection={<IconPlus size={16} />} loading={create.isPending} onClick={() => create.mutate(undefined, { onSuccess: (made) => void navigate({ to: `/${book}/${made.id}` }), onError: (err) => failed(err) })}>
      {t(`places.${book}.new`)}
    </Button>
  );
  return (
    <Page title={t('nav.clients')} actions={button}>
      <SegmentedControl
        mb="sm"
        aria-label={t('nav.clients')}
        value={book}
        onChange={(value) => void navigate({ to: '/clients', search: value === 'sites' ? { book: 'sites' } : {} })}
        data={(['clients', 'sites'] as const).map((value) => ({ value, label: t(`places.${value}.title`) }))}
      />
      <BookList
        key={book}
        book={book}
        to={(id) => `/${book}/${id}`}
        sub={(row) => [row.client?.name, row.address?.formatted, row.territory?.name].filter(Boolean).join(' · ')}
        empty={{ title: t(`places.${book}.none`), hint: t(`places.${book}.noneHint`), action: button }}
      />
    </Page>
  );
}
