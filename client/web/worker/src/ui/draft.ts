import { useEffect, useLayoutEffect, useRef, useState, type ChangeEvent } from 'react';

const pause = 600; // milliseconds without a key until what was typed is written

interface Draft {
  value: string;
  onChange: (e: ChangeEvent<HTMLInputElement | HTMLTextAreaElement>) => void;
  onFocus: () => void;
  onBlur: () => void;
}

/**
 * What is typed into a field, as the field's properties. It is written after a pause, when the field is left, and when the page goes (another page, the app in the background). A
 * value that comes from elsewhere is shown, unless somebody is typing here.
 */
export function useDraft(value: string, disabled: boolean, write: (text: string) => void): Draft {
  const [draft, setDraft] = useState<string>();
  const focused = useRef(false);
  const state = useRef({ draft, value, write, disabled, written: undefined as string | undefined });
  useLayoutEffect(() => {
    Object.assign(state.current, { draft, value, write, disabled });
  });

  const [flush] = useState(() => () => {
    const s = state.current;
    if (s.draft === undefined || s.draft === s.value || s.draft === s.written || s.disabled) return;
    s.written = s.draft;
    s.write(s.draft);
  });

  useEffect(() => {
    state.current.written = undefined;
    if (!focused.current) setDraft(undefined);
  }, [value]);

  useEffect(() => {
    if (draft === undefined) return;
    const timer = setTimeout(flush, pause);
    return () => clearTimeout(timer);
  }, [draft, flush]);

  useEffect(() => {
    const hide = () => document.visibilityState === 'hidden' && flush();
    document.addEventListener('visibilitychange', hide);
    return () => {
      document.removeEventListener('visibilitychange', hide);
      flush();
    };
  }, [flush]);

  return {
    value: draft ?? value,
    onChange: (e) => setDraft(e.currentTarget.value),
    onFocus: () => (focused.current = true),
    onBlur: () => {
      focused.current = false;
      flush();
      if (state.current.draft === state.current.value) setDraft(undefined);
    },
  };
}
