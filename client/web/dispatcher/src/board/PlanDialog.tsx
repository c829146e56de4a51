import { Button, Group, Modal, NumberInput, Select, TextInput } from '@mantine/core';
import { IconExternalLink } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { useMay, useNames, useWorkers } from '../api/queries.ts';
import type { Row } from '../api/types.ts';
import { isoLocal } from '../format.ts';
import { StatusPill } from '../ui/StatusPill.tsx';
import { moved } from './moved.ts';
import { assigneesFixed, minutesOf, movable, patchOf, startOn } from './plan.ts';

interface Props {
  row: Row;
  lane: string | null;
  day: string;
  close: () => void;
  change: Parameters<typeof moved>[2];
}

/** Who, when, how long: the board without dragging. */
export function PlanDialog({ row, lane, day, close, change }: Props) {
  const { t } = useTranslation();
  const { write } = useMay();
  const workers = useWorkers();
  const names = useNames();
  const edits = write && movable(row);
  const [worker, setWorker] = useState<string | null>(lane);
  const people = [...workers.map((w) => ({ value: w.id, label: w.name })), ...(lane && !workers.some((w) => w.id === lane) ? [{ value: lane, label: names(lane) }] : [])];
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const at = String(form.get('at') ?? '');
    const length = Number(form.get('minutes')) || minutesOf(row);
    const start = at ? startOn(day, { ...row, scheduled_at: new Date(at).toISOString() }) : null;
    const patch = patchOf(day, row, lane, { worker, start, minutes: length });
    close();
    if (patch) void moved(row, patch, change);
  };
  return (
    <Modal opened onClose={close} title={row.title || t('jobs.untitled')} closeButtonProps={{ 'aria-label': t('close') }}>
      <form onSubmit={submit}>
        <p style={{ marginBlockStart: 0 }}>
          <StatusPill status={row.status ?? 'scheduled'} resolution={row.resolution} />{' '}
          <span className="quiet">{[row.serial_no, row.client?.name, row.address?.formatted].filter(Boolean).join(' · ')}</span>
        </p>
        <Select
          label={t('board.worker')}
          description={assigneesFixed(row) ? t('board.fixed') : undefined}
          disabled={!edits || assigneesFixed(row)}
          data={people}
          value={worker}
          onChange={setWorker}
          placeholder={t('board.nobody')}
          clearable
          searchable
          clearButtonProps={{ 'aria-label': t('clear') }}
        />
        <Group mt="sm" align="end">
          <TextInput flex="1 1 14.5rem" type="datetime-local" name="at" label={t('board.start')} step={300} defaultValue={row.scheduled_at ? isoLocal(row.scheduled_at) : edits ? `${day}T08:00` : ''} disabled={!edits} />
          <NumberInput flex="1 1 6rem" name="minutes" label={t('board.minutes')} min={5} max={10080} step={15} defaultValue={minutesOf(row)} disabled={!edits} />
        </Group>
        <Group justify="space-between" mt="lg">
          <Button component={Link} to={`/jobs/${row.id}`} variant="default" leftSection={<IconExternalLink size={16} />}>
            {t('board.open')}
          </Button>
          {edits && <Button type="submit">{t('save')}</Button>}
        </Group>
      </form>
    </Modal>
  );
}
