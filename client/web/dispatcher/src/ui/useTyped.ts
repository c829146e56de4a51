import { useDebouncedCallback } from '@mantine/hooks';
import { useEffect, useRef, useState } from 'react';

const rests = 250; // ms for which the fingers rest

/** useTyped is what stands in a field to search by, whose words are `value` elsewhere (the address): what is typed is told when the fingers rest, what changes there is shown. */
export function useTyped(value: string, change: (value: string) => void): [string, (text: string) => void] {
  const [text, setText] = useState(value);
  const sent = useRef(value);
  const send = useDebouncedCallback((next: string) => {
    sent.current = next;
    change(next);
  }, rests);
  useEffect(() => {
    if (value === sent.current) return;
    sent.current = value;
    setText(value);
  }, [value]);
  return [
    text,
    (next) => {
      setText(next);
      send(next.trim());
    },
  ];
}
