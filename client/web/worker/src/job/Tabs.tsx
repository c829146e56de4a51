import { useId, useRef, type KeyboardEvent, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { tabs, type Tab } from './parts.ts';
import styles from './Tabs.module.css';

interface Props {
  value: Tab;
  counts: Partial<Record<Tab, number>>;
  fresh: Partial<Record<Tab, boolean>>;
  onChange: (tab: Tab) => void;
  children: ReactNode;
}

/** The parts of a job. Arrow keys go from one to the next. */
export function Tabs({ value, counts, fresh, onChange, children }: Props) {
  const { t, i18n } = useTranslation();
  const id = useId();
  const list = useRef<HTMLDivElement>(null);
  const key = (e: KeyboardEvent) => {
    const forth = i18n.dir() === 'rtl' ? 'ArrowLeft' : 'ArrowRight';
    const back = i18n.dir() === 'rtl' ? 'ArrowRight' : 'ArrowLeft';
    const step = e.key === forth ? 1 : e.key === back ? -1 : 0;
    if (step === 0) return;
    e.preventDefault();
    const next = tabs[(tabs.indexOf(value) + step + tabs.length) % tabs.length]!;
    onChange(next);
    list.current?.querySelector<HTMLElement>(`[data-tab="${next}"]`)?.focus();
  };
  return (
    <>
      <div ref={list} role="tablist" aria-label={t('job.tabs.label')} className={styles.tabs}>
        {tabs.map((tab) => (
          <button
            key={tab}
            type="button"
            role="tab"
            id={`${id}-${tab}`}
            data-tab={tab}
            aria-selected={tab === value}
            aria-controls={`${id}-panel`}
            tabIndex={tab === value ? 0 : -1}
            className={styles.tab}
            onClick={() => onChange(tab)}
            onKeyDown={key}
          >
            {t(`job.tabs.${tab}`)}
            {counts[tab] ? <span className={styles.count}>{counts[tab]}</span> : null}
            {fresh[tab] && tab !== value && <span className={styles.dot} role="img" aria-label={t('jobs.changed')} />}
          </button>
        ))}
      </div>
      <div role="tabpanel" id={`${id}-panel`} aria-labelledby={`${id}-${value}`}>
        {children}
      </div>
    </>
  );
}
