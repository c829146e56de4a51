import { Button, Skeleton } from '@mantine/core';
import { IconPrinter } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { useCallback } from 'react';
import { useTranslation } from 'react-i18next';
import { ask } from '../api/http.ts';
import { useNames } from '../api/queries.ts';
import type { Job } from '../api/types.ts';
import { Failure, Page } from '../ui/Page.tsx';
import { StatusPill } from '../ui/StatusPill.tsx';
import { JobView } from './JobView.tsx';

const nobody: readonly never[] = [];

/** A job, to be read. */
export function JobPage() {
  const { t } = useTranslation();
  const { job: id } = useParams({ from: '/in/jobs/$job' });
  const { photo } = useSearch({ from: '/in/jobs/$job' });
  const navigate = useNavigate({ from: '/jobs/$job' });
  const names = useNames();
  const { data: job, error, refetch } = useQuery({ queryKey: ['job', id], queryFn: ({ signal }) => ask<Job>(`/jobs/${id}`, { signal }), refetchInterval: 5000 });
  const openPhoto = useCallback((attachment: string | undefined) => void navigate({ search: attachment ? { photo: attachment } : {}, replace: true }), [navigate]);
  if (error && !job) return <Failure error={error} retry={refetch} />;
  if (!job)
    return (
      <Page title={t('loading')}>
        <Skeleton height={420} radius="md" />
      </Page>
    );
  return (
    <Page
      title={job.title || t('jobs.untitled')}
      actions={
        <>
          <StatusPill status={job.status} resolution={job.resolution} big />
          <Button component={Link} to={`/jobs/${id}/report`} variant="default" leftSection={<IconPrinter size={16} />}>
            {t('job.print')}
          </Button>
        </>
      }
    >
      <JobView job={job} handle={undefined} others={nobody} edits={false} names={names} photo={photo} openPhoto={openPhoto} />
    </Page>
  );
}
