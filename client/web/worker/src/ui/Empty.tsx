import type { ReactNode } from 'react';
import type { Icon } from '@tabler/icons-react';
import styles from './Empty.module.css';

/** What stands where there is nothing, and says why. `page`: it is all that there is of the page. */
export function Empty({ icon: Symbol, title, children, page = false }: { icon: Icon; title: string; children?: ReactNode; page?: boolean }) {
  const it = (
    <div className={styles.empty}>
      <Symbol size={44} stroke={1.4} aria-hidden />
      <p className={styles.title}>{title}</p>
      {children && <div className={styles.text}>{children}</div>}
    </div>
  );
  return page ? <div className={styles.page}>{it}</div> : it;
}
