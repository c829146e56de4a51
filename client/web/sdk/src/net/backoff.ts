/** What a closed connection advises (docs/PROTOCOL.md, Close codes). */
export type Advice = 'at-once' | 'back-off' | 'sign-in' | 'stop';

export function adviceOf(code: number): Advice {
  switch (code) {
    case 1001:
    case 4408:
    case 4429:
      return 'at-once';
    case 4401:
      return 'sign-in';
    case 1000:
    case 1002:
    case 1003:
    case 1009:
    case 4403:
    case 4406:
    case 4409:
      return 'stop';
    default:
      return 'back-off'; // a network's end (1006), a proxy's codes
  }
}

const floor = 500;
const ceiling = 60_000;

/** Pauses between attempts: a random time (full jitter) under a ceiling that doubles from 0.5 s to 60 s. */
export class Backoff {
  #failures = 0;

  constructor(private readonly random: () => number = Math.random) {}

  /** Milliseconds to wait now. */
  next(advice: Advice): number {
    if (advice === 'at-once') return this.random() * floor;
    const most = Math.min(ceiling, floor * 2 ** Math.min(this.#failures++, 10));
    return this.random() * most;
  }

  /** A connection stood: the next failure is the first again. */
  reset(): void {
    this.#failures = 0;
  }
}
