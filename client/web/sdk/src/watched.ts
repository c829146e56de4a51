import type { Watched } from './types.ts';

/** A Watched that its owner sets. Listeners are called in a microtask, once for all that changed until then. */
export class Value<T> implements Watched<T> {
  #value: T;
  #listeners = new Set<() => void>();
  #due = false;

  constructor(value: T) {
    this.#value = value;
  }

  readonly get = (): T => this.#value;

  readonly subscribe = (listener: () => void): (() => void) => {
    const mine = () => listener(); // one for each subscription, though the function be the same
    this.#listeners.add(mine);
    return () => void this.#listeners.delete(mine);
  };

  /** Whether somebody listens. */
  get watched(): boolean {
    return this.#listeners.size > 0;
  }

  set(value: T): void {
    if (Object.is(value, this.#value)) return;
    this.#value = value;
    if (this.#due) return;
    this.#due = true;
    queueMicrotask(() => {
      this.#due = false;
      for (const listener of [...this.#listeners]) listener();
    });
  }

  update(change: (value: T) => T): void {
    this.set(change(this.#value));
  }
}

/** A Watched that never changes. */
export const fixed = <T>(value: T): Watched<T> => ({ get: () => value, subscribe: () => () => undefined });

/** A Watched that follows from others. make is called again when one of them has changed; the same answer is no change. */
export function derived<T>(from: readonly Watched<unknown>[], make: () => T): Watched<T> {
  let seen: readonly unknown[] | undefined;
  let value: T;
  return {
    get() {
      const now = from.map((f) => f.get());
      if (!seen || now.some((n, i) => !Object.is(n, seen![i]))) {
        seen = now;
        value = make();
      }
      return value;
    },
    subscribe(listener) {
      const ends = from.map((f) => f.subscribe(listener));
      return () => ends.forEach((end) => end());
    },
  };
}

/** A Watched whose listeners are called when others change, which may be later or less often than it changes itself. */
export const toldBy = <T>(by: readonly Watched<unknown>[], of: Watched<T>): Watched<T> => ({
  get: of.get,
  subscribe(listener) {
    const ends = by.map((b) => b.subscribe(listener));
    return () => ends.forEach((end) => end());
  },
});

/** A Watched whose listeners are called at most once in ms, with what came last. */
export const paced = <T>(of: Watched<T>, ms: number): Watched<T> => ({
  get: of.get,
  subscribe(listener) {
    let due: ReturnType<typeof setTimeout> | undefined;
    let last = -Infinity;
    const end = of.subscribe(() => {
      due ??= setTimeout(() => {
        due = undefined;
        last = performance.now();
        listener();
      }, Math.max(0, last + ms - performance.now()));
    });
    return () => {
      end();
      clearTimeout(due);
    };
  },
});
