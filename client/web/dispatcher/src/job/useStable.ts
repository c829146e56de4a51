import { useRef } from 'react';

/** useStable gives the object of before where the one of now says the same: what did not change is not drawn again. */
export function useStable<T>(value: T): T {
  const before = useRef<{ value: T; text: string } | undefined>(undefined);
  if (before.current && Object.is(before.current.value, value)) return value;
  const text = JSON.stringify(value) ?? '';
  if (before.current?.text === text) return before.current.value;
  before.current = { value, text };
  return value;
}
