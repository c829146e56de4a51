import { useState, type FormEvent } from 'react';
import { Button, NativeSelect, Textarea, TextInput } from '@mantine/core';
import { useClient, useTemplates } from '@fieldsync/sdk/react';
import { IconTemplateOff } from '@tabler/icons-react';
import { useNavigate } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { useWho } from '../app/data.ts';
import { notify } from '../app/notices.ts';
import { tell } from '../job/tell.ts';
import { Card } from '../ui/Card.tsx';
import { Empty } from '../ui/Empty.tsx';
import { Page } from '../ui/Page.tsx';
import styles from './NewJobPage.module.css';

/** A job that the worker makes, where the organisation allows it: from a template that is meant for that, or of any kind. Works without a network. */
export function NewJobPage() {
  const { t } = useTranslation();
  const client = useClient();
  const navigate = useNavigate();
  const { who, settings } = useWho();
  const templates = useTemplates().filter((x) => x.workerCreate && !x.archived);
  const free = settings.worker_jobs === 'any';
  const [template, setTemplate] = useState<string>();
  const [title, setTitle] = useState('');
  const [description, setDescription] = useState('');
  const [address, setAddress] = useState('');
  const [when, setWhen] = useState(() => localInput(Date.now()));
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const back = () => void navigate({ to: '/' });
  const chosen = template ?? (free ? '' : (templates[0]?.id ?? ''));

  if (settings.worker_jobs === 'none' || (!free && templates.length === 0)) {
    return (
      <Page title={t('newJob.title')} onBack={back}>
        <Empty icon={IconTemplateOff} title={settings.worker_jobs === 'none' ? t('newJob.notAllowed') : t('newJob.noTemplates')} />
      </Page>
    );
  }

  const submit = (e: FormEvent) => {
    e.preventDefault();
    setTried(true);
    if (!title.trim()) return;
    const at = Date.parse(when);
    const plan = {
      title: title.trim(),
      ...(description.trim() && { description: description.trim() }),
      ...(address.trim() && { address: { formatted: address.trim() } }),
      ...(!Number.isNaN(at) && { scheduled_at: new Date(at).toISOString() }),
      assignees: [{ user: who.user, edit: true }],
      status: 'published',
    };
    setBusy(true);
    void tell(
      client.create(plan, chosen ? { template: chosen } : {}).then((id) => {
        notify({ kind: 'done', text: t('newJob.made') });
        return navigate({ to: '/jobs/$id', params: { id }, search: {}, replace: true });
      }),
    ).finally(() => setBusy(false));
  };

  return (
    <Page title={t('newJob.title')} onBack={back}>
      <Card>
        <form className={styles.form} onSubmit={submit} noValidate>
          <NativeSelect
            label={t('newJob.template')}
            value={chosen}
            onChange={(e) => setTemplate(e.currentTarget.value)}
            data={[...(free ? [{ value: '', label: t('newJob.blank') }] : []), ...templates.map((x) => ({ value: x.id, label: x.title }))]}
          />
          <TextInput label={t('newJob.name')} required value={title} maxLength={500} error={tried && !title.trim() ? t('newJob.needsTitle') : undefined} onChange={(e) => setTitle(e.currentTarget.value)} />
          <Textarea label={t('newJob.description')} autosize minRows={2} value={description} maxLength={10000} onChange={(e) => setDescription(e.currentTarget.value)} />
          <TextInput label={t('newJob.address')} autoComplete="street-address" value={address} maxLength={500} onChange={(e) => setAddress(e.currentTarget.value)} />
          <TextInput type="datetime-local" label={t('newJob.when')} value={when} onChange={(e) => setWhen(e.currentTarget.value)} />
          <Button type="submit" size="lg" loading={busy}>
            {t('newJob.submit')}
          </Button>
        </form>
      </Card>
    </Page>
  );
}

/** A time as the browser's own input has it: local, to the minute. */
function localInput(ms: number): string {
  const d = new Date(ms - new Date(ms).getTimezoneOffset() * 60_000);
  return d.toISOString().slice(0, 16);
}
