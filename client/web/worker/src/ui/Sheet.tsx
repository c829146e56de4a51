import { useEffect, useId, useRef, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { IconX } from '@tabler/icons-react';
import { ActionIcon } from '@mantine/core';
import { Notices } from './Notices.tsx';
import styles from './Sheet.module.css';

interface Props {
  title: string;
  opened: boolean;
  onClose: () => void;
  /** Covers the whole phone, for what needs the room. */
  full?: boolean;
  children: ReactNode;
}

/** A sheet from the bottom of the phone, in the middle of a wide screen: the browser's own dialog, which keeps the focus and closes by Escape. */
export function Sheet({ title, opened, onClose, full, children }: Props) {
  const { t } = useTranslation();
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useId();
  useEffect(() => {
    const d = dialog.current;
    if (!d) return;
    if (opened && !d.open) d.showModal();
    if (!opened && d.open) d.close();
  }, [opened]);
  return (
    // eslint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/no-noninteractive-element-interactions -- a tap beside it is the short way: by keys it closes by Escape and its button
    <dialog
      ref={dialog}
      className={full ? `${styles.sheet} ${styles.full}` : styles.sheet}
      aria-labelledby={heading}
      onClose={onClose}
      onClick={(e) => e.target === dialog.current && onClose()}
    >
      {opened && (
        <div className={styles.inside}>
          <header className={styles.head}>
            <h2 id={heading}>{title}</h2>
            <ActionIcon onClick={onClose} aria-label={t('common.close')}>
              <IconX aria-hidden />
            </ActionIcon>
          </header>
          <Notices sheet />
          {children}
        </div>
      )}
    </dialog>
  );
}
