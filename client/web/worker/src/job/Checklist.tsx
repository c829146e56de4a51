import { Checkbox } from '@mantine/core';
import type { ChecklistItem, Job, JobHandle, News } from '@fieldsync/sdk';
import { useClient } from '@fieldsync/sdk/react';
import { useTranslation } from 'react-i18next';
import { moment } from '../i18n/format.ts';
import { Card } from '../ui/Card.tsx';
import { useShown } from '../ui/shown.ts';
import { tell } from './tell.ts';
import styles from './FieldInput.module.css';

/** The items to tick, each with who ticked it and when. */
export function Checklist({ job, handle, disabled, news }: { job: Job; handle: JobHandle; disabled: boolean; news: readonly News[] }) {
  const { t } = useTranslation();
  if (job.checklist.length === 0) return null;
  return (
    <Card title={t('report.checklist')} aside={<span>{t('report.checklistCount', { done: job.checklist.filter((i) => i.done).length, total: job.checklist.length })}</span>}>
      <ul>
        {job.checklist.map((i) => (
          <li key={i.uuid} data-fresh={news.some((n) => n.path[0] === 'checklist' && n.path[1] === i.uuid) ? true : undefined}>
            <Item item={i} handle={handle} disabled={disabled} />
          </li>
        ))}
      </ul>
    </Card>
  );
}

function Item({ item, handle, disabled }: { item: ChecklistItem; handle: JobHandle; disabled: boolean }) {
  const { t } = useTranslation();
  const client = useClient();
  const [done, setDone] = useShown(item.done, (v) => tell(handle.tick(item.uuid, v)));
  return (
    <Checkbox
      size="md"
      classNames={{ body: styles.tick!, inner: styles.box!, label: styles.tickLabel!, description: styles.by! }}
      label={item.text}
      description={item.done && item.by ? t('report.tick', { who: client.userName(item.by) ?? item.by, at: item.done_at ? moment(Date.parse(item.done_at)) : '' }) : undefined}
      checked={done}
      disabled={disabled}
      onChange={(e) => setDone(e.currentTarget.checked)}
    />
  );
}
