import { Button, Group, Modal, MultiSelect, Skeleton, Table, TextInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconPlus, IconWebhook } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { api, ask, once, type BodyOf } from '../api/rest.ts';
import { useSave } from '../api/queries.ts';
import type { Webhook } from '../api/types.ts';
import { when } from '../format.ts';
import { Section } from '../plan/Section.tsx';
import book from '../ui/Book.module.css';
import { Empty, Failure } from '../ui/Page.tsx';
import { useConfirm } from '../ui/Confirm.tsx';
import { done, failed } from '../ui/toast.tsx';
import { Secret } from './Secret.tsx';
import { Tag } from '../ui/Tag.tsx';

const EVENTS = ['job.created', 'job.updated', 'job.status_changed', 'job.started', 'job.finished', 'job.cancelled', 'job.assigned', 'job.unassigned', 'job.clash'];
const stale = [['webhooks']] as const;

/** Addresses that are told of what happens. */
export function Webhooks() {
  const { t } = useTranslation();
  const { webhook: opened } = useSearch({ from: '/in/settings' });
  const navigate = useNavigate({ from: '/settings' });
  const [adding, dialog] = useDisclosure();
  const [events, setEvents] = useState<string[]>(['job.finished']);
  const [made, setMade] = useState<Webhook & { secret: string }>();
  const { data, error, refetch } = useQuery({ queryKey: ['webhooks'], queryFn: async ({ signal }) => (await ask(api.GET('/api/v1/webhooks', { signal }))).webhooks ?? [] });
  const create = useSave((body: BodyOf<'/api/v1/webhooks', 'post'>) => ask(api.POST('/api/v1/webhooks', { params: { header: once() }, body })), stale);
  if (error && !data) return <Failure error={error} retry={refetch} />;
  if (!data) return <Skeleton height={200} radius="md" />;
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    create.mutate(
      { url: String(form.get('url')).trim(), description: String(form.get('description')).trim(), events },
      {
        onSuccess: (hook) => {
          setMade(hook);
          dialog.close();
        },
        onError: (err) => failed(err),
      },
    );
  };
  const add = (
    <Button variant="light" leftSection={<IconPlus size={16} />} onClick={dialog.open}>
      {t('settings.addWebhook')}
    </Button>
  );
  const current = data.find((w) => w.id === opened);
  return (
    <>
      {made && <Secret secret={made.secret} what={t('settings.webhookMade')} />}
      {data.length === 0 ? (
        <Empty title={t('settings.noWebhooks')} action={add}>
          {t('settings.noWebhooksHint')}
        </Empty>
      ) : (
        <>
          <ul className={book.list}>
            {data.map((hook) => (
              <li key={hook.id} className={`${book.line} ${book.tall}`}>
                <IconWebhook size={20} stroke={1.5} aria-hidden />
                <span className={book.main}>
                  <span className={book.name}>{hook.description || hook.url}</span>
                  <span className={book.sub}>{[hook.url, hook.events.length > 0 ? hook.events.join(', ') : t('settings.allEvents')].join(' · ')}</span>
                </span>
                <span className={book.side}>
                  <Tag tone={!hook.active ? 'quiet' : hook.failures > 0 ? 'warn' : 'good'}>
                    {!hook.active ? t('settings.inactive') : hook.failures > 0 ? t('settings.failing', { count: hook.failures }) : t('settings.active')}
                  </Tag>
                  <Button size="compact-sm" variant="subtle" onClick={() => void navigate({ search: { tab: 'webhooks', webhook: hook.id } })}>
                    {t('settings.show')}
                  </Button>
                </span>
              </li>
            ))}
          </ul>
          <div style={{ marginBlock: 12 }}>{add}</div>
        </>
      )}
      {current && <Hook key={current.id} hook={current} secret={setMade} />}
      <Modal opened={adding} onClose={dialog.close} title={t('settings.addWebhook')} closeButtonProps={{ 'aria-label': t('close') }}>
        <form onSubmit={submit}>
          <TextInput name="url" type="url" label={t('settings.url')} description={t('settings.urlHint')} required withAsterisk={false} maxLength={2000} placeholder="https://" data-autofocus />
          <TextInput name="description" label={t('settings.description')} mt="sm" maxLength={200} />
          <MultiSelect label={t('settings.events')} description={t('settings.eventsHint')} mt="sm" data={EVENTS} value={events} onChange={setEvents} />
          <Button type="submit" mt="lg" loading={create.isPending}>
            {t('settings.addWebhook')}
          </Button>
        </form>
      </Modal>
    </>
  );
}

function Hook({ hook, secret }: { hook: Webhook; secret: (made: Webhook & { secret: string }) => void }) {
  const { t } = useTranslation();
  const confirm = useConfirm();
  const params = { path: { webhook: hook.id } };
  const log = useQuery({ queryKey: ['webhooks', hook.id, 'deliveries'], queryFn: async ({ signal }) => (await ask(api.GET('/api/v1/webhooks/{webhook}/deliveries', { params, signal }))).deliveries ?? [], refetchInterval: 5000 });
  const test = useSave(() => ask(api.POST('/api/v1/webhooks/{webhook}/test', { params })), stale);
  const rotate = useSave(() => ask(api.POST('/api/v1/webhooks/{webhook}/rotate', { params })), stale);
  const patch = useSave((body: BodyOf<'/api/v1/webhooks/{webhook}', 'patch'>) => ask(api.PATCH('/api/v1/webhooks/{webhook}', { params, body })), stale);
  const remove = useSave(() => ask(api.DELETE('/api/v1/webhooks/{webhook}', { params })), stale);
  const told = { onError: (err: unknown) => failed(err) };
  const name = hook.description || hook.url;
  return (
    <Section title={name} hint={hook.disabled_reason}>
      <Group gap="xs" mb="md">
        <Button size="xs" variant="default" loading={test.isPending} onClick={() => test.mutate(undefined, { onSuccess: (d) => (d.ok ? done(t('settings.testOk')) : failed(new Error(d.error ?? String(d.status)), t('settings.testFailed'))), ...told })}>
          {t('settings.test')}
        </Button>
        <Button size="xs" variant="default" onClick={() => patch.mutate({ active: !hook.active }, told)}>
          {hook.active ? t('settings.deactivate') : t('settings.activate')}
        </Button>
        <Button size="xs" variant="default" onClick={() => confirm({ title: t('settings.rotateAsk', { name }), text: t('settings.rotateHint'), does: t('settings.rotate') }, () => rotate.mutate(undefined, { onSuccess: secret, ...told }))}>
          {t('settings.rotate')}
        </Button>
        <Button size="xs" variant="default" onClick={() => confirm({ title: t('settings.removeWebhookAsk', { name }), text: t('settings.removeWebhookHint'), does: t('remove') }, () => remove.mutate(undefined, told))}>
          {t('remove')}
        </Button>
      </Group>
      {log.data?.length === 0 && <p className="quiet">{t('settings.noDeliveries')}</p>}
      {log.data && log.data.length > 0 && (
        <Table.ScrollContainer minWidth={520}>
          <Table>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{t('settings.at')}</Table.Th>
                <Table.Th>{t('settings.event')}</Table.Th>
                <Table.Th>{t('settings.attempt')}</Table.Th>
                <Table.Th>{t('settings.answer')}</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {log.data.map((d) => (
                <Table.Tr key={d.number}>
                  <Table.Td>{when(d.at)}</Table.Td>
                  <Table.Td>{d.type}</Table.Td>
                  <Table.Td>{d.attempt}</Table.Td>
                  <Table.Td>
                    <Tag tone={d.ok ? 'good' : 'bad'}>
                      {d.status ?? d.error}
                    </Tag>{' '}
                    {t('settings.ms', { count: d.duration_ms })}
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
    </Section>
  );
}
