import { useCallback, useEffect, useRef, useState, type PointerEvent as ReactPointer } from 'react';
import type { Row } from '../api/types.ts';
import { minutesOf, snap, STEP, type Spot } from './plan.ts';

/** A job on its way: whose line it was taken from, and where it would come down. */
export interface Move {
  row: Row;
  from: string | null;
  spot: Spot;
  /** By pointer: where it is on the screen. By keyboard there is none. */
  pointer?: { x: number; y: number };
}

const threshold = 5; // px before a press becomes a drag
const hold = 300; // ms that a finger rests before it drags: until then it scrolls
const margin = 48; // px at the board's edge in which it scrolls
const head = 160; // px of the names

/** What the board says of its geometry: each line is an element with `data-lane`, the tray has `data-tray`. */
interface Geometry {
  board: () => HTMLElement | null;
  perHour: number;
}

/** useDrag moves and stretches jobs by mouse, pen and finger. */
export function useDrag({ board, perHour }: Geometry, drop: (move: Move) => void) {
  const [move, setMove] = useState<Move>();
  const ending = useRef<(() => void) | undefined>(undefined);
  const told = useRef(drop);
  useEffect(() => {
    told.current = drop;
  });
  useEffect(() => () => ending.current?.(), []);

  const begin = useCallback(
    (event: ReactPointer, row: Row, from: string | null, kind: 'move' | 'stretch', fixedLine: boolean) => {
      if (event.button !== 0 || ending.current) return;
      const card = (event.currentTarget as HTMLElement).closest<HTMLElement>('[data-card]') ?? (event.currentTarget as HTMLElement);
      const rtl = getComputedStyle(card).direction === 'rtl';
      const box = card.getBoundingClientRect();
      const inLane = card.closest('[data-lane]') !== null;
      const grab = inLane ? ((rtl ? box.right - event.clientX : event.clientX - box.left) / perHour) * 60 : STEP; // minutes into the job
      const length = minutesOf(row);
      const first = { x: event.clientX, y: event.clientY };
      const finger = event.pointerType === 'touch';
      let at = first;
      let active = false;
      let frame = 0;
      let current: Move | undefined;
      const pressed = Date.now();
      if (kind === 'stretch') event.stopPropagation();

      const spotAt = (x: number, y: number): Spot | undefined => {
        const under = document.elementsFromPoint(x, y);
        if (kind === 'move' && under.some((e) => e instanceof HTMLElement && e.dataset['tray'] !== undefined)) return fixedLine ? undefined : { worker: null, start: null, minutes: length };
        let lane = under.find((e): e is HTMLElement => e instanceof HTMLElement && e.dataset['lane'] !== undefined);
        if (fixedLine || kind === 'stretch') lane = card.closest<HTMLElement>('[data-lane]') ?? undefined;
        if (!lane) return undefined;
        const line = lane.getBoundingClientRect();
        const minute = ((rtl ? line.right - x : x - line.left) / perHour) * 60;
        const worker = lane.dataset['lane'] || null;
        if (kind === 'stretch') {
          const start = Number(card.dataset['start']);
          return { worker, start, minutes: Math.max(STEP, Math.round((minute - start) / STEP) * STEP) };
        }
        return { worker, start: snap(minute - grab, length), minutes: length };
      };
      const show = (): void => {
        const spot = spotAt(at.x, at.y);
        current = spot ? { row, from, spot, pointer: at } : undefined;
        setMove(current ?? { row, from, spot: { worker: from, start: null, minutes: length }, pointer: at });
      };
      const scroll = (): void => {
        frame = requestAnimationFrame(scroll);
        const area = board();
        if (!area) return;
        const edge = area.getBoundingClientRect();
        const [left, right] = rtl ? [margin, margin + head] : [margin + head, margin]; // who works stands where the lines begin
        const dx = at.x < edge.left + left && at.x > edge.left ? -8 : at.x > edge.right - right && at.x < edge.right ? 8 : 0;
        const dy = at.y < edge.top + margin ? -6 : at.y > edge.bottom - margin && at.y < edge.bottom ? 6 : 0;
        if (dx || dy) {
          area.scrollBy(dx, dy);
          show();
        }
      };
      const moved = (e: PointerEvent): void => {
        at = { x: e.clientX, y: e.clientY };
        if (!active) {
          const far = Math.hypot(at.x - first.x, at.y - first.y) > threshold;
          if (finger && kind === 'move' && Date.now() - pressed < hold) {
            if (far) end();
            return;
          }
          if (!far) return;
          active = true;
          frame = requestAnimationFrame(scroll);
        }
        show();
      };
      const up = (): void => {
        const result = current;
        const was = active;
        end();
        if (was) {
          // the click that follows a drag opens nothing
          window.addEventListener('click', swallow, { capture: true, once: true });
          setTimeout(() => window.removeEventListener('click', swallow, { capture: true }), 0);
          if (result) told.current(result);
        }
      };
      const swallow = (e: Event): void => {
        e.stopPropagation();
        e.preventDefault();
      };
      const key = (e: KeyboardEvent): void => {
        if (e.key === 'Escape') end();
      };
      const noScroll = (e: TouchEvent): void => {
        if (active || Date.now() - pressed >= hold) e.preventDefault();
      };
      const end = (): void => {
        cancelAnimationFrame(frame);
        window.removeEventListener('pointermove', moved);
        window.removeEventListener('pointerup', up);
        window.removeEventListener('pointercancel', end);
        window.removeEventListener('keydown', key);
        window.removeEventListener('touchmove', noScroll);
        ending.current = undefined;
        current = undefined;
        setMove(undefined);
      };
      ending.current = end;
      window.addEventListener('pointermove', moved);
      window.addEventListener('pointerup', up);
      window.addEventListener('pointercancel', end);
      window.addEventListener('keydown', key);
      window.addEventListener('touchmove', noScroll, { passive: false });
    },
    [board, perHour],
  );
  return { move, begin };
}
