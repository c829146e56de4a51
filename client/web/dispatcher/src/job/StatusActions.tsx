import type { JobHandle } from '@fieldsync/sdk';
import { Button, Group, Modal, Radio, Stack, Textarea } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconArrowBackUp } from '@tabler/icons-react';
import { useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import type { Job, Status } from '../api/types.ts';
import { failed } from '../ui/toast.tsx';
import classes from './Job.module.css';

/** What one may set next, in the order of a day's work; the last one can be taken back. */
export function StatusActions({ handle, job, me }: { handle: JobHandle; job: Job; me: string }) {
  const { t } = useTranslation();
  const [finishing, finish] = useDisclosure();
  const [busy, setBusy] = useState<Status>();
  const next = handle.next();
  const set = (status: Status, how: { resolution?: string; note?: string } = {}): void => {
    setBusy(status);
    handle
      .setStatus(status, how)
      .catch((err: unknown) => failed(err))
      .finally(() => setBusy(undefined));
  };
  const last = job.status_log.filter((e) => !job.status_log.some((other) => other.after?.includes(e.uuid)));
  const mine = !job.clash && last.length === 1 && last[0]!.by === me && (last[0]!.after?.length ?? 0) > 0 ? last[0] : undefined;
  return (
    <div className={classes.actions} role="group" aria-label={t('job.setStatus')}>
      {next.map((status, i) => (
        <Button
          key={status}
          size="sm"
          variant={i === 0 && status !== 'cancelled' && status !== 'scheduled' ? 'filled' : 'default'}
          loading={busy === status}
          onClick={() => (status === 'finished' && job.possible_resolutions.length > 0 ? finish.open() : set(status))}
        >
          {t(`job.set.${status}`)}
        </Button>
      ))}
      {mine && (
        <Button size="sm" variant="subtle" leftSection={<IconArrowBackUp size={16} className="flips" />} onClick={() => void handle.undoStatus(mine.uuid).catch(failed)}>
          {t('job.undoStatus', { status: t(`status.${mine.status as Status}`) })}
        </Button>
      )}
      <Modal opened={finishing} onClose={finish.close} title={t('job.finishTitle')} closeButtonProps={{ 'aria-label': t('close') }}>
        <Finish
          job={job}
          missing={handle.missing()}
          done={(how) => {
            finish.close();
            set('finished', how);
          }}
        />
      </Modal>
    </div>
  );
}

function Finish({ job, missing, done }: { job: Job; missing: readonly string[]; done: (how: { resolution: string; note?: string }) => void }) {
  const { t } = useTranslation();
  const [chosen, setChosen] = useState<string>();
  const [note, setNote] = useState('');
  const resolution = job.possible_resolutions.find((r) => r.uuid === chosen);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (chosen) done({ resolution: chosen, ...(note.trim() ? { note: note.trim() } : {}) });
  };
  return (
    <form onSubmit={submit}>
      <Radio.Group label={t('job.howFinished')} value={chosen ?? ''} onChange={setChosen}>
        <Stack gap="xs" mt="xs">
          {job.possible_resolutions.map((r) => (
            <Radio key={r.uuid} value={r.uuid} label={r.name} description={r.successful ? t('job.successful') : t('job.unsuccessful')} />
          ))}
        </Stack>
      </Radio.Group>
      <Textarea mt="md" label={t('job.note')} value={note} onChange={(e) => setNote(e.currentTarget.value)} required={resolution?.note_required ?? false} autosize minRows={2} maxLength={4000} />
      {missing.length > 0 && resolution?.successful !== false && <p className="quiet">{t('job.missing', { names: missing.map((id) => job.report_fields.find((f) => f.uuid === id)?.name ?? id).join(', ') })}</p>}
      <Group justify="end" mt="md">
        <Button type="submit" disabled={!chosen || (resolution?.note_required === true && !note.trim())}>
          {t('job.set.finished')}
        </Button>
      </Group>
    </form>
  );
}
