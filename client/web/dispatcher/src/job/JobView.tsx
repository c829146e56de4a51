import type { JobHandle } from '@fieldsync/sdk';
import { memo, useCallback } from 'react';
import { useTranslation } from 'react-i18next';
import type { Job } from '../api/types.ts';
import { Section } from '../plan/Section.tsx';
import { Clashes } from './Clashes.tsx';
import { Fields } from './Fields.tsx';
import classes from './Job.module.css';
import { Photos } from './Photos.tsx';
import { Details, Place, Schedule } from './Plan.tsx';
import { SharedTextarea, WaitingTextarea } from './SharedTextarea.tsx';
import { useStable } from './useStable.ts';
import { Checklist, Comments } from './Work.tsx';

interface Props {
  job: Job;
  /** Absent: the job as it was, or, where one edits, its document is not here yet. */
  handle: JobHandle | undefined;
  edits: boolean;
  names: (user: string) => string;
  photo: string | undefined;
  openPhoto: (attachment: string | undefined) => void;
}

const description = ['description'] as const;

/** The job's parts, of now or of then. A part is drawn when what it shows has changed. */
export const JobView = memo(function JobView({ job, handle, edits, names, photo, openPhoto }: Props) {
  const { t } = useTranslation();
  const clashes = useStable(job.clashes);
  const custom = useStable(job.custom_fields.filter((f) => !f.hidden));
  const report = useStable(job.report_fields.filter((f) => !f.hidden));
  const all = useStable([...job.custom_fields, ...job.report_fields]);
  const attachments = useStable(job.attachments);
  const checklist = useStable(job.checklist);
  const comments = useStable(job.comments);
  const { description: _text, comments: _c, attachments: _a, checklist: _k, report_fields: _r, custom_fields: _f, heads: _h, updated_at: _u, version: _v, ...rest } = job;
  const plan = useStable(rest) as Job;
  const fieldName = useCallback((id: string) => all.find((f) => f.uuid === id)?.name ?? '', [all]);
  const attach = useCallback(
    async (files: File[]) => {
      for (const file of files) await handle?.attach(file, { name: file.name });
    },
    [handle],
  );
  const remove = useCallback(async (attachment: string) => handle?.removeAttachment(attachment), [handle]);
  return (
    // Until the document is here all stands where it will, and waits.
    <fieldset className={classes.parts} disabled={edits && !handle}>
      <Clashes clashes={clashes} fields={all} handle={handle} edits={edits} names={names} />
      <div className={classes.columns}>
        <div>
          <Section title={t('job.description')}>
            {handle ? (
              <SharedTextarea handle={handle} path={description} label={t('job.description')} hideLabel placeholder={t('job.describe')} readOnly={!edits} />
            ) : edits ? (
              <WaitingTextarea value={job.description ?? ''} label={t('job.description')} hideLabel placeholder={t('job.describe')} />
            ) : (
              <p className={classes.said} dir="auto">
                {job.description || <span className="quiet">{t('job.noDescription')}</span>}
              </p>
            )}
          </Section>
          {custom.length > 0 && (
            <Section title={t('templates.custom')}>
              <Fields job={job.id} list="custom_fields" fields={custom} attachments={attachments} handle={handle} edits={edits} openPhoto={openPhoto} />
            </Section>
          )}
          {report.length > 0 && (
            <Section title={t('templates.report')}>
              <Fields job={job.id} list="report_fields" fields={report} attachments={attachments} handle={handle} edits={edits} openPhoto={openPhoto} />
            </Section>
          )}
          <Photos job={job.id} attachments={attachments} fieldName={fieldName} names={names} attach={edits ? attach : undefined} remove={edits ? remove : undefined} opened={photo} open={openPhoto} />
          <Checklist items={checklist} handle={handle} edits={edits} names={names} />
          <Comments comments={comments} handle={handle} may={edits} names={names} />
        </div>
        <div>
          <Schedule job={plan} handle={handle} edits={edits} names={names} />
          <Place job={plan} handle={handle} edits={edits} />
          <Details job={plan} handle={handle} edits={edits} />
        </div>
      </div>
    </fieldset>
  );
});
