import { TextInput } from '@mantine/core';
import { useRef, useState } from 'react';

interface Props {
  label: string;
  day: string;
  go: (day: string) => void;
}

/** The day that is shown, and the way to another one. While it is typed it is many days, of the year 2 too: one goes there by Enter, or when one leaves it; what is picked is gone to at once. */
export function DayField({ label, day, go }: Props) {
  const [typed, setTyped] = useState<string>();
  const typing = useRef(false);
  const leave = (el: HTMLInputElement): void => {
    typing.current = false;
    setTyped(undefined);
    if (el.value && el.validity.valid && el.value !== day) go(el.value);
  };
  return (
    <TextInput
      type="date"
      aria-label={label}
      min="1900-01-01"
      max="2999-12-31"
      value={typed ?? day}
      onKeyDown={(e) => {
        typing.current = e.key !== 'Enter';
        if (e.key === 'Enter') leave(e.currentTarget);
      }}
      onPointerDown={() => (typing.current = false)}
      onChange={(e) => (typing.current ? setTyped(e.currentTarget.value) : leave(e.currentTarget))}
      onBlur={(e) => leave(e.currentTarget)}
    />
  );
}
