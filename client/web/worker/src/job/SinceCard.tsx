import { Button } from '@mantine/core';
import type { Job, News } from '@fieldsync/sdk';
import { useClient } from '@fieldsync/sdk/react';
import { IconSparkles } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { moment } from '../i18n/format.ts';
import { placeName, valueAt, valueText } from '../model/words.ts';
import { Card } from '../ui/Card.tsx';
import styles from './SinceCard.module.css';

interface Props {
  job: Job;
  news: readonly News[];
  onSeen: () => void;
}

/** What others changed since this person last opened the job. */
export function SinceCard({ job, news, onSeen }: Props) {
  const { t } = useTranslation();
  const client = useClient();
  if (news.length === 0) return null;
  return (
    <Card
      tone="info"
      title={
        <span className={styles.title}>
          <IconSparkles size={18} aria-hidden />
          {t('since.title')}
        </span>
      }
      aside={
        <Button variant="subtle" size="compact-md" className={styles.seen!} onClick={onSeen}>
          {t('since.seen')}
        </Button>
      }
    >
      <ul className={styles.list}>
        {summed(news).map((n) => {
          const value = n.kind === 'removed' ? '' : valueText(valueAt(job, n.path), t);
          const name = placeName(job, n.path, t);
          const who = n.by === undefined ? undefined : client.userName(n.by);
          return (
            <li key={n.path.join('.')}>
              <span className={styles.what}>{n.kind === 'removed' ? t('history.removed', { what: name }) : value && value !== name ? t('history.value', { what: name, value: short(value) }) : t('since.changed', { what: name })}</span>
              {(who || n.at !== undefined) && <span className={styles.who}>{[who, n.at === undefined ? undefined : moment(n.at)].filter(Boolean).join(', ')}</span>}
            </li>
          );
        })}
      </ul>
    </Card>
  );
}

const most = 140;
const short = (text: string): string => (text.length > most ? `${text.slice(0, most)}…` : text);

/** One line for each entry: what changed deep in a comment or an address is a change of that comment or address. */
function summed(news: readonly News[]): News[] {
  const deep: Record<string, number> = { report_fields: 3, custom_fields: 3, contacts: 2, comments: 2, attachments: 2, checklist: 2, status_log: 2, assignees: 1, skills: 1 };
  const out = new Map<string, News>();
  for (const n of news) {
    const path = n.path.slice(0, deep[n.path[0] ?? ''] ?? 1);
    const key = path.join('\u0000');
    const kind = path.length < n.path.length ? 'changed' : n.kind;
    out.set(key, { ...n, path, kind: out.has(key) && out.get(key)!.kind !== kind ? 'changed' : kind });
  }
  return [...out.values()];
}
