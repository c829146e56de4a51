import { useNavigate } from '@tanstack/react-router';
import { useEffect } from 'react';

/* Keys of one letter. They can be switched off (WCAG 2.1.4), and never act while somebody types. */

const off = 'fieldsync.shortcuts.off';
export const shortcutsOn = (): boolean => localStorage.getItem(off) === null;
export function setShortcuts(on: boolean): void {
  if (on) localStorage.removeItem(off);
  else localStorage.setItem(off, '1');
}

/** typing tells whether keys go into a field. */
export function typing(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

const inDialog = (): boolean => document.querySelector('[role="dialog"]:not([data-popover])') !== null;

/** What `g` and a second key lead to. */
export const PLACES = { j: '/jobs', b: '/board', t: '/templates', c: '/clients', p: '/people', s: '/settings' } as const;

/** useShortcuts makes the keys of the whole app work. */
export function useShortcuts(act: { help: () => void; find: () => void; create: () => void }): void {
  const navigate = useNavigate();
  useEffect(() => {
    let went = 0; // when g was pressed
    const press = (event: KeyboardEvent): void => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || inDialog() || !shortcutsOn()) return;
      const key = event.key;
      if (Date.now() - went < 1200 && key in PLACES) {
        event.preventDefault();
        void navigate({ to: PLACES[key as keyof typeof PLACES] });
        went = 0;
        return;
      }
      went = key === 'g' ? Date.now() : 0;
      const does = { '?': act.help, '/': act.find, n: act.create }[key];
      if (does) {
        event.preventDefault();
        does();
      }
    };
    window.addEventListener('keydown', press);
    return () => window.removeEventListener('keydown', press);
  }, [navigate, act]);
}
