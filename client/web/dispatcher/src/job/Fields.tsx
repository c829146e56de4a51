import type { FieldValue, JobHandle } from '@fieldsync/sdk';
import { NumberInput, SegmentedControl, Select, Switch, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { memo, useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import type { Attachment, Field } from '../api/types.ts';
import { failed } from '../ui/toast.tsx';
import classes from './Job.module.css';
import { filesQuery } from './files.ts';
import { Picture } from './Photos.tsx';
import photos from './Photos.module.css';
import { SharedTextarea, WaitingTextarea } from './SharedTextarea.tsx';
import { inWords, isFiles } from './values.ts';

interface Props {
  job: string;
  list: 'custom_fields' | 'report_fields';
  fields: readonly Field[];
  attachments: readonly Attachment[];
  /** Absent: the job as it was, which nobody changes, or its document is not here yet. */
  handle: JobHandle | undefined;
  edits: boolean;
  openPhoto: (attachment: string) => void;
}

/** What is asked and answered, of every kind. */
export const Fields = memo(function Fields({ job, list, fields, attachments, handle, edits, openPhoto }: Props) {
  const { t } = useTranslation();
  const files = fields.some(isFiles);
  const { data: states } = useQuery({ ...filesQuery(job, attachments), enabled: files && attachments.length > 0 });
  return (
    <div className={classes.fields}>
      {fields.map((field) => {
        const label = field.required ? `${field.name} *` : field.name;
        if (isFiles(field)) {
          const answers = attachments.filter((a) => a.field === field.uuid);
          return (
            <div key={field.uuid} role="group" aria-label={field.name}>
              <span className={classes.label}>{label}</span>
              {answers.length === 0 ? (
                <span className="quiet">{t('job.noAnswer')}</span>
              ) : (
                <span className={classes.answers}>
                  {answers.map((a) => (
                    <button key={a.uuid} type="button" className={photos.tile} onClick={() => openPhoto(a.uuid)} aria-label={a.name || t('job.file')}>
                      <Picture job={job} attachment={a} states={states} />
                    </button>
                  ))}
                </span>
              )}
            </div>
          );
        }
        if (!edits)
          return (
            <div key={field.uuid}>
              <span className={classes.label}>{label}</span>
              <span className={field.value === null || field.value === '' || field.value === undefined ? 'quiet' : classes.answer}>{inWords(field.value, field.field_type) || t('job.noAnswer')}</span>
            </div>
          );
        return <Answer key={field.uuid} list={list} field={field} label={label} handle={handle} />;
      })}
    </div>
  );
});

function Answer({ list, field, label, handle }: { list: string; field: Field; label: string; handle: JobHandle | undefined }) {
  const { t } = useTranslation();
  const path = useMemo(() => [list, field.uuid, 'value'], [list, field.uuid]);
  const fill = (value: FieldValue): void => {
    if (!handle || value === field.value || (value === null && field.value === undefined)) return;
    (list === 'report_fields' ? handle.fill(field.uuid, value) : handle.patch({ [list]: { [field.uuid]: { value: value ?? null } } })).catch((err: unknown) => failed(err));
  };
  switch (field.field_type) {
    case 'text':
      return !handle ? <WaitingTextarea value={typeof field.value === 'string' ? field.value : ''} label={label} /> : <SharedTextarea handle={handle} path={path} label={label} />;
    case 'number':
      return (
        <NumberInput
          key={String(field.value)}
          label={label}
          defaultValue={typeof field.value === 'number' ? field.value : ''}
          hideControls
          onBlur={(e) => {
            const text = e.currentTarget.value.trim();
            fill(text === '' ? null : Number(text));
          }}
        />
      );
    case 'yes_no':
      return (
        <div role="group" aria-label={field.name}>
          <span className={classes.label}>{label}</span>
          <SegmentedControl
            size="sm"
            value={field.value === true ? 'yes' : field.value === false ? 'no' : 'none'}
            onChange={(value) => fill(value === 'none' ? null : value === 'yes')}
            data={[
              { value: 'none', label: t('job.unanswered') },
              { value: 'yes', label: t('yes') },
              { value: 'no', label: t('no') },
            ]}
          />
        </div>
      );
    case 'action':
      return <Switch label={label} checked={field.value === true} onChange={(e) => fill(e.currentTarget.checked)} />;
    case 'date':
      // kept when one leaves it: while it is typed it is many dates, and none
      return <TextInput key={String(field.value)} type="date" label={label} defaultValue={typeof field.value === 'string' ? field.value : ''} onBlur={(e) => fill(e.currentTarget.value || null)} />;
    case 'pick_list':
      return <Select label={label} data={[...new Set([...(field.options ?? []), ...(typeof field.value === 'string' && field.value ? [field.value] : [])])]} value={typeof field.value === 'string' ? field.value : null} clearable clearButtonProps={{ 'aria-label': t('clear') }} onChange={fill} />;
    default:
      return (
        <div>
          <span className={classes.label}>{label}</span>
          {inWords(field.value)}
        </div>
      );
  }
}
