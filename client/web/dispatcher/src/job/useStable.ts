import { useMemo } from 'react';

/** useStable gives the object of before where the one of now says the same: what did not change is not drawn again. */
export function useStable<T>(value: T): T {
  const text = JSON.stringify(value);
  // eslint-disable-next-line react-hooks/exhaustive-deps -- the text is all that the value says
  return useMemo(() => value, [text]);
}
