import { ActionIcon, Button, Modal, Select, Skeleton, TextInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconKey, IconPlus, IconTrash } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { api, ask, type BodyOf } from '../api/rest.ts';
import { useNames, useSave } from '../api/queries.ts';
import type { ApiKey } from '../api/types.ts';
import { ago, dateTime } from '../format.ts';
import book from '../ui/Book.module.css';
import { Empty, Failure } from '../ui/Page.tsx';
import { useConfirm } from '../ui/Confirm.tsx';
import { failed } from '../ui/toast.tsx';
import { Secret } from './Secret.tsx';
import { Tag } from '../ui/Tag.tsx';

/** Keys by which programs come in. */
export function ApiKeys() {
  const { t } = useTranslation();
  const names = useNames();
  const confirm = useConfirm();
  const [adding, dialog] = useDisclosure();
  const [role, setRole] = useState<ApiKey['role']>('dispatcher');
  const [made, setMade] = useState<ApiKey & { secret: string }>();
  const { data, error, refetch } = useQuery({ queryKey: ['apikeys'], queryFn: async ({ signal }) => (await ask(api.GET('/api/v1/apikeys', { signal }))).keys ?? [] });
  const create = useSave((body: BodyOf<'/api/v1/apikeys', 'post'>) => ask(api.POST('/api/v1/apikeys', { body })), [['apikeys']]);
  const revoke = useSave((id: string) => ask(api.DELETE('/api/v1/apikeys/{key}', { params: { path: { key: id } } })), [['apikeys']]);
  if (error && !data) return <Failure error={error} retry={refetch} />;
  if (!data) return <Skeleton height={200} radius="md" />;
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const until = String(form.get('until'));
    create.mutate(
      { name: String(form.get('name')).trim(), role, ...(until ? { expires_at: new Date(`${until}T23:59:59`).toISOString() } : {}) },
      {
        onSuccess: (key) => {
          setMade(key);
          dialog.close();
        },
        onError: (err) => failed(err),
      },
    );
  };
  const add = (
    <Button variant="light" leftSection={<IconPlus size={16} />} onClick={dialog.open}>
      {t('settings.addKey')}
    </Button>
  );
  return (
    <>
      {made && <Secret secret={made.secret} what={t('settings.keyMade', { name: made.name })} />}
      {data.length === 0 ? (
        <Empty title={t('settings.noKeys')} action={add}>
          {t('settings.noKeysHint')}
        </Empty>
      ) : (
        <>
          <ul className={book.list}>
            {data.map((key) => (
              <li key={key.id} className={`${book.line} ${book.tall}`}>
                <IconKey size={20} stroke={1.5} aria-hidden />
                <span className={book.main}>
                  <span className={book.name}>{key.name}</span>
                  <span className={book.sub}>{[names(key.created_by), key.created_at && t('people.since', { at: dateTime(key.created_at) }), key.expires_at && t('people.until', { at: dateTime(key.expires_at) })].filter(Boolean).join(' · ')}</span>
                </span>
                <span className={book.side}>
                  <Tag>{t(`role.${key.role}`)}</Tag>
                  <span>{key.last_seen_at ? t('people.seen', { ago: ago(key.last_seen_at) }) : t('people.neverSeen')}</span>
                  <ActionIcon aria-label={t('settings.revoke', { name: key.name })} onClick={() => confirm({ title: t('settings.revokeAsk', { name: key.name }), text: t('settings.revokeHint'), does: t('settings.revokeIt') }, () => revoke.mutate(key.id, { onError: (err) => failed(err) }))}>
                    <IconTrash size={18} />
                  </ActionIcon>
                </span>
              </li>
            ))}
          </ul>
          <div style={{ marginBlockStart: 12 }}>{add}</div>
        </>
      )}
      <Modal opened={adding} onClose={dialog.close} title={t('settings.addKey')} closeButtonProps={{ 'aria-label': t('close') }}>
        <form onSubmit={submit}>
          <TextInput name="name" label={t('settings.keyName')} required withAsterisk={false} maxLength={200} data-autofocus />
          <Select label={t('people.role')} mt="sm" value={role} allowDeselect={false} data={(['dispatcher', 'director', 'administrator'] as const).map((value) => ({ value, label: t(`role.${value}`) }))} onChange={(value) => value && setRole(value as ApiKey['role'])} />
          <TextInput type="date" name="until" label={t('settings.keyUntil')} mt="sm" />
          <Button type="submit" mt="lg" loading={create.isPending}>
            {t('settings.addKey')}
          </Button>
        </form>
      </Modal>
    </>
  );
}
