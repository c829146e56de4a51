import { requireOurs } from '../rest/client.ts';
import type { LinkMeter } from './link.ts';

export const probePatience = 15_000; // ms; two that take longer, and the connection is taken for dead
const rateFor = 15_000; // ms that a measured rate lets the next file begin
const probeBytes = 8 << 10; // what a measurement of the rate sends: 1.3 s at 50 kbit/s, and within what a server takes as a header

export interface ProbesOptions {
  readonly meter: LinkMeter;
  /** The address that is asked: it answers at once, with little. */
  readonly url: URL;
  /** Files wait for a better link. */
  readonly waiting: () => boolean;
  /** Something of ours is on the link. */
  readonly busy: () => boolean;
  /** The connection is dead, though nobody said so. */
  readonly dead: () => void;
}

/** Measures a link by requests, when its meter wants that. */
export class Probes {
  readonly #o: ProbesOptions;
  #missed = 0;
  #measuring = false;
  #due: ReturnType<typeof setTimeout> | undefined;
  #rate: Promise<void> | undefined;
  #closed = false;

  constructor(o: ProbesOptions) {
    this.#o = o;
  }

  /** There is a connection anew. */
  connected(): void {
    this.#missed = 0;
    this.plan();
  }

  /** What is to be measured next may have changed. */
  plan(): void {
    clearTimeout(this.#due);
    const next = this.#closed || this.#measuring ? undefined : this.#o.meter.next(this.#o.waiting());
    if (!next) return;
    this.#due = setTimeout(() => {
      this.#measuring = true;
      void (next.what === 'trip' ? this.#trip() : this.rate().catch(() => undefined)).finally(() => {
        this.#measuring = false;
        this.plan();
      });
    }, next.at - performance.now());
  }

  /** Whether the rate is known well enough for the next file to begin; while it is being measured it is not. */
  measured(): boolean {
    return this.#rate === undefined && this.#o.meter.measured(rateFor);
  }

  /**
   * Measures the rate, also before a file begins, by what a request with a long header takes longer than a round trip: on a slow link nothing of a photo shall go up just to find out that it is
   * slow (S6). Rejects where there is no network after all, or it seems slow while something of ours is on it.
   */
  rate(): Promise<void> {
    return (this.#rate ??= this.#trains().finally(() => (this.#rate = undefined))); // two at once would halve each other's
  }

  async #trains(): Promise<void> {
    do {
      this.#o.meter.asked('rate');
      const short = await this.#ask();
      this.#o.meter.roundTrip(short.took, short.busy);
      const long = await this.#ask({ 'Fieldsync-Padding': 'x'.repeat(probeBytes) });
      if (!this.#o.meter.train(probeBytes, long.took, short.busy || long.busy)) throw new Error('the link is busy');
    } while (!this.#o.meter.measured(rateFor));
  }

  /** Measures the round trip, and finds out whether a connection that says nothing is alive. */
  async #trip(): Promise<void> {
    this.#o.meter.asked('trip');
    try {
      const { took, busy } = await this.#ask();
      this.#missed = 0;
      this.#o.meter.roundTrip(took, busy);
    } catch {
      if (!this.#o.meter.link.get().connected) return;
      if (++this.#missed >= 2) this.#o.dead();
      else this.#o.meter.roundTrip(probePatience, this.#o.busy());
    }
  }

  /** How long a request takes, and whether something else of ours was on the link. */
  async #ask(headers: Record<string, string> = {}): Promise<{ readonly took: number; readonly busy: boolean }> {
    const before = this.#o.busy();
    const began = performance.now();
    requireOurs(await fetch(this.#o.url, { cache: 'no-store', headers, signal: AbortSignal.timeout(probePatience) }));
    return { took: performance.now() - began, busy: before || this.#o.busy() };
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#due);
  }
}
