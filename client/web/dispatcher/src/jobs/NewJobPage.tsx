import { ApiError } from '@fieldsync/sdk';
import { Button, Group, NumberInput, Radio, Select, Textarea, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useRef, useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { api, ask, once, readJob, type BodyOf } from '../api/rest.ts';
import { useMay, useSave, useWorkers } from '../api/queries.ts';
import type { Ref } from '../api/types.ts';
import classes from '../plan/Plan.module.css';
import { Section } from '../plan/Section.tsx';
import { BookSelect } from '../ui/BookSelect.tsx';
import { Failure, Page } from '../ui/Page.tsx';
import { failed } from '../ui/toast.tsx';

/** A new job: from a template, for a client, as a follow-up, or of one's own. What is not filled in here can be in the job. */
export function NewJobPage() {
  const { t } = useTranslation();
  const asked = useSearch({ from: '/in/new' });
  const { write } = useMay();
  const navigate = useNavigate();
  const workers = useWorkers();
  const [template, setTemplate] = useState<Ref | undefined>(asked.template ? { uuid: asked.template } : undefined);
  const [client, setClient] = useState<Ref | undefined>(asked.client ? { uuid: asked.client } : undefined);
  const [site, setSite] = useState<Ref | undefined>(asked.site ? { uuid: asked.site } : undefined);
  const [worker, setWorker] = useState<string | null>(null);
  const [publish, setPublish] = useState(false);
  // What was typed; until something is, the template's, which comes later and takes nothing away.
  const [typed, setTyped] = useState<{ title?: string; description?: string; minutes?: number | string }>({});
  const key = useRef(crypto.randomUUID()); // the same for each attempt: a job is made once
  const from = useQuery({ queryKey: ['template', template?.uuid], queryFn: ({ signal }) => ask(api.GET('/api/v1/templates/{id}', { params: { path: { id: template!.uuid! } }, signal })), enabled: template?.uuid !== undefined });
  const forClient = useQuery({ queryKey: ['clients', 'one', client?.uuid], queryFn: ({ signal }) => ask(api.GET('/api/v1/clients/{id}', { params: { path: { id: client!.uuid! } }, signal })), enabled: client?.uuid !== undefined });
  const atSite = useQuery({ queryKey: ['sites', 'one', site?.uuid], queryFn: ({ signal }) => ask(api.GET('/api/v1/sites/{id}', { params: { path: { id: site!.uuid! } }, signal })), enabled: site?.uuid !== undefined });
  const before = useQuery({ queryKey: ['report', asked.follows], queryFn: ({ signal }) => readJob(asked.follows!, {}, signal), enabled: asked.follows !== undefined });
  const create = useSave((body: BodyOf<'/api/v1/jobs', 'post'>) => ask(api.POST('/api/v1/jobs', { params: { header: once(key.current) }, body })));
  if (!write) return <Failure page error={new ApiError(403, 'forbidden', '')} />;
  const t7 = from.data;
  const minutes = typed.minutes ?? t7?.scheduled_duration?.minutes ?? '';
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const text = (name: string): string => String(form.get(name) ?? '').trim();
    const at = text('at');
    const length = Number(minutes);
    const title = text('title');
    const description = text('description');
    const address = text('address');
    create.mutate(
      {
        ...(template?.uuid ? { template: template.uuid } : {}),
        ...(asked.follows ? { follows: asked.follows } : {}),
        ...(title ? { title } : {}),
        ...(description ? { description } : {}),
        ...(client?.uuid ? { client: client.uuid } : {}),
        ...(site?.uuid ? { site: site.uuid } : {}),
        ...(address ? { address: { formatted: address } } : {}),
        ...(at ? { scheduled_at: new Date(at).toISOString() } : {}),
        ...(length > 0 ? { scheduled_duration: { minutes: length } } : {}),
        ...(worker ? { assignees: [worker] } : {}),
        status: publish ? 'published' : 'scheduled',
      },
      {
        onSuccess: (job) => void navigate({ to: '/jobs/$job', params: { job: job.id }, replace: true }),
        onError: (err) => {
          if (err.code === 'idempotency-key-reused') key.current = crypto.randomUUID();
          failed(err);
        },
      },
    );
  };
  return (
    <Page title={asked.follows ? t('job.followUp') : t('jobs.new')}>
      <form onSubmit={submit}>
        <Section title={t('templates.about')} hint={before.data && t('newJob.follows', { title: before.data.title })}>
          <div className={classes.two}>
            {!asked.follows && <BookSelect book="templates" label={t('job.template')} value={template && { ...template, name: t7?.name ?? template.uuid ?? '' }} change={(v) => setTemplate(v ?? undefined)} />}
            <TextInput name="title" label={t('templates.title')} value={typed.title ?? t7?.title ?? before.data?.title ?? ''} onChange={(e) => { const title = e.currentTarget.value; setTyped((now) => ({ ...now, title })); }} required={!template && !asked.follows} withAsterisk={false} maxLength={500} data-autofocus />
            <Textarea name="description" label={t('job.description')} value={typed.description ?? t7?.description ?? ''} onChange={(e) => { const description = e.currentTarget.value; setTyped((now) => ({ ...now, description })); }} autosize minRows={3} className={classes.whole!} />
          </div>
        </Section>
        <Section title={t('job.place')}>
          <div className={classes.two}>
            <BookSelect book="clients" label={t('places.client')} value={client && { ...client, name: forClient.data?.name ?? client.uuid ?? '' }} change={(v) => setClient(v ?? undefined)} />
            <BookSelect book="sites" label={t('job.site')} value={site && { ...site, name: atSite.data?.name ?? site.uuid ?? '' }} change={(v) => setSite(v ?? undefined)} />
            <TextInput
              name="address"
              label={t('plan.address.formatted')}
              placeholder={atSite.data?.address?.formatted ?? forClient.data?.address?.formatted ?? before.data?.address?.formatted ?? ''}
              description={t('newJob.addressHint')}
              className={classes.whole!}
            />
          </div>
        </Section>
        <Section title={t('job.schedule')}>
          <div className={classes.two}>
            <TextInput type="datetime-local" name="at" label={t('board.start')} />
            <NumberInput name="minutes" label={t('board.minutes')} min={0} max={10_080} step={15} value={minutes} onChange={(minutes) => setTyped((now) => ({ ...now, minutes }))} />
            <Select label={t('board.worker')} data={workers.map((w) => ({ value: w.id, label: w.name }))} value={worker} onChange={setWorker} searchable clearable clearButtonProps={{ 'aria-label': t('clear') }} placeholder={t('board.nobody')} />
            <Radio.Group label={t('newJob.then')} value={publish ? 'published' : 'scheduled'} onChange={(v) => setPublish(v === 'published')}>
              <Group mt={6}>
                <Radio value="scheduled" label={t('newJob.draft')} />
                <Radio value="published" label={t('newJob.publish')} />
              </Group>
            </Radio.Group>
          </div>
        </Section>
        <Group>
          <Button type="submit" size="md" loading={create.isPending}>
            {t('newJob.create')}
          </Button>
          <Button variant="default" size="md" onClick={() => history.back()}>
            {t('cancel')}
          </Button>
        </Group>
      </form>
    </Page>
  );
}
