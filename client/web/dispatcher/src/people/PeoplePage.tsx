import { Button, Modal, Select, Skeleton, Tabs, TextInput, PasswordInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconPlus, IconSearch } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { api, ask, type BodyOf } from '../api/rest.ts';
import { devicesQuery, useMay, useMe, useSave, usersQuery } from '../api/queries.ts';
import { ROLES, type Role } from '../api/types.ts';
import { ago } from '../format.ts';
import book from '../ui/Book.module.css';
import { Empty, Failure, Page } from '../ui/Page.tsx';
import { Person } from '../ui/Person.tsx';
import { failed } from '../ui/toast.tsx';
import { Devices } from './Devices.tsx';
import { PushLog } from './PushLog.tsx';
import { Teams } from './Teams.tsx';
import { Tag } from '../ui/Tag.tsx';

/** Who is in the organisation, in which teams, with which devices. */
export function PeoplePage() {
  const { t } = useTranslation();
  const { tab = 'users' } = useSearch({ from: '/in/people' });
  const navigate = useNavigate({ from: '/people' });
  const { administer } = useMay();
  const [adding, dialog] = useDisclosure();
  return (
    <Page
      title={t('nav.people')}
      actions={
        administer &&
        tab === 'users' && (
          <Button leftSection={<IconPlus size={16} />} onClick={dialog.open}>
            {t('people.add')}
          </Button>
        )
      }
    >
      <Tabs value={tab} onChange={(value) => void navigate({ search: value === null || value === 'users' ? {} : { tab: value }, replace: true })} keepMounted={false}>
        <Tabs.List mb="md">
          {(['users', 'teams', 'devices', ...(administer ? (['notices'] as const) : [])] as const).map((name) => (
            <Tabs.Tab key={name} value={name}>
              {t(`people.${name}`)}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value="users">
          <Users />
        </Tabs.Panel>
        <Tabs.Panel value="teams">
          <Teams />
        </Tabs.Panel>
        <Tabs.Panel value="devices">
          <Devices />
        </Tabs.Panel>
        {administer && (
          <Tabs.Panel value="notices">
            <PushLog />
          </Tabs.Panel>
        )}
      </Tabs>
      <Modal opened={adding} onClose={dialog.close} title={t('people.add')} closeButtonProps={{ 'aria-label': t('close') }}>
        <NewUser done={dialog.close} />
      </Modal>
    </Page>
  );
}

function Users() {
  const { t } = useTranslation();
  const { data: users, error, isPending, refetch } = useQuery(usersQuery);
  const { data: devices } = useQuery({ ...devicesQuery(), retry: false });
  const [text, setText] = useState('');
  if (error && !users) return <Failure error={error} retry={refetch} />;
  if (isPending) return <Skeleton height={260} radius="md" />;
  const words = text.toLowerCase();
  const shown = (users ?? []).filter((u) => !words || u.name.toLowerCase().includes(words) || (u.login ?? '').toLowerCase().includes(words)).sort((a, b) => Number(a.disabled) - Number(b.disabled));
  const seen = (user: string): string | undefined =>
    devices
      ?.filter((d) => d.user === user && d.last_seen_at)
      .map((d) => d.last_seen_at!)
      .sort()
      .pop();
  return (
    <>
      <div className={book.bar}>
        <TextInput type="search" aria-label={t('office.search')} placeholder={t('office.search')} leftSection={<IconSearch size={16} />} value={text} onChange={(e) => setText(e.currentTarget.value)} />
      </div>
      {shown.length === 0 ? (
        <Empty title={t('office.noMatch')} />
      ) : (
        <ul className={book.list}>
          {shown.map((u) => (
            <li key={u.id}>
              <Link to="/people/$user" params={{ user: u.id }} className={book.line}>
                <Person id={u.id} name={u.name} bare />
                <span className={book.main}>
                  <span className={book.name}>{u.name}</span>
                  <span className={book.sub}>{u.login}</span>
                </span>
                <span className={book.side}>
                  {u.disabled && (
                    <Tag tone="quiet">
                      {t('people.disabled')}
                    </Tag>
                  )}
                  {u.locked && (
                    <Tag tone="warn">
                      {t('people.locked')}
                    </Tag>
                  )}
                  {u.role && (
                    <Tag tone={u.role === 'worker' ? 'good' : 'info'}>
                      {t(`role.${u.role as Role}`)}
                    </Tag>
                  )}
                  <span>{seen(u.id) ? t('people.seen', { ago: ago(seen(u.id)!) }) : t('people.neverSeen')}</span>
                </span>
              </Link>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

function NewUser({ done }: { done: () => void }) {
  const { t } = useTranslation();
  const me = useMe();
  const navigate = useNavigate();
  const [role, setRole] = useState<Role>('worker');
  const create = useSave((body: BodyOf<'/api/v1/users', 'post'>) => ask(api.POST('/api/v1/users', { body })), [['users']]);
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const password = String(form.get('password'));
    create.mutate(
      { name: String(form.get('name')).trim(), login: String(form.get('login')).trim(), role, ...(password ? { password } : {}) },
      {
        onSuccess: (user) => {
          done();
          void navigate({ to: '/people/$user', params: { user: user.id } });
        },
        onError: (err) => failed(err),
      },
    );
  };
  return (
    <form onSubmit={submit}>
      <TextInput name="name" label={t('people.name')} required withAsterisk={false} maxLength={200} data-autofocus />
      <TextInput name="login" label={t('people.login')} description={t('people.loginHint')} required withAsterisk={false} maxLength={200} mt="sm" autoComplete="off" autoCapitalize="none" />
      <Select
        label={t('people.role')}
        mt="sm"
        value={role}
        allowDeselect={false}
        data={ROLES.filter((r) => r !== 'owner' || me.role === 'owner').map((value) => ({ value, label: t(`role.${value}`) }))}
        onChange={(value) => value && setRole(value as Role)}
      />
      <PasswordInput name="password" label={t('people.password')} description={t('people.passwordHint')} mt="sm" minLength={10} autoComplete="new-password" visibilityToggleButtonProps={{ 'aria-label': t('signIn.show') }} />
      <Button type="submit" mt="lg" loading={create.isPending}>
        {t('people.add')}
      </Button>
    </form>
  );
}
