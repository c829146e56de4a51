import type { JobHandle, Present } from '@fieldsync/sdk';
import { memo, useCallback, useEffect, useId, useLayoutEffect, useMemo, useRef, type CSSProperties, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { hue } from '../ui/Person.tsx';
import { useFramed } from './framed.ts';
import { useOthers } from './others.ts';
import { between, moved, over } from './selection.ts';
import classes from './SharedTextarea.module.css';

interface Props {
  handle: JobHandle;
  path: readonly string[];
  label: string;
  hideLabel?: boolean;
  placeholder?: string;
  readOnly?: boolean;
  maxLength?: number;
}

const pause = 200; // ms between two announcements of a moving caret
const grows = CSS.supports('field-sizing', 'content'); // a textarea grows with its text by itself; else by the mirror behind it

/**
 * A text that several write at once. Each input is one splice; what others type comes in around one's own caret, which stays where it was between its letters. Their carets
 * and selections are seen in the text. While an input method composes, others' letters wait until it is done.
 */
export const SharedTextarea = memo(function SharedTextarea({ handle, path, label, hideLabel = false, placeholder, readOnly = false, maxLength = 65_536 }: Props) {
  const { t } = useTranslation();
  const id = useId();
  const text = useMemo(() => handle.text(path), [handle, path]);
  const area = useRef<HTMLTextAreaElement>(null);
  const shown = useRef<string>(undefined); // what the textarea had before the input that comes
  const value = useFramed(text.value, useCallback(() => grows && shown.current === text.value.get(), [text]));
  shown.current ??= value;
  const composing = useRef(false);
  const field = path.join('.');

  useLayoutEffect(() => {
    const el = area.current;
    if (!el || composing.current) return;
    if (el.value !== value) {
      const change = between(el.value, value);
      const { selectionStart, selectionEnd, selectionDirection } = el;
      el.value = value;
      if (document.activeElement === el) el.setSelectionRange(moved(selectionStart, change), moved(selectionEnd, change), selectionDirection);
    }
    shown.current = value;
  }, [value]);

  const announced = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const announce = useCallback(() => {
    announced.current ??= setTimeout(() => {
      announced.current = undefined;
      const el = area.current;
      if (!el || document.activeElement !== el) return;
      const [from, to] = el.selectionDirection === 'backward' ? [el.selectionEnd, el.selectionStart] : [el.selectionStart, el.selectionEnd];
      handle.presence.announce({ field, anchor: text.anchor(from), head: text.anchor(to) });
    }, pause);
  }, [handle, field, text]);
  useEffect(() => () => clearTimeout(announced.current), []);

  const take = (): void => {
    const el = area.current;
    if (!el) return;
    const mine = between(shown.current ?? '', el.value);
    if (mine) {
      const theirs = between(shown.current ?? '', text.value.get()); // they may have typed since what is shown was shown
      const splice = over(mine, theirs);
      text.splice(splice.at, splice.remove, splice.insert);
      if (theirs) {
        const now = text.value.get();
        const caret = splice.at + splice.insert.length;
        el.value = now;
        el.setSelectionRange(caret, caret);
      }
    }
    shown.current = el.value;
    announce();
  };

  const here = useOthers(handle, useCallback((others: readonly Present[]) => others.flatMap((o) => (o.field === field ? [{ id: o.id, user: o.user, name: o.name, anchor: o.anchor, head: o.head }] : [])), [field]));
  return (
    <div className={classes.field}>
      <label htmlFor={id} className={hideLabel ? 'hidden-visually' : classes.label}>
        {label}
      </label>
      <div className={classes.box} data-read-only={readOnly || undefined}>
        <div className={classes.mirror} aria-hidden>
          {marked(value, here, (anchor) => text.at(anchor))}
          {'\u200b'}
        </div>
        <textarea
          ref={area}
          id={id}
          className={classes.area}
          defaultValue={value}
          readOnly={readOnly}
          maxLength={maxLength}
          placeholder={placeholder}
          spellCheck
          dir="auto"
          onInput={() => !composing.current && take()}
          onCompositionStart={() => {
            composing.current = true;
          }}
          onCompositionEnd={() => {
            composing.current = false;
            take();
          }}
          onSelect={announce}
          onFocus={announce}
          onBlur={() => handle.presence.announce()}
        />
      </div>
      {here.length > 0 && <p className={classes.who}>{t('job.writing', { names: [...new Set(here.map((o) => o.name))].join(', ') })}</p>}
    </div>
  );
});

/** A SharedTextarea's text before its document is here: in the same place, of the same size. */
export function WaitingTextarea({ value, label, hideLabel = false, placeholder }: { value: string; label: string; hideLabel?: boolean; placeholder?: string }) {
  const id = useId();
  return (
    <div className={classes.field}>
      <label htmlFor={id} className={hideLabel ? 'hidden-visually' : classes.label}>
        {label}
      </label>
      <div className={classes.box}>
        <div className={classes.mirror} aria-hidden>
          {value}
          {'\u200b'}
        </div>
        <textarea id={id} className={classes.area} value={value} readOnly placeholder={placeholder} dir="auto" />
      </div>
    </div>
  );
}

interface Somebody {
  readonly id: string;
  readonly user: string;
  readonly name: string;
  readonly anchor: string | undefined;
  readonly head: string | undefined;
}

/** The text with the carets and selections of others in it. Pieces are known by their place in the order, not in the text: a letter in front of them makes no new elements. */
function marked(value: string, others: readonly Somebody[], at: (anchor: string) => number): ReactNode {
  if (others.length === 0) return value;
  const marks = others
    .filter((o) => o.head !== undefined)
    .map((o) => {
      const head = clamp(at(o.head!), value.length);
      const anchor = o.anchor === undefined || o.anchor === o.head ? head : clamp(at(o.anchor), value.length);
      return { o, head, from: Math.min(head, anchor), to: Math.max(head, anchor) };
    });
  const cuts = [...new Set([0, value.length, ...marks.flatMap((m) => [m.from, m.to])])].sort((a, b) => a - b);
  const out: ReactNode[] = [];
  cuts.forEach((cut, i) => {
    for (const { o } of marks.filter((m) => m.head === cut))
      out.push(
        <span key={`c${o.id}`} className={classes.caret} style={{ '--hue': hue(o.user) } as CSSProperties}>
          <span className={classes.flag}>{o.name}</span>
        </span>,
      );
    const next = cuts[i + 1];
    if (next === undefined) return;
    const selecting = marks.find((m) => m.from <= cut && m.to >= next && m.from < m.to);
    out.push(
      <span key={i} className={selecting && classes.selected} style={selecting && ({ '--hue': hue(selecting.o.user) } as CSSProperties)}>
        {value.slice(cut, next)}
      </span>,
    );
  });
  return out;
}

const clamp = (n: number, most: number): number => Math.min(most, Math.max(0, n));
