import { Button, Skeleton } from '@mantine/core';
import { IconPrinter } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { readJob } from '../api/rest.ts';
import { useMe, useNames } from '../api/queries.ts';
import type { Attachment, Status } from '../api/types.ts';
import { dateTime, minutes } from '../format.ts';
import { Failure, Page } from '../ui/Page.tsx';
import { StatusPill } from '../ui/StatusPill.tsx';
import { fileAddress, filesQuery, isPicture, pictureOf, stateOf } from './files.ts';
import { Fact } from './Plan.tsx';
import classes from './Report.module.css';
import { inWords, isFiles } from './values.ts';

/** What was done, on paper: for the client, and for the file. */
export function ReportPage() {
  const { t } = useTranslation();
  const { job: id } = useParams({ from: '/in/jobs/$job/report' });
  const me = useMe();
  const names = useNames();
  const { data: job, error, refetch } = useQuery({ queryKey: ['report', id], queryFn: ({ signal }) => readJob(id, {}, signal) });
  const { data: states } = useQuery({ ...filesQuery(id, job?.attachments ?? []), enabled: (job?.attachments.length ?? 0) > 0 });
  if (error && !job) return <Failure page error={error} retry={refetch} />;
  if (!job)
    return (
      <Page title={t('loading')}>
        <Skeleton height={500} />
      </Page>
    );
  const picture = (a: Attachment) => {
    const best = pictureOf(a, 'preview');
    const here = stateOf(states, a.uuid, best.kind)?.state === 'here';
    return (
      <figure key={a.uuid} className={classes.picture}>
        {isPicture(a) && here ? <img src={fileAddress(id, best.sha256, { shown: true })} alt={a.name || t('job.file')} /> : <span className={classes.absent}>{a.name || t('job.file')}: {t(`job.fileState.${stateOf(states, a.uuid, 'file')?.state ?? 'promised'}`)}</span>}
        {a.taken_at && <figcaption>{dateTime(a.taken_at)}</figcaption>}
      </figure>
    );
  };
  const pictures = (of: Attachment[]) => (of.length > 0 ? <div className={classes.pictures}>{of.map(picture)}</div> : '–');
  const all = [...job.custom_fields, ...job.report_fields];
  const fields = all.filter((f) => !f.hidden);
  const loose = job.attachments.filter((a) => !all.some((f) => f.uuid === a.field)); // those of a field that was taken out, too
  return (
    <Page
      title={job.title || t('jobs.untitled')}
      actions={
        <>
          <Button className={classes.button!} variant="default" component={Link} to={`/jobs/${id}`}>
            {t('job.toJob')}
          </Button>
          <Button className={classes.button!} leftSection={<IconPrinter size={16} />} onClick={() => window.print()}>
            {t('job.print')}
          </Button>
        </>
      }
    >
      <article className={classes.report}>
        <p className={classes.from}>
          <span>{me.organisation.name}</span> <span>{job.serial_no && `#${job.serial_no}`}</span>
        </p>
        <dl className={classes.facts}>
          <Fact name={t('job.status')}>
            <StatusPill status={job.status as Status} resolution={job.resolution} />
          </Fact>
          <Fact name={t('places.client')}>{job.client?.name}</Fact>
          <Fact name={t('plan.address.formatted')}>{[job.address?.formatted, job.address?.floor, job.address?.apartment].filter(Boolean).join(', ')}</Fact>
          <Fact name={t('job.schedule')}>{job.scheduled_at && `${dateTime(job.scheduled_at)}${job.scheduled_duration ? `, ${minutes(job.scheduled_duration.minutes)}` : ''}`}</Fact>
          <Fact name={t('board.worker')}>{job.assignees.map((a) => names(a.user)).join(', ')}</Fact>
          <Fact name={t('job.times.started_at')}>{job.timestamps.started_at && dateTime(job.timestamps.started_at)}</Fact>
          <Fact name={t('job.times.finished_at')}>{job.timestamps.finished_at && dateTime(job.timestamps.finished_at)}</Fact>
          <Fact name={t('job.note')}>{job.resolution?.note}</Fact>
        </dl>
        {job.description && (
          <>
            <h2>{t('job.description')}</h2>
            <p className={classes.text} dir="auto">
              {job.description}
            </p>
          </>
        )}
        {fields.length > 0 && (
          <>
            <h2>{t('templates.report')}</h2>
            <dl className={classes.answers}>
              {fields.map((f) => (
                <div key={f.uuid} data-files={isFiles(f) || undefined}>
                  <dt>{f.name}</dt>
                  <dd>{isFiles(f) ? pictures(job.attachments.filter((a) => a.field === f.uuid)) : inWords(f.value, f.field_type) || '–'}</dd>
                </div>
              ))}
            </dl>
          </>
        )}
        {job.checklist.length > 0 && (
          <>
            <h2>{t('templates.checklist')}</h2>
            <ul className={classes.checklist}>
              {job.checklist.map((i) => (
                <li key={i.uuid}>
                  <span aria-hidden>{i.done ? '☑' : '☐'}</span>
                  <span className="hidden-visually">{i.done ? t('job.doneTick') : t('job.notDone')}</span> {i.text}
                </li>
              ))}
            </ul>
          </>
        )}
        {loose.length > 0 && (
          <>
            <h2>{t('job.photos', { count: loose.length })}</h2>
            {pictures(loose)}
          </>
        )}
        {job.comments.length > 0 && (
          <>
            <h2>{t('job.comments', { count: job.comments.length })}</h2>
            {job.comments.map((c) => (
              <p key={c.uuid} className={classes.text}>
                <strong>{c.by ? names(c.by) : t('job.program')}</strong> {c.happened_at && <span className="quiet">{dateTime(c.happened_at)}</span>}
                <br />
                {c.text}
              </p>
            ))}
          </>
        )}
      </article>
    </Page>
  );
}
