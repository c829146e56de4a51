import { useId, type ReactNode } from 'react';
import styles from './Card.module.css';

interface Props {
  title?: ReactNode;
  /** Stands at the end of the title's line. */
  aside?: ReactNode;
  tone?: 'info' | 'warn' | 'danger' | undefined;
  children: ReactNode;
}

/** A part of a page with its heading. */
export function Card({ title, aside, tone, children }: Props) {
  const heading = useId();
  return (
    <section className={styles.card} data-tone={tone} aria-labelledby={title ? heading : undefined}>
      {title && (
        <header className={styles.head}>
          <h2 id={heading}>{title}</h2>
          {aside}
        </header>
      )}
      {children}
    </section>
  );
}
