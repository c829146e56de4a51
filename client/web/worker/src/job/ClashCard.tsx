import { IconArrowsSplit2 } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { Card } from '../ui/Card.tsx';
import styles from './ClashCard.module.css';

/** One of the values that were written at once. */
export interface ClashValue {
  /** As a person reads it. */
  text: string;
  /** Who wrote it and when, where that is known. */
  by?: string;
}

interface Props {
  /** What was written: the field's name. Undefined: the status. */
  field: string | undefined;
  /** The first one counts now. */
  values: readonly ClashValue[];
  /** Whether this person may settle it. */
  may: boolean;
  /** There are buttons for what comes next: pressing one settles it, too. */
  goOn?: boolean;
  busy: boolean;
  onChoose: (index: number) => void;
}

/** What two people wrote at once: both values are shown, one tap settles it, and nothing waits for that. */
export function ClashCard({ field, values, may, goOn = false, busy, onChoose }: Props) {
  const { t } = useTranslation();
  return (
    <Card
      tone="warn"
      title={
        <span className={styles.title}>
          <IconArrowsSplit2 size={18} aria-hidden />
          {field === undefined ? t('clash.statusTitle') : field}
        </span>
      }
    >
      <p className={styles.help}>
        {field === undefined ? '' : `${t('clash.title')}. `}
        {may ? t('clash.help') : t('clash.office')}
        {goOn && ` ${t('clash.goOn')}`}
      </p>
      <ul className={styles.values}>
        {values.map((value, i) => (
          <li key={i}>
            <button type="button" className={styles.value} disabled={!may || busy} aria-label={may ? t('clash.choose', { value: value.text }) : undefined} onClick={() => onChoose(i)}>
              <span className={styles.text}>{value.text || t('clash.deleted')}</span>
              <span className={styles.by}>
                {value.by}
                {i === 0 && <span className={styles.counts}>{t('clash.counts')}</span>}
              </span>
            </button>
          </li>
        ))}
      </ul>
    </Card>
  );
}
