import { Textarea, TextInput } from '@mantine/core';
import { useEffect, useRef, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { reasonOf } from '../ui/reason.ts';

interface Props {
  label: ReactNode;
  /** The label for who cannot see where it stands, if it is not text. */
  name?: string;
  value: string;
  save: (value: string) => Promise<unknown>;
  readOnly?: boolean;
  multiline?: boolean;
  type?: string;
  description?: string;
  placeholder?: string;
  maxLength?: number;
  required?: boolean;
  className?: string | undefined;
  hideLabel?: boolean;
}

/**
 * A field that saves itself when one leaves it. What others write meanwhile is shown unless one is writing there; what could not be saved stays in
 * the field, with the reason, and is saved with the next try.
 */
export function SaveText({ label, name, value, save, readOnly = false, multiline = false, hideLabel = false, required = false, ...rest }: Props) {
  const { t } = useTranslation();
  const [text, setText] = useState(value);
  const [error, setError] = useState<string>();
  const base = useRef(value); // what the field showed when one began to write
  const focused = useRef(false);
  useEffect(() => {
    if (!focused.current && error === undefined) {
      base.current = value;
      setText(value);
    }
  }, [value, error]);
  const leave = (): void => {
    focused.current = false;
    if (text === base.current && error === undefined) return setText(value);
    if (required && !text.trim()) return setError(t('required'));
    save(text).then(
      () => {
        base.current = text;
        setError(undefined);
      },
      (err: unknown) => setError(reasonOf(err)),
    );
  };
  const same = {
    label: hideLabel ? undefined : label,
    'aria-label': hideLabel ? (name ?? String(label)) : undefined,
    value: text,
    error,
    readOnly,
    onFocus: () => {
      focused.current = true;
      base.current = value;
    },
    onChange: (event: { currentTarget: { value: string } }) => setText(event.currentTarget.value),
    onBlur: leave,
    ...rest,
    className: rest.className ?? '',
  };
  if (multiline) return <Textarea {...same} autosize minRows={2} maxRows={16} />;
  return (
    <TextInput
      {...same}
      onKeyDown={(event) => {
        if (event.key === 'Enter') event.currentTarget.blur();
      }}
    />
  );
}
