import { useId, type ReactNode } from 'react';
import classes from './Plan.module.css';

/** A part of a page with a heading of its own. */
export function Section({ title, hint, actions, children, id }: { title: ReactNode; hint?: ReactNode; actions?: ReactNode; children: ReactNode; id?: string }) {
  const own = useId();
  const heading = id ?? own;
  return (
    <section className={classes.section} aria-labelledby={heading}>
      <div className={classes.sectionHead}>
        <h2 id={heading}>{title}</h2>
        {actions}
      </div>
      {hint && <p className={classes.hint}>{hint}</p>}
      {children}
    </section>
  );
}
