import { Alert, Button, Group, List, Modal, Progress } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconSend } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, ask, once } from '../api/rest.ts';
import { useNames } from '../api/queries.ts';
import type { Row } from '../api/types.ts';
import { longDay, startOf, time } from '../format.ts';
import { reasonOf } from '../ui/reason.ts';
import { done } from '../ui/toast.tsx';
import { leader } from './plan.ts';

const atOnce = 4; // requests

/** A plan is a draft until it is published: all of a day's at once. What was not published, and why, stays to be read. */
export function PublishDrafts({ rows, day }: { rows: readonly Row[]; day: string }) {
  const { t } = useTranslation();
  const names = useNames();
  const [opened, dialog] = useDisclosure();
  const [progress, setProgress] = useState<number>();
  const [not, setNot] = useState<{ row: Row; why: string }[]>([]);
  const drafts = rows.filter((r) => r.status === 'scheduled');
  const ready = drafts.filter((r) => r.assignees?.length).sort((a, b) => (a.scheduled_at ?? '').localeCompare(b.scheduled_at ?? ''));
  const close = (): void => {
    dialog.close();
    setNot([]);
  };
  const publish = async (): Promise<void> => {
    const queue = [...ready];
    const failures: { row: Row; why: string }[] = [];
    let sent = 0;
    setNot([]);
    setProgress(0);
    const work = async (): Promise<void> => {
      for (let row = queue.shift(); row; row = queue.shift()) {
        try {
          await ask(api.POST('/api/v1/jobs/{id}/status', { params: { path: { id: row.id }, header: once(`publish-${row.id}-${row.version}`) }, body: { status: 'published' } }));
        } catch (err) {
          failures.push({ row, why: reasonOf(err) });
        }
        setProgress(++sent);
      }
    };
    await Promise.all(Array.from({ length: atOnce }, work));
    setProgress(undefined);
    setNot(failures);
    if (sent > failures.length) done(t('board.published', { count: sent - failures.length }));
    if (failures.length === 0) dialog.close();
  };
  return (
    <>
      {ready.length > 0 && (
        <Button leftSection={<IconSend size={16} />} onClick={dialog.open}>
          {t('board.publish', { count: ready.length })}
        </Button>
      )}
      <Modal opened={opened} onClose={close} title={t('board.publishTitle', { day: longDay(startOf(day)) })} closeButtonProps={{ 'aria-label': t('close') }}>
        <p>{t('board.publishHint')}</p>
        <List spacing={4} size="sm">
          {ready.map((row) => (
            <List.Item key={row.id}>
              {row.scheduled_at && time(row.scheduled_at)} {row.title}: {names(leader(row) ?? '')}
            </List.Item>
          ))}
        </List>
        {drafts.length > ready.length && <p className="quiet">{t('board.publishNobody', { count: drafts.length - ready.length })}</p>}
        {progress !== undefined && <Progress value={(100 * progress) / Math.max(1, ready.length)} mt="md" aria-label={t('board.publishing')} />}
        {not.length > 0 && (
          <Alert color="red" mt="md" title={t('board.notPublished', { count: not.length })}>
            {not.map(({ row, why }) => (
              <div key={row.id}>
                {row.title}: {why}
              </div>
            ))}
          </Alert>
        )}
        <Group justify="end" mt="lg">
          <Button variant="default" onClick={close}>
            {t('cancel')}
          </Button>
          <Button onClick={() => void publish()} loading={progress !== undefined} disabled={ready.length === 0} data-autofocus>
            {t('board.publish', { count: ready.length })}
          </Button>
        </Group>
      </Modal>
    </>
  );
}
