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

const floor = 500; // ms
const calm = 8_000; // ms: the ceiling of a pause, or a five-hundredth of the time that the server has been away, up to longest
const fraction = 500;
const longest = 60_000; // ms
const settled = 10_000; // ms: a connection that did not last for so long was no success
const mostBelieved = 300_000; // ms: the longest "come back in" of a server that is believed

/** Whole seconds that a server names, in milliseconds; undefined: that is none. */
export function secondsOf(text: string): number | undefined {
  const seconds = /^\d{1,7}$/.test(text) ? Number(text) : 0;
  return seconds > 0 && seconds < 1 << 20 ? seconds * 1_000 : undefined;
}

/** The time after which the server wants to see us, in milliseconds: the reason of a close with 1013 says so. undefined: it does not. */
export function retryAfter(code: number, reason: string): number | undefined {
  return code === 1013 ? secondsOf(/^retry-after: (\d+)$/.exec(reason)?.[1] ?? '') : undefined;
}

/** When whoever is told to come back after some time comes: not before, in five minutes at most, and spread over a quarter more, a second at least. */
export function turn(after: number, random: number): number {
  const believed = Math.min(after, mostBelieved);
  return believed + random * Math.max(believed / 4, 1_000);
}

/**
 * Pauses between attempts, as those of the Go client (client/internal/schedule; conformance/vectors/retry.json): a random time under a ceiling that doubles from 0.5 s
 * to 8 s (from an hour on it grows with the outage, to 60 s after a night) and is no higher than the time that the server has been away; and not before the server wants it, where it says so. Times are in milliseconds.
 */
export class Backoff {
  #failures = 0;
  #since: number | undefined; // when the connection was made
  #down: number | undefined; // since when there is none
  #turn = 0; // before which the server does not want to see us

  constructor(private readonly random: () => number = Math.random) {}

  connected(now: number): void {
    this.#since = now;
    this.#turn = 0;
  }

  /** There is no connection any more, or none could be made. Gives how long to wait. */
  ended(now: number, code: number, reason = ''): number {
    if (this.#since !== undefined && now - this.#since >= settled) this.reset();
    this.#since = undefined;
    this.#down ??= now;
    const away = now - this.#down;
    const most = Math.min(floor * 2 ** Math.min(this.#failures++, 10), Math.max(floor, Math.min(away, Math.max(calm, away / fraction), longest)));
    const pause = this.random() * (adviceOf(code) === 'at-once' ? floor : most);
    const after = retryAfter(code, reason);
    if (after !== undefined) this.#turn = now + turn(after, this.random());
    return Math.max(pause, this.turn(now));
  }

  /** How long the server wants to be left alone still, in milliseconds; only a person goes before that. */
  turn(now: number): number {
    return Math.min(Math.max(0, this.#turn - now), mostBelieved * 1.25); // more only where the clock was set back
  }

  /** Another network, or somebody asks: the failures are forgotten. */
  reset(): void {
    this.#failures = 0;
    this.#down = undefined;
  }
}
