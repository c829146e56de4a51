import type { ReactNode } from 'react';
import type { Icon } from '@tabler/icons-react';
import { IconX } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import styles from './Banner.module.css';

interface Props {
  kind: 'offline' | 'warn' | 'info' | 'danger';
  icon: Icon;
  children: ReactNode;
  action?: ReactNode;
  onDismiss?: (() => void) | undefined;
}

/** A strip that says what holds for the whole app. It is announced when it appears, and takes no focus. */
export function Banner({ kind, icon: Symbol, children, action, onDismiss }: Props) {
  const { t } = useTranslation();
  return (
    <div className={styles.banner} data-kind={kind} role="status">
      <Symbol size={20} aria-hidden className={styles.icon} />
      <div className={styles.text}>{children}</div>
      {action}
      {onDismiss && (
        <button type="button" className={styles.dismiss} onClick={onDismiss} aria-label={t('common.dismiss')}>
          <IconX size={18} aria-hidden />
        </button>
      )}
    </div>
  );
}
