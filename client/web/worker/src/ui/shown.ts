import { useState } from 'react';

/**
 * What a tap has set, shown at once: until it is written and comes back as the value, or could not be written. write answers whether it was.
 */
export function useShown<T>(value: T, write: (value: T) => Promise<boolean>): [T, (value: T) => void] {
  const [mine, setMine] = useState<{ value: T }>();
  const [before, setBefore] = useState(value);
  if (!Object.is(before, value)) {
    setBefore(value);
    setMine(undefined);
  }
  return [
    mine ? mine.value : value,
    (next) => {
      const tapped = { value: next };
      setMine(tapped);
      void write(next).then((ok) => ok || setMine((now) => (now === tapped ? undefined : now)));
    },
  ];
}
