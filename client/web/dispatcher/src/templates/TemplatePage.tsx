import { Button, NumberInput, Skeleton, Switch, TagsInput } from '@mantine/core';
import { IconArchive, IconArchiveOff, IconPlus } from '@tabler/icons-react';
import { queryOptions, useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { api, ask } from '../api/rest.ts';
import { useMay } from '../api/queries.ts';
import { useBook } from '../plan/entries.ts';
import { FieldsEditor } from '../plan/FieldsEditor.tsx';
import { ChecklistEditor, ResolutionsEditor } from '../plan/ListsEditor.tsx';
import classes from '../plan/Plan.module.css';
import { SaveText } from '../plan/SaveText.tsx';
import { Section } from '../plan/Section.tsx';
import { Failure, Page } from '../ui/Page.tsx';
import { failed } from '../ui/toast.tsx';

export const templateQuery = (id: string) => queryOptions({ queryKey: ['template', id], queryFn: ({ signal }) => ask(api.GET('/api/v1/templates/{id}', { params: { path: { id } }, signal })), refetchInterval: 15_000 });

const list: readonly unknown[] = ['templates'];

/** A template. Each field saves itself, and merges with what others change. */
export function TemplatePage() {
  const { t } = useTranslation();
  const { template: id } = useParams({ from: '/in/templates/$template' });
  const { write: edits } = useMay();
  const query = templateQuery(id);
  const { data: template, error, refetch } = useQuery(query);
  const key = useMemo(() => ['template', id], [id]);
  const book = useBook({ kind: 'templates', id }, key, list);
  if (error && !template) return <Failure page error={error} retry={refetch} />;
  if (!template)
    return (
      <Page title={t('loading')}>
        <Skeleton height={400} radius="md" />
      </Page>
    );
  const save = (patch: Record<string, unknown>): void => void book.patch(patch).catch(failed);
  const text = (name: 'name' | 'title' | 'description' | 'type') => ({ label: t(`templates.${name}`), value: template[name] ?? '', readOnly: !edits, save: (value: string) => book.patch({ [name]: value || null }) });
  return (
    <Page
      title={template.name || t('jobs.untitled')}
      actions={
        edits && (
          <>
            <Button variant="default" leftSection={template.archived ? <IconArchiveOff size={16} /> : <IconArchive size={16} />} onClick={() => save({ archived: !template.archived })}>
              {template.archived ? t('office.unarchive') : t('office.archive')}
            </Button>
            <Button component={Link} to={`/new?template=${id}`} leftSection={<IconPlus size={16} />}>
              {t('templates.use')}
            </Button>
          </>
        )
      }
    >
      <Section title={t('templates.about')}>
        <div className={classes.two}>
          <SaveText {...text('name')} required save={(name) => book.patch({ name })} />
          <SaveText {...text('type')} />
          <SaveText {...text('title')} description={t('templates.titleHint')} />
          <NumberInput
            label={t('templates.duration')}
            min={0}
            max={10080}
            step={15}
            readOnly={!edits}
            key={template.scheduled_duration?.minutes ?? 0}
            defaultValue={template.scheduled_duration?.minutes ?? ''}
            onBlur={(e) => {
              const minutes = Number(e.currentTarget.value);
              if (minutes !== (template.scheduled_duration?.minutes ?? 0)) save({ scheduled_duration: minutes ? { minutes } : null });
            }}
          />
          <SaveText {...text('description')} multiline className={classes.whole} />
          <TagsInput label={t('templates.skills')} value={template.skills} readOnly={!edits} onChange={(skills) => save({ skills })} className={classes.whole!} />
          <Switch className={classes.whole!} label={t('templates.workerCreate')} description={t('templates.workerCreateHint')} checked={template.worker_create} disabled={!edits} onChange={(e) => save({ worker_create: e.currentTarget.checked })} />
        </div>
      </Section>
      <Section title={t('templates.report')} hint={t('templates.reportHint')}>
        <FieldsEditor list="report_fields" fields={template.report_fields} book={book} edits={edits} />
      </Section>
      <Section title={t('templates.custom')} hint={t('templates.customHint')}>
        <FieldsEditor list="custom_fields" fields={template.custom_fields} book={book} edits={edits} />
      </Section>
      <Section title={t('templates.checklist')}>
        <ChecklistEditor entries={template.checklist} book={book} edits={edits} />
      </Section>
      <Section title={t('templates.resolutions')} hint={t('templates.resolutionsHint')}>
        <ResolutionsEditor entries={template.possible_resolutions} book={book} edits={edits} />
      </Section>
    </Page>
  );
}
