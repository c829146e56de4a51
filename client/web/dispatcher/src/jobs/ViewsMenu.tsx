import { ActionIcon, Button, Menu, Modal, TextInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconBookmark, IconBookmarkPlus, IconTrash } from '@tabler/icons-react';
import { useNavigate } from '@tanstack/react-router';
import { useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { useMe } from '../api/queries.ts';
import { failed } from '../ui/toast.tsx';
import type { JobSearch } from './filters.ts';
import { useViews, type View } from './views.ts';

/** Views that everybody has, those that one saved, and saving what is seen now. */
export function ViewsMenu({ search }: { search: JobSearch }) {
  const { t } = useTranslation();
  const me = useMe();
  const navigate = useNavigate();
  const [views, save] = useViews(me.id);
  const [naming, dialog] = useDisclosure(false, { onOpen: () => setGone([]) });
  const [gone, setGone] = useState<View[]>([]); // what was removed in the dialog: it can be brought back there
  const ready: View[] = [
    { name: t('views.today'), search: { from: 'today', to: 'today' } },
    { name: t('views.underway'), search: { status: 'en_route,started,paused' } },
    { name: t('views.drafts'), search: { status: 'scheduled' } },
    { name: t('views.unassigned'), search: { unassigned: 'true', status: 'scheduled,published' } },
    { name: t('views.clashes'), search: { clash: 'true' } },
    { name: t('views.done'), search: { status: 'finished', sort: '-updated_at' } },
  ];
  const same = (a: JobSearch, b: JobSearch): boolean => JSON.stringify(Object.entries(a).sort()) === JSON.stringify(Object.entries(b).sort());
  const now = [...views, ...ready].find((v) => same(v.search, search));
  const open = (view: View) => void navigate({ to: '/jobs', search: view.search });
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const name = String(new FormData(event.currentTarget).get('name')).trim();
    if (!name) return;
    save((views) => [...views.filter((v) => v.name !== name), { name, search }]).then(dialog.close, failed);
  };
  const remove = (view: View): void => {
    save((list) => list.filter((v) => v.name !== view.name)).then(() => setGone((g) => [...g, view]), failed);
  };
  const bring = (view: View): void => {
    save((list) => [...list.filter((v) => v.name !== view.name), view]).then(() => setGone((g) => g.filter((v) => v !== view)), failed);
  };
  return (
    <>
      <Menu position="bottom-start" width={270}>
        <Menu.Target>
          <Button variant="default" leftSection={<IconBookmark size={16} />}>
            {now?.name ?? t('views.title')}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {ready.map((view) => (
            <Menu.Item key={view.name} onClick={() => open(view)}>
              {view.name}
            </Menu.Item>
          ))}
          {views.length > 0 && <Menu.Divider />}
          {views.length > 0 && <Menu.Label>{t('views.own')}</Menu.Label>}
          {views.map((view) => (
            <Menu.Item key={view.name} onClick={() => open(view)}>
              {view.name}
            </Menu.Item>
          ))}
          <Menu.Divider />
          <Menu.Item leftSection={<IconBookmarkPlus size={16} />} onClick={dialog.open}>
            {t('views.save')}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <Modal opened={naming} onClose={dialog.close} title={t('views.save')} closeButtonProps={{ 'aria-label': t('close') }}>
        <form onSubmit={submit}>
          <TextInput name="name" label={t('views.name')} maxLength={60} required withAsterisk={false} data-autofocus />
          <Button type="submit" mt="md">
            {t('save')}
          </Button>
        </form>
        {views.length + gone.length > 0 && (
          <ul style={{ listStyle: 'none', padding: 0 }}>
            {views.map((view) => (
              <li key={view.name} style={{ display: 'flex', alignItems: 'center', justifyContent: 'space-between' }}>
                {view.name}
                <ActionIcon aria-label={t('views.remove', { name: view.name })} onClick={() => remove(view)}>
                  <IconTrash size={17} />
                </ActionIcon>
              </li>
            ))}
            {gone.map((view) => (
              <li key={view.name} style={{ display: 'flex', alignItems: 'center', justifyContent: 'space-between' }}>
                <del className="quiet">{view.name}</del>
                <Button size="compact-sm" variant="light" aria-label={t('views.bring', { name: view.name })} onClick={() => bring(view)}>
                  {t('undo')}
                </Button>
              </li>
            ))}
          </ul>
        )}
      </Modal>
    </>
  );
}
