import { data, type RestClient, type Schemas } from '../rest/client.ts';

/** What the office sees of this device. */
export interface DeviceState extends Pick<Schemas['ReportNew'], 'link' | 'unsent'> {
  readonly metered: boolean;
  /** Milliseconds since 1970; absent: never. */
  readonly lastSync?: number;
}

const soon = 2_000; // ms in which further news join in
const pause = 10_000; // ms between two reports: while a file goes up its bytes change all the time
const lately = 60_000; // ms that a sync counts as of now: one that comes after a report without is told
const often = 110_000; // ms after which the same is said once more: a phone syncs every two minutes

/** Says to the server how far this device is, whenever that has changed, and now and then. Nothing is decided by it. */
export class Reports {
  #said = '';
  #at = -Infinity;
  #due: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  constructor(private readonly api: RestClient, private readonly look: () => DeviceState | undefined) {}

  /** Something may have changed. */
  tell(): void {
    if (this.#due !== undefined || this.#closed || !this.#news()) return;
    this.#due = setTimeout(() => void this.#tell(), Math.max(soon, this.#at + pause - performance.now()));
  }

  /** What is to be said, if it is news. */
  #news(): { state: DeviceState; key: string } | undefined {
    const state = this.look();
    if (!state) return undefined;
    const inStep = state.lastSync !== undefined && Date.now() - state.lastSync < lately;
    const key = JSON.stringify([state.link, state.metered, state.unsent, inStep]);
    return key !== this.#said || performance.now() - this.#at > often ? { state, key } : undefined;
  }

  async #tell(): Promise<void> {
    const news = this.#news();
    if (!news) {
      this.#due = undefined;
      return;
    }
    const { link, metered, unsent, lastSync } = news.state;
    this.#at = performance.now();
    try {
      await data(this.api.PUT('/api/v1/me/device/report', {
        body: { link, unsent, ...(metered ? { metered } : {}), ...(lastSync === undefined ? {} : { since_sync: Math.max(0, Math.floor((Date.now() - lastSync) / 1000)) }) },
      }));
      this.#said = news.key;
    } catch {
      // it is said with the next change, or the next sync
    }
    this.#due = undefined;
    if (this.#said === news.key) this.tell(); // what changed meanwhile
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#due);
  }
}
