import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { IconX } from '@tabler/icons-react';
import { dismiss, hold, release, useNotices } from '../app/notices.ts';
import styles from './Notices.module.css';

/**
 * Where notices appear, the newest of them: over the title in the page's bar, beside its buttons, so that nothing that one reads or presses is covered; in a sheet below its heading.
 * A screen reader says them when they come.
 */
export function Notices({ sheet = false }: { sheet?: boolean }) {
  const { t } = useTranslation();
  const notices = useNotices();
  const last = notices[notices.length - 1]?.id;
  useEffect(() => {
    if (last === undefined) return;
    const key = (e: KeyboardEvent): void => {
      if (e.key === 'Escape' && !e.defaultPrevented && !document.querySelector('dialog[open]')) dismiss(last); // a sheet closes first
    };
    addEventListener('keydown', key);
    return () => removeEventListener('keydown', key);
  }, [last]);
  return (
    <div className={sheet ? styles.sheet : styles.stack} role="status" aria-live="polite">
      {notices.map((n) => (
        <div key={n.id} className={styles.notice} data-kind={n.kind} onPointerEnter={() => hold(n.id)} onPointerLeave={() => release(n.id)} onFocus={() => hold(n.id)} onBlur={() => release(n.id)}>
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
