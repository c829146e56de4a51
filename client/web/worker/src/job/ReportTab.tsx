import type { Field, FieldValue, Job, JobHandle, News } from '@fieldsync/sdk';
import { IconLock, IconNotes } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { Card } from '../ui/Card.tsx';
import { Empty } from '../ui/Empty.tsx';
import { Checklist } from './Checklist.tsx';
import { FieldInput } from './FieldInput.tsx';
import { FilesField, maxPhotos } from './FilesField.tsx';
import { SignatureField } from './SignatureField.tsx';
import { tell } from './tell.ts';
import styles from './ReportTab.module.css';

interface Props {
  job: Job;
  handle: JobHandle;
  /** The report was opened by Start. */
  open: boolean;
  news: readonly News[];
}

/** What the worker fills in: questions, photos, signature, checklist. */
export function ReportTab({ job, handle, open, news }: Props) {
  const { t } = useTranslation();
  const fields = job.report_fields.filter((f) => !f.hidden);
  const ticking = handle.may({ do: 'tick' });
  const attaching = handle.may({ do: 'attach' });
  const asks = fields.length + job.checklist.length > 0;
  const beside = job.attachments.some((a) => !job.report_fields.some((f) => f.uuid === a.field));

  return (
    <div className={styles.parts}>
      {!open && asks && (
        <p className={styles.locked}>
          <IconLock size={20} aria-hidden />
          {t('report.locked')}
        </p>
      )}
      <Checklist job={job} handle={handle} disabled={!ticking.ok || !open} news={news} />
      {!open && !asks && (
        <Empty icon={IconNotes} title={t('report.empty')}>
          {t('report.emptyHelp')}
        </Empty>
      )}
      {fields.map((f) => (
        <section key={f.uuid} className={styles.field} aria-label={f.name} data-fresh={news.some((n) => n.path[0] === 'report_fields' && n.path[1] === f.uuid) ? true : undefined}>
          <Answer job={job} handle={handle} field={f} open={open} />
        </section>
      ))}
      {open && (attaching.ok || beside) && (
        <Card title={t('report.otherPhotos')}>
          <FilesField job={job} handle={handle} takes="both" disabled={!attaching.ok} />
        </Card>
      )}
    </div>
  );
}

function Answer({ job, handle, field, open }: { job: Job; handle: JobHandle; field: Field; open: boolean }) {
  const { t } = useTranslation();
  const disabled = !open || field.read_only || !handle.may({ do: 'fill', field: field.uuid }).ok;
  const label = field.required ? `${field.name} (${t('common.required')})` : field.name;
  const files = job.attachments.filter((a) => a.field === field.uuid);
  switch (field.field_type) {
    case 'photo':
      return (
        <>
          <Heading text={label} aside={t('photo.count', { count: files.length, max: maxPhotos })} />
          <FilesField job={job} handle={handle} field={field} takes="photos" disabled={disabled} />
        </>
      );
    case 'file':
      return (
        <>
          <Heading text={label} />
          <FilesField job={job} handle={handle} field={field} takes="files" disabled={disabled} />
        </>
      );
    case 'signature':
      return (
        <>
          <Heading text={label} />
          <SignatureField job={job} handle={handle} field={field} disabled={disabled} />
        </>
      );
  }
  return (
    <FieldInput
      field={{ uuid: field.uuid, name: field.name, field_type: field.field_type, required: field.required, options: field.options ?? [], value: field.value as FieldValue }}
      disabled={disabled}
      onAnswer={(value) => tell(handle.fill(field.uuid, value))}
    />
  );
}

function Heading({ text, aside }: { text: string; aside?: string }) {
  return (
    <header className={styles.heading}>
      <h3>{text}</h3>
      {aside && <span className={styles.aside}>{aside}</span>}
    </header>
  );
}
