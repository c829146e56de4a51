import { Checkbox } from '@mantine/core';
import type { Job, JobHandle, News } from '@fieldsync/sdk';
import { useClient } from '@fieldsync/sdk/react';
import { useTranslation } from 'react-i18next';
import { moment } from '../i18n/format.ts';
import { Card } from '../ui/Card.tsx';
import { tell } from './tell.ts';
import styles from './FieldInput.module.css';

/** The items to tick, each with who ticked it and when. */
export function Checklist({ job, handle, disabled, news }: { job: Job; handle: JobHandle; disabled: boolean; news: readonly News[] }) {
  const { t } = useTranslation();
  const client = useClient();
  if (job.checklist.length === 0) return null;
  return (
    <Card title={t('report.checklist')} aside={<span>{t('report.checklistCount', { done: job.checklist.filter((i) => i.done).length, total: job.checklist.length })}</span>}>
      <ul>
        {job.checklist.map((i) => (
          <li key={i.uuid} data-fresh={news.some((n) => n.path[0] === 'checklist' && n.path[1] === i.uuid) ? true : undefined}>
            <Checkbox
              size="md"
              classNames={{ body: styles.tick!, label: styles.tickLabel! }}
              label={i.text}
              description={i.done && i.by ? t('report.tick', { who: client.userName(i.by) ?? i.by, at: i.done_at ? moment(Date.parse(i.done_at)) : '' }) : undefined}
              checked={i.done}
              disabled={disabled}
              onChange={(e) => void tell(handle.tick(i.uuid, e.currentTarget.checked))}
            />
          </li>
        ))}
      </ul>
    </Card>
  );
}
