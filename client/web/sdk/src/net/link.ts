import type { Link, LinkClass } from '../api.ts';
import { Value } from '../watched.ts';

// The borders and the rules are those of the Go client (client/internal/netclass; conformance/vectors/link.json).
const slowTrip = 1_400; // ms; this or more is slow
const fastTrip = 1_000; // ms; below it a slow link may be fast again
const radioTrip = 300; // ms that no 2G radio answers within
const staleTrip = 200; // ms, and
const staleRate = 500; // kbit/s that a link which is called 2G cannot have: then the word is stale
const slowRate = 70; // kbit/s; below it is slow
const fastRate = 100; // kbit/s; from here on a slow link may be fast again
const memory = 8_000; // ms of transfer that the rate is taken from: the last of it
const keptTrips = 3; // round trips whose median counts

// How often a link is measured, ms.
const soon = 1_000; // where nothing is known yet
const probeFirst = 5_000; // on a slow link for which files wait
const probeMost = 15_000; // what that grows to, after minutes
const trainMost = 60_000; // between measurements of the rate: one costs a second of a 2G link
const tripEvery = 30_000; // else; it also finds out whether a connection that says nothing is alive

interface Network {
  readonly effectiveType?: string;
  readonly type?: string;
  readonly saveData?: boolean;
  addEventListener?(type: 'change', listener: () => void): void;
}

interface Sample {
  readonly bytes: number;
  readonly ms: number;
}

/** What is to be measured next: a round trip, or the rate by what takes longer the more bytes it has. */
export type Probe = 'trip' | 'rate';

const kbpsOf = (samples: readonly Sample[]): number => samples.reduce((n, s) => n + s.bytes * 8, 0) / samples.reduce((n, s) => n + s.ms, 0);

/**
 * How good the way to the server is: slow until it is known to be better, by what is measured; one sample never changes the class. Of a new connection, and of another network, nothing
 * measured before is kept. A browser knows no radio: effectiveType is what it has measured itself, so "2g" is believed until better is measured, and nothing else.
 */
export class LinkMeter {
  readonly link = new Value<Link>({ class: 'none', connected: false, known: false, metered: false });
  readonly #now: () => number;
  readonly #network: Network | undefined;
  #word: string;
  #connected = false;
  #retryAt: number | undefined;
  #class: 'slow' | 'fast' | undefined;
  #trips: number[] = [];
  #samples: Sample[] = [];
  #shortest = Infinity; // round trip of this connection
  #kbps: number | undefined; // that the link was last found to carry, also from before the class changed
  #sampledAt = -Infinity;
  // What is to be measured when:
  #askedAt: number | undefined;
  #trainedAt: number | undefined;
  #asked = 0; // round trips on the slow link
  #trains = 0; // of the rate there that showed nothing good
  #confirm = false; // the last one says that the class changes, and one is not enough
  #tripThen = 0; // the last round trip before the rate was last measured

  constructor(now: () => number = () => performance.now(), network: Network | undefined = (globalThis.navigator as { connection?: Network } | undefined)?.connection) {
    this.#now = now;
    this.#network = network;
    this.#word = wordOf(network);
    this.#network?.addEventListener?.('change', () => {
      const word = wordOf(this.#network);
      if (word !== this.#word) {
        this.#word = word;
        this.#forget();
      }
      this.#publish();
    });
    this.#forget();
  }

  connection(connected: boolean, retryAt?: number): void {
    if (connected) this.#forget(); // the network may be another one than before
    this.#connected = connected;
    this.#retryAt = retryAt;
    this.#publish();
  }

  /** busy: something else of ours was on the link meanwhile; then it can only speak for the link. */
  roundTrip(ms: number, busy = false): void {
    if (busy && ms >= fastTrip) return;
    this.#shortest = Math.min(this.#shortest, ms);
    this.#trips = [...this.#trips, ms].slice(-keptTrips);
    this.#decide();
  }

  /** bytes that went either way within ms. */
  moved(bytes: number, ms: number): void {
    this.#samples.push({ bytes, ms: Math.max(1, ms) });
    this.#sampledAt = this.#now();
    for (let i = this.#samples.length - 1, all = 0; i >= 0; i--) {
      all += this.#samples[i]!.ms;
      if (all > memory && i > 0 && this.#samples.length - i >= 2) {
        this.#samples = this.#samples.slice(i);
        break;
      }
    }
    this.#decide();
  }

  /** The time that a request of so many bytes took, one round trip included: the rate, measured. False: it says nothing, as something else of ours was on the link. */
  train(bytes: number, ms: number, busy = false): boolean {
    const sample = { bytes, ms: Math.max(1, ms - (Number.isFinite(this.#shortest) ? this.#shortest : 0)) };
    if (busy && kbpsOf([sample]) < fastRate) return false;
    const poor = this.#class === 'fast' && kbpsOf([sample]) < slowRate;
    if (poor && kbpsOf(this.#samples) >= slowRate) this.#samples = []; // what crossed before says nothing of the link now
    this.moved(sample.bytes, sample.ms);
    const good = this.#class === 'slow' && kbpsOf([sample]) >= this.#enough;
    const other = this.#samples.at(-2);
    this.#confirm = good ? !other || kbpsOf([other]) < this.#enough : poor && this.#class === 'fast' && !other;
    if (this.#class === 'slow' && !this.#confirm) this.#trains++;
    return true;
  }

  /** Whether the rate was measured within the last `ms`, and nothing is left to confirm. */
  measured(ms: number): boolean {
    return !this.#confirm && this.#now() - this.#sampledAt < ms;
  }

  /** What is to be measured next, and when (by performance.now): a time that may have passed; undefined: nothing, without a connection. waiting: files wait for a better link. It is asked again after each answer and each change. */
  next(waiting: boolean): { readonly what: Probe; readonly at: number } | undefined {
    const now = this.#now();
    const after = (ms: number) => (this.#askedAt === undefined ? now : this.#askedAt + ms);
    const last = this.#trips.at(-1);
    if (!this.#connected) return undefined;
    if (last === undefined) return { what: 'trip', at: after(soon) };
    if (this.#confirm) return { what: 'rate', at: now };
    if (this.#class === undefined && this.#trip! < slowTrip) return { what: 'rate', at: this.#trainedAt === undefined ? now : this.#trainedAt + probeFirst }; // it said nothing: the link was busy
    if (this.#class === undefined) return { what: 'trip', at: after(soon) };
    if (this.#class === 'fast' && (this.#trips.length < keptTrips || last >= fastTrip)) return { what: 'trip', at: after(probeFirst) }; // one sample says nothing yet
    if (this.#class === 'fast' || !waiting) return { what: 'trip', at: after(tripEvery) };
    const trip = after(Math.min(probeFirst * 2 ** Math.min(Math.floor(this.#asked / 60), 8), probeMost));
    const trained = this.#trainedAt ?? -Infinity;
    let train = trained + trainMost;
    if (this.#word === '2g' && last >= staleTrip) train = Infinity; // as its name says
    else if (last <= this.#tripThen / 2) train = now; // not the link any more that was measured
    else if (last < radioTrip) train = trained + Math.min(probeFirst * 2 ** Math.min(this.#trains, 8), trainMost);
    return this.#asked > 0 && train <= trip ? { what: 'rate', at: Math.max(train, 0) } : { what: 'trip', at: trip };
  }

  /** A measurement is being made. */
  asked(what: Probe): void {
    this.#askedAt = this.#now();
    if (what === 'trip') this.#asked++;
    else {
      this.#trainedAt = this.#askedAt;
      this.#confirm = false;
      this.#tripThen = this.#trips.at(-1) ?? 0;
    }
  }

  #forget(): void {
    this.#trips = [];
    this.#samples = [];
    this.#shortest = Infinity;
    this.#kbps = undefined;
    this.#sampledAt = -Infinity;
    this.#askedAt = this.#trainedAt = undefined;
    this.#asked = this.#trains = this.#tripThen = 0;
    this.#confirm = false;
    this.#class = this.#word === '2g' ? 'slow' : undefined;
  }

  get #trip(): number | undefined {
    return [...this.#trips].sort((a, b) => a - b)[(this.#trips.length - 1) >> 1];
  }

  /** kbit/s at which a slow link is fast again. */
  get #enough(): number {
    return this.#word === '2g' ? staleRate : fastRate;
  }

  #decide(): void {
    const trip = this.#trip;
    const n = this.#samples.length;
    const all = n > 0 ? kbpsOf(this.#samples) : 0;
    const [best, worst] = [Math.max, Math.min].map((of) => of(...this.#samples.slice(-2).map((s) => kbpsOf([s])))) as [number, number];
    if (n > 0) this.#kbps = all;
    const before = this.#class;
    if ((this.#trips.length >= 2 && trip! >= slowTrip) || (n >= 2 && all < slowRate && best < slowRate)) this.#class = 'slow';
    else if (before === 'slow') {
      if (n >= 2 && worst >= this.#enough && trip !== undefined && trip < (this.#word === '2g' ? staleTrip : fastTrip)) this.#class = 'fast';
    } else if (before === undefined && trip !== undefined) {
      if (trip < radioTrip) this.#class = 'fast';
      else if (n > 0 && trip < slowTrip) this.#class = all < fastRate ? 'slow' : 'fast';
    }
    if (this.#class !== before && !(before === undefined && this.#class === 'fast')) {
      // What made it slow says nothing of when it is better, and the other way round.
      if (this.#class === 'slow') {
        this.#samples = [];
        this.#trainedAt = undefined;
        this.#asked = this.#trains = this.#tripThen = 0;
        this.#confirm = false;
      }
      this.#trips = this.#trips.slice(-1);
    }
    this.#publish();
  }

  #publish(): void {
    const trip = this.#trip;
    const cls: LinkClass = !this.#connected ? 'none' : (this.#class ?? 'slow');
    const link: Link = {
      class: cls, connected: this.#connected, known: this.#class !== undefined, metered: this.#network?.saveData === true,
      ...(trip !== undefined ? { roundTripMs: Math.round(trip) } : {}),
      ...(this.#kbps !== undefined ? { kbps: Math.round(this.#kbps) } : {}),
      ...(this.#retryAt !== undefined && !this.#connected ? { retryAt: this.#retryAt } : {}),
    };
    if (JSON.stringify(link) !== JSON.stringify(this.link.get())) this.link.set(link);
  }
}

/** "2g" as the browser estimates it; else the kind of network, whose change says that it is another one. */
function wordOf(network: Network | undefined): string {
  return /2g$/.test(network?.effectiveType ?? '') ? '2g' : (network?.type ?? '');
}
