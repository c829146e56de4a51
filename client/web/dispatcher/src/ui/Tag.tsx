import type { ReactNode } from 'react';
import classes from './Tag.module.css';

export type Tone = 'good' | 'warn' | 'bad' | 'quiet' | 'info';

/** A word about something, in a colour that says how to take it. */
export function Tag({ tone = 'info', children }: { tone?: Tone; children: ReactNode }) {
  return (
    <span className={classes.tag} data-tone={tone}>
      {children}
    </span>
  );
}
