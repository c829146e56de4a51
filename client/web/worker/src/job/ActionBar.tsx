import { IconCheck, IconPlayerPause, IconPlayerPlay, IconTruck, type Icon } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import styles from './ActionBar.module.css';

/** The buttons that a worker has. */
export type WorkerStatus = 'en_route' | 'started' | 'paused' | 'finished';

const symbols: Record<WorkerStatus, Icon> = { en_route: IconTruck, started: IconPlayerPlay, paused: IconPlayerPause, finished: IconCheck };

interface Props {
  /** The statuses that may follow, in the order of the work. */
  next: readonly WorkerStatus[];
  /** The status that holds now: Start after a pause is called Continue. */
  status: string;
  busy: boolean;
  onPress: (to: WorkerStatus) => void;
}

/** The big buttons at the bottom of a job, for thumbs and gloves. */
export function ActionBar({ next, status, busy, onPress }: Props) {
  const { t } = useTranslation();
  if (next.length === 0) return null;
  return (
    <div className={styles.bar} role="group" aria-label={t('action.label')}>
      {next.map((to) => {
        const Symbol = symbols[to];
        return (
          <button key={to} type="button" className={styles.button} data-to={to} disabled={busy} onClick={() => onPress(to)}>
            <Symbol size={22} aria-hidden />
            {to === 'started' && status === 'paused' ? t('action.resume') : t(`action.${to}`)}
          </button>
        );
      })}
    </div>
  );
}
