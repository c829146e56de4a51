import { useEffect, useRef, type ReactNode } from 'react';
import { ActionIcon } from '@mantine/core';
import { IconArrowLeft, IconArrowRight } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import styles from './Page.module.css';

interface Props {
  title: string;
  /** Stands above the title, smaller. */
  over?: ReactNode;
  /** What the back arrow does; without it there is none. */
  onBack?: () => void;
  /** Stands at the end of the bar. */
  aside?: ReactNode;
  children: ReactNode;
}

let led = false; // somebody has tapped or pressed something since the app was opened
const lead = (event: Event): void => {
  led ||= !(event instanceof KeyboardEvent && event.key === 'Tab');
};
for (const name of ['pointerdown', 'click', 'keydown', 'popstate']) addEventListener(name, lead, true);

/**
 * A page with its bar. Its heading gets the focus when one has gone to the page, so that a screen reader says where one is. When the app is opened the focus stays
 * where the browser begins, so that the first Tab finds the way past the bars.
 */
export function Page({ title, over, onBack, aside, children }: Props) {
  const { t, i18n } = useTranslation();
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} · ${t('app.name')}`;
  }, [title, t]);
  useEffect(() => {
    if (led) heading.current?.focus({ preventScroll: true });
  }, []);
  return (
    <>
      <header className={styles.bar}>
        {onBack && (
          <ActionIcon onClick={onBack} aria-label={t('common.back')} className={styles.back!}>
            {i18n.dir() === 'rtl' ? <IconArrowRight aria-hidden /> : <IconArrowLeft aria-hidden />}
          </ActionIcon>
        )}
        <div className={styles.titles}>
          {over && <div className={styles.over}>{over}</div>}
          <h1 ref={heading} tabIndex={-1} className={styles.title}>
            {title}
          </h1>
        </div>
        {aside}
      </header>
      <div className={styles.content}>{children}</div>
    </>
  );
}
