import type { JobHandle } from '@fieldsync/sdk';
import { ActionIcon, Button, Checkbox, Textarea } from '@mantine/core';
import { IconPencil, IconTrash } from '@tabler/icons-react';
import { memo, useEffect, useRef, useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import type { Comment, Item } from '../api/types.ts';
import { ago, precise, when } from '../format.ts';
import { Section } from '../plan/Section.tsx';
import { Person } from '../ui/Person.tsx';
import { failed } from '../ui/toast.tsx';
import classes from './Job.module.css';

/** What is to be ticked on the way. */
export const Checklist = memo(function Checklist({ items, handle, edits, names }: { items: readonly Item[]; handle: JobHandle | undefined; edits: boolean; names: (user: string) => string }) {
  const { t } = useTranslation();
  if (items.length === 0) return null;
  return (
    <Section title={t('job.checklist', { done: items.filter((i) => i.done).length, of: items.length })}>
      <ul className={classes.checklist}>
        {items.map((item) => (
          <li key={item.uuid}>
            <Checkbox
              label={item.text}
              checked={item.done}
              readOnly={!handle || !edits}
              disabled={!handle || !edits}
              description={item.done && item.by ? t('job.tickedBy', { name: names(item.by), at: item.done_at ? when(item.done_at) : '' }) : undefined}
              onChange={(e) => void handle?.tick(item.uuid, e.currentTarget.checked).catch(failed)}
            />
          </li>
        ))}
      </ul>
    </Section>
  );
});

/** What people say about the job. */
export const Comments = memo(function Comments({ comments, handle, may, names }: { comments: readonly Comment[]; handle: JobHandle | undefined; may: boolean; names: (user: string) => string }) {
  const { t } = useTranslation();
  const [text, setText] = useState('');
  const [editing, setEditing] = useState<string>();
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const said = text.trim();
    if (!said || !handle) return;
    setText(''); // at once: a second press says it no second time
    handle.comment(said).catch((err: unknown) => {
      setText((now) => now || text);
      failed(err);
    });
  };
  return (
    <Section title={t('job.comments', { count: comments.length })}>
      <ul className={classes.comments}>
        {comments.map((c) => (
          <li key={c.uuid}>
            <Person id={c.by ?? ''} name={c.by ? names(c.by) : t('job.program')} bare />
            <div className={classes.comment}>
              <span className={classes.commentHead}>
                <strong>{c.by ? names(c.by) : t('job.program')}</strong>
                {c.happened_at && (
                  <time dateTime={c.happened_at} title={precise(c.happened_at)}>
                    {ago(c.happened_at)}
                  </time>
                )}
                {handle && handle.may({ do: 'edit-comment', comment: c.uuid }).ok && (
                  <span className={classes.commentTools}>
                    <ActionIcon size="md" aria-label={t('job.editComment')} onClick={() => setEditing(editing === c.uuid ? undefined : c.uuid)}>
                      <IconPencil size={15} />
                    </ActionIcon>
                    <ActionIcon size="md" aria-label={t('job.removeComment')} onClick={() => void handle.removeComment(c.uuid).catch(failed)}>
                      <IconTrash size={15} />
                    </ActionIcon>
                  </span>
                )}
              </span>
              {editing === c.uuid && handle ? (
                <Rewrite
                  text={c.text}
                  done={(next) => {
                    setEditing(undefined);
                    if (next && next !== c.text) handle.editComment(c.uuid, next).catch(failed);
                  }}
                />
              ) : (
                <span className={classes.said} dir="auto">
                  {c.text}
                </span>
              )}
            </div>
          </li>
        ))}
      </ul>
      {may && (
        <form onSubmit={submit} className={classes.say}>
          <Textarea
            aria-label={t('job.comment')}
            placeholder={t('job.comment')}
            value={text}
            onChange={(e) => setText(e.currentTarget.value)}
            autosize
            minRows={1}
            maxRows={8}
            maxLength={10_000}
            onKeyDown={(e) => {
              if (e.key === 'Enter' && (e.ctrlKey || e.metaKey)) e.currentTarget.form?.requestSubmit();
            }}
          />
          <Button type="submit" variant="default" disabled={!text.trim()}>
            {t('job.say')}
          </Button>
        </form>
      )}
    </Section>
  );
});

/** A comment while its author changes it: kept when he leaves it, as it was when he presses Escape. */
function Rewrite({ text, done }: { text: string; done: (text: string) => void }) {
  const { t } = useTranslation();
  const field = useRef<HTMLTextAreaElement>(null);
  const dropped = useRef(false);
  useEffect(() => {
    field.current?.focus();
    field.current?.setSelectionRange(text.length, text.length);
  }, []); // eslint-disable-line react-hooks/exhaustive-deps -- where one begins, once
  return (
    <Textarea
      ref={field}
      aria-label={t('job.editComment')}
      defaultValue={text}
      autosize
      maxLength={10_000}
      onKeyDown={(e) => {
        if (e.key !== 'Escape' && !(e.key === 'Enter' && (e.ctrlKey || e.metaKey))) return;
        dropped.current = e.key === 'Escape';
        e.currentTarget.blur();
      }}
      onBlur={(e) => done(dropped.current ? text : e.currentTarget.value.trim())}
    />
  );
}
