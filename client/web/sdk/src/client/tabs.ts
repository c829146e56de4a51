/** What tabs tell one another. Only one of them syncs. */
export type TabMessage =
  | { readonly tell: 'record'; readonly id: string }
  | { readonly tell: 'outbox' }
  | { readonly tell: 'work' }
  | { readonly tell: 'blob'; readonly sha256: string }
  | { readonly tell: 'replaced'; readonly id: string }
  | { readonly tell: 'state'; readonly state: unknown }
  | { readonly tell: 'who-leads' }
  | { readonly ask: 'sync'; readonly person: boolean }
  | { readonly ask: 'pump' }
  | { readonly tell: 'signed-out' };

/** The tabs of one person in one browser: a channel between them, and a lock that one of them holds. */
export class Tabs {
  readonly #channel: BroadcastChannel | undefined;
  #release: (() => void) | undefined;
  #closed = false;

  constructor(name: string, hear: (message: TabMessage) => void, lead: () => void) {
    if (typeof BroadcastChannel !== 'undefined') {
      this.#channel = new BroadcastChannel(`${name}:tabs`);
      this.#channel.onmessage = (e: MessageEvent<TabMessage>) => hear(e.data);
      (this.#channel as { unref?: () => void }).unref?.(); // in Node it would keep the process
    }
    const locks = (globalThis.navigator as Navigator | undefined)?.locks as LockManager | undefined;
    if (!locks) {
      queueMicrotask(lead); // not served securely: no locks, so each tab syncs by itself
      return;
    }
    void locks.request(`${name}:sync`, () => {
      if (this.#closed) return undefined;
      lead();
      return new Promise<void>((resolve) => (this.#release = resolve));
    });
  }

  tell(message: TabMessage): void {
    if (!this.#closed) this.#channel?.postMessage(message);
  }

  close(): void {
    this.#closed = true;
    this.#channel?.close();
    this.#release?.();
  }
}
