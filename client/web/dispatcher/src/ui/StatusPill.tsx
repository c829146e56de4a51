import { useTranslation } from 'react-i18next';
import type { Resolution, Status } from '../api/types.ts';
import classes from './StatusPill.module.css';

/** look is the name of a status's colours: a finished job has two. */
export function look(status: string, resolution?: Resolution): string {
  return status === 'finished' && resolution?.successful === false ? 'failed' : status;
}

export function StatusPill({ status, resolution, big = false }: { status: Status | string; resolution?: Resolution | undefined; big?: boolean }) {
  const { t } = useTranslation();
  const known = t(`status.${status as Status}`, { defaultValue: status });
  return (
    <span className={classes.pill} data-look={look(status, resolution)} data-big={big || undefined}>
      {resolution?.name ? `${known}: ${resolution.name}` : known}
    </span>
  );
}
