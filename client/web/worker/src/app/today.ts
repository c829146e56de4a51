import { useEffect, useMemo, useState } from 'react';
import { addDays, startOfDay } from '../i18n/format.ts';

/** Begin and end of today, which changes at midnight, and when the phone wakes after it. */
export function useToday(): { start: number; end: number } {
  const [start, setStart] = useState(() => startOfDay(Date.now()));
  useEffect(() => {
    const look = () => setStart(startOfDay(Date.now()));
    const timer = setTimeout(look, addDays(start, 1) - Date.now() + 1000);
    document.addEventListener('visibilitychange', look);
    return () => {
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', look);
    };
  }, [start]);
  return useMemo(() => ({ start, end: addDays(start, 1) }), [start]);
}
