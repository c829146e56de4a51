import { useState } from 'react';
import { ActionIcon, Button, Textarea } from '@mantine/core';
import type { Job, JobHandle } from '@fieldsync/sdk';
import { useClient } from '@fieldsync/sdk/react';
import { IconMessage, IconSend, IconTrash } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { useWho } from '../app/data.ts';
import { notify } from '../app/notices.ts';
import { moment } from '../i18n/format.ts';
import { Empty } from '../ui/Empty.tsx';
import { tell } from './tell.ts';
import styles from './CommentsTab.module.css';

/** What people say to one another about the job. */
export function CommentsTab({ job, handle }: { job: Job; handle: JobHandle }) {
  const { t } = useTranslation();
  const client = useClient();
  const { who } = useWho();
  const [text, setText] = useState('');
  const may = handle.may({ do: 'comment' });

  const add = async () => {
    const said = text.trim();
    if (!said) return;
    setText('');
    if (!(await tell(handle.comment(said)))) setText(said);
  };

  return (
    <div className={styles.parts}>
      {job.comments.length === 0 && <Empty icon={IconMessage} title={t('comments.empty')} />}
      <ul className={styles.list}>
        {job.comments.map((c) => (
          <li key={c.uuid} className={styles.comment} data-own={c.by === who.user}>
            <p className={styles.who}>
              {c.by === who.user ? t('common.you') : ((c.by && client.userName(c.by)) ?? t('common.someone'))}
              {c.happened_at && ` · ${moment(Date.parse(c.happened_at))}`}
            </p>
            <p className={styles.text}>{c.text}</p>
            {c.by === who.user && handle.may({ do: 'edit-comment', comment: c.uuid }).ok && (
              <ActionIcon
                className={styles.remove!}
                aria-label={`${t('comments.remove')}: ${c.text.slice(0, 60)}`}
                onClick={() =>
                  void tell(handle.removeComment(c.uuid)).then((ok) => {
                    if (ok) notify({ kind: 'done', text: t('comments.removed'), action: { label: t('common.undo'), run: () => void tell(handle.comment(c.text)) } });
                  })
                }
              >
                <IconTrash size={18} aria-hidden />
              </ActionIcon>
            )}
          </li>
        ))}
      </ul>
      {may.ok && (
        <form
          className={styles.form}
          onSubmit={(e) => {
            e.preventDefault();
            void add();
          }}
        >
          <Textarea aria-label={t('comments.label')} placeholder={t('comments.placeholder')} autosize minRows={1} maxRows={6} className={styles.input!} value={text} maxLength={10000} onChange={(e) => setText(e.currentTarget.value)} />
          <Button type="submit" aria-label={t('comments.send')} disabled={!text.trim()}>
            <IconSend size={20} aria-hidden />
          </Button>
        </form>
      )}
    </div>
  );
}
