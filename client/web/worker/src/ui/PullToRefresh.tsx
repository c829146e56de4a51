import { useEffect, useRef, useState, type ReactNode } from 'react';
import { IconArrowDown } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import styles from './PullToRefresh.module.css';

const far = 72; // how far to pull until it counts, in CSS pixels on the screen
const most = 110;

/** Pulling the page down from its top asks for a sync (S8). Keyboards and screen readers have the Sync button. */
export function PullToRefresh({ onPull, children }: { onPull: () => void; children: ReactNode }) {
  const { t } = useTranslation();
  const area = useRef<HTMLDivElement>(null);
  const [pulled, setPulled] = useState(0);
  const call = useRef(onPull);
  useEffect(() => {
    call.current = onPull;
  });

  useEffect(() => {
    const el = area.current;
    if (!el) return;
    let from: { x: number; y: number } | undefined;
    let distance = 0;
    const start = (e: TouchEvent) => {
      const touch = e.touches[0];
      from = touch && e.touches.length === 1 && window.scrollY <= 0 ? { x: touch.clientX, y: touch.clientY } : undefined;
      distance = 0;
    };
    const move = (e: TouchEvent) => {
      const touch = e.touches[0];
      if (!from || !touch) return;
      const down = touch.clientY - from.y;
      if (distance === 0 && (down <= 4 || Math.abs(touch.clientX - from.x) > down)) return;
      distance = Math.max(0, Math.min(most, down * 0.6));
      if (distance > 0 && e.cancelable) e.preventDefault();
      setPulled(distance);
    };
    const end = () => {
      if (distance >= far) call.current();
      from = undefined;
      distance = 0;
      setPulled(0);
    };
    el.addEventListener('touchstart', start, { passive: true });
    el.addEventListener('touchmove', move, { passive: false });
    el.addEventListener('touchend', end);
    el.addEventListener('touchcancel', end);
    return () => {
      el.removeEventListener('touchstart', start);
      el.removeEventListener('touchmove', move);
      el.removeEventListener('touchend', end);
      el.removeEventListener('touchcancel', end);
    };
  }, []);

  return (
    <div ref={area} className={styles.area}>
      {pulled > 0 && (
        <div className={styles.hint} style={{ blockSize: pulled }} data-testid="pull">
          <IconArrowDown className={pulled >= far ? styles.ready : styles.arrow} aria-hidden />
          <span>{pulled >= far ? t('jobs.release') : t('jobs.pull')}</span>
        </div>
      )}
      {children}
    </div>
  );
}
