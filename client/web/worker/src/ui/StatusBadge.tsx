import {
  IconBan,
  IconCalendarEvent,
  IconCheck,
  IconCircleDot,
  IconPlayerPauseFilled,
  IconPlayerPlayFilled,
  IconQuestionMark,
  IconTruck,
  IconX,
  type Icon,
} from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { statusLook, type Look } from '../model/status.ts';
import styles from './StatusBadge.module.css';

const symbols: Record<Look, Icon> = {
  scheduled: IconCalendarEvent,
  published: IconCircleDot,
  en_route: IconTruck,
  started: IconPlayerPlayFilled,
  paused: IconPlayerPauseFilled,
  finished: IconCheck,
  finishedUnsuccessfully: IconX,
  cancelled: IconBan,
  unknown: IconQuestionMark,
};

/** A status in the colour that people know it by, with its word and a symbol. */
export function StatusBadge({ status, successful }: { status: string; successful?: boolean | undefined }) {
  const { t } = useTranslation();
  const look = statusLook(status, successful);
  const Symbol = symbols[look];
  return (
    <span className={styles.badge} data-look={look}>
      <Symbol size={14} stroke={2.4} aria-hidden />
      {look === 'unknown' ? t('status.unknown', { status }) : t(`status.${look}`)}
    </span>
  );
}
