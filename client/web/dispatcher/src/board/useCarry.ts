import { useState, type KeyboardEvent } from 'react';
import type { Row } from '../api/types.ts';
import { assigneesFixed, DAY, minutesOf, movable, snap, startOn, STEP } from './plan.ts';
import type { Move } from './useDrag.ts';

interface Carrying {
  day: string;
  /** The lines from above to below: nobody's is null. */
  lanes: (string | null)[];
  rows: readonly Row[];
  edits: boolean;
  drop: (move: Move) => void;
  say: (move: Move, done?: 'dropped' | 'cancelled') => void;
  plan: (row: Row, lane: string | null) => void;
}

/** useCarry does by keys what useDrag does by pointer: m takes a job up, the arrows carry it, Enter puts it down, Escape brings it back. */
export function useCarry({ day, lanes, rows, edits, drop, say, plan }: Carrying) {
  const [carried, setCarried] = useState<{ day: string; move: Move }>();
  const move = carried?.day === day ? carried.move : undefined; // who leaves the day leaves it where it was
  const setMove = (next: Move | undefined): void => setCarried(next && { day, move: next });
  const keys = (event: KeyboardEvent<HTMLElement>): void => {
    const card = (event.target as HTMLElement).closest<HTMLElement>('[data-card]');
    if (!card || event.ctrlKey || event.metaKey || event.altKey) return;
    const row = rows.find((r) => r.id === card.dataset['card']);
    if (!row) return;
    const lane = card.dataset['laneOf'] || null;
    const rtl = getComputedStyle(card).direction === 'rtl';
    const sideways = ({ ArrowRight: 1, ArrowLeft: -1 } as Record<string, number>)[event.key];
    const along = sideways === undefined ? undefined : rtl ? -sideways : sideways;
    const across = ({ ArrowDown: 1, ArrowUp: -1 } as Record<string, number>)[event.key];
    if (move) {
      event.stopPropagation();
      if (event.key === 'Tab') return void stop('cancelled');
      event.preventDefault();
      const { spot } = move;
      let next = spot;
      if (event.key === 'Escape') return stop('cancelled');
      if (event.key === 'Enter' || event.key === ' ' || event.key === 'm') {
        say(move, 'dropped');
        setMove(undefined);
        return drop(move);
      }
      if (along && event.shiftKey) next = { ...spot, minutes: Math.min(DAY, Math.max(STEP, spot.minutes + along * STEP)) };
      else if (along) next = { ...spot, start: snap((spot.start ?? 0) + along * STEP, spot.minutes) };
      else if (across && !assigneesFixed(row)) next = { ...spot, worker: lanes[Math.min(lanes.length - 1, Math.max(0, lanes.indexOf(spot.worker) + across))] ?? null };
      const moved = { ...move, spot: next };
      setMove(moved);
      return say(moved);
    }
    if (event.key === 'm' && edits && movable(row)) {
      event.preventDefault();
      event.stopPropagation();
      const taken: Move = { row, from: lane, spot: { worker: lane, start: startOn(day, row) ?? 8 * 60, minutes: minutesOf(row) } };
      setMove(taken);
      say(taken);
    } else if (event.key === 'a') {
      event.preventDefault();
      event.stopPropagation();
      plan(row, lane);
    } else if (along || across) {
      const next = beside(card, along ?? 0, across ?? 0);
      if (next) {
        event.preventDefault();
        next.focus();
      }
    }
  };
  const stop = (how: 'cancelled'): void => {
    if (move) say(move, how);
    setMove(undefined);
  };
  return { move, keys, cancel: () => stop('cancelled') };
}

/** The card to go to from one: along its line, or the nearest in time of the next line that has any. */
function beside(card: HTMLElement, along: number, across: number): HTMLElement | undefined {
  const cardsOf = (line: Element): HTMLElement[] => [...line.querySelectorAll<HTMLElement>('[data-card]')];
  const lines = [...document.querySelectorAll('[data-lane], [data-tray]')].filter((line) => cardsOf(line).length > 0);
  const line = card.closest('[data-lane], [data-tray]');
  if (!line) return undefined;
  const cards = cardsOf(line);
  if (along || line.matches('[data-tray]')) {
    const next = cards[cards.indexOf(card) + (along || across)];
    if (next || !across) return next;
  }
  const next = lines[lines.indexOf(line) + across];
  const start = Number(card.dataset['start'] ?? 0);
  return next && cardsOf(next).sort((a, b) => Math.abs(Number(a.dataset['start'] ?? 0) - start) - Math.abs(Number(b.dataset['start'] ?? 0) - start))[0];
}
