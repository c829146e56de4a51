import type { Link, LinkClass } from '../api.ts';
import { Value } from '../watched.ts';

const slowRoundTrip = 1_400; // ms: from here on the link is slow (DESIGN: 2G)
const fastRoundTrip = 1_000; // ms: a slow link must get under this to be fast again
const slowRate = 70; // kbit/s: under this it is slow
const fastRate = 100; // kbit/s
const mostRate = 400; // kbit/s: beyond it a rate says no more of the class, else one great one would outweigh many small ones
const staleAfter = 60_000; // ms that a rate counts: where no file moves none is measured, and the link deserves another chance
const enoughBytes = 8 << 10; // fewer say more about the round trip than about the rate
const kept = 5; // round trips whose median counts

interface Network {
  readonly effectiveType?: string;
  readonly saveData?: boolean;
  addEventListener?(type: 'change', listener: () => void): void;
}

/**
 * How good the way to the server is. What the platform says is a hint that counts until something was measured; what is measured
 * decides, with a gap between the two classes, so that a link at the border does not flicker.
 */
export class LinkMeter {
  readonly link = new Value<Link>({ class: 'none', connected: false, metered: false });
  readonly #network: Network | undefined;
  #trips: number[] = [];
  /** kbps is for estimates; level decides the class: a geometric mean, so that the third slow sample after any number of fast ones tells. */
  #rate: { kbps: number; level: number; at: number } | undefined;
  #slow = false;
  #connected = false;
  #retryAt: number | undefined;

  constructor(private readonly now: () => number = Date.now, network?: Network) {
    this.#network = network ?? (globalThis.navigator as { connection?: Network } | undefined)?.connection;
    this.#network?.addEventListener?.('change', () => {
      this.#trips = []; // another network: what was measured was measured elsewhere
      this.#rate = undefined;
      this.#publish();
    });
  }

  connection(connected: boolean, retryAt?: number): void {
    if (connected !== this.#connected && !connected) this.#trips = [];
    this.#connected = connected;
    this.#retryAt = retryAt;
    this.#publish();
  }

  roundTrip(ms: number): void {
    this.#trips = [...this.#trips, ms].slice(-kept);
    this.#publish();
  }

  /** bytes that went either way within ms. */
  moved(bytes: number, ms: number): void {
    if (bytes < enoughBytes && ms < 2_000) return;
    const kbps = (bytes * 8) / Math.max(1, ms);
    const level = Math.min(kbps, mostRate);
    const before = this.#rate && this.now() - this.#rate.at < staleAfter ? this.#rate : { kbps, level };
    this.#rate = { kbps: (before.kbps + kbps) / 2, level: Math.sqrt(before.level * level), at: this.now() };
    this.#publish();
  }

  /** Whether the rate was measured within the last `ms`. */
  measured(ms: number): boolean {
    return this.#rate !== undefined && this.now() - this.#rate.at < ms;
  }

  /** Takes the time into account: old measurements end. */
  tick(): void {
    this.#publish();
  }

  #publish(): void {
    const sorted = [...this.#trips].sort((a, b) => a - b);
    const roundTripMs = sorted[sorted.length >> 1];
    const fresh = this.#rate && this.now() - this.#rate.at < staleAfter ? this.#rate : undefined;
    const rate = fresh?.level;
    if (roundTripMs === undefined && rate === undefined) this.#slow = /2g/.test(this.#network?.effectiveType ?? '');
    else if (this.#slow) this.#slow = (roundTripMs ?? 0) >= fastRoundTrip || (rate ?? Infinity) < fastRate;
    else this.#slow = (roundTripMs ?? 0) >= slowRoundTrip || (rate ?? Infinity) < slowRate;
    const cls: LinkClass = !this.#connected ? 'none' : this.#slow ? 'slow' : 'fast';
    const link: Link = {
      class: cls, connected: this.#connected, metered: this.#network?.saveData === true,
      ...(roundTripMs !== undefined ? { roundTripMs: Math.round(roundTripMs) } : {}),
      ...(fresh ? { kbps: Math.round(fresh.kbps) } : {}),
      ...(this.#retryAt !== undefined && !this.#connected ? { retryAt: this.#retryAt } : {}),
    };
    if (JSON.stringify(link) !== JSON.stringify(this.link.get())) this.link.set(link);
  }
}
