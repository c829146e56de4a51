import { useTranslation } from 'react-i18next';
import { IconX } from '@tabler/icons-react';
import { dismiss, useNotices } from '../app/notices.ts';
import styles from './Notices.module.css';

/** Where notices appear. A screen reader says them when they do. */
export function Notices() {
  const { t } = useTranslation();
  const notices = useNotices();
  return (
    <div className={styles.stack} role="status" aria-live="polite">
      {notices.map((n) => (
        <div key={n.id} className={styles.notice} data-kind={n.kind}>
          <span className={styles.text}>{n.text}</span>
          {n.action && (
            <button
              type="button"
              className={styles.action}
              onClick={() => {
                dismiss(n.id);
                n.action?.run();
              }}
            >
              {n.action.label}
            </button>
          )}
          <button type="button" className={styles.close} onClick={() => dismiss(n.id)} aria-label={t('common.dismiss')}>
            <IconX size={18} aria-hidden />
          </button>
        </div>
      ))}
    </div>
  );
}
