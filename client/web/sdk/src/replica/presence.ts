import type { Presence, Present } from '../api.ts';
import type { Identity } from '../types.ts';
import { Value } from '../watched.ts';
import type { Handle } from './replica.ts';

const beat = 10_000; // ms between signs of life
const most = 64; // people that are shown
const mostName = 100; // characters of a name, and of an id
const gone = 25_000; // ms without one, and somebody is not there any more

interface Sign {
  readonly fieldsync: 'here' | 'gone';
  readonly user: string;
  readonly name: string;
  readonly field?: string;
  readonly anchor?: string;
  readonly head?: string;
}

/** Who has a job open: told by messages that are not kept. Names are what others say of themselves. */
export class JobPresence implements Presence {
  readonly others = new Value<readonly Present[]>([]);
  readonly #who: Identity;
  #handle: Handle | undefined;
  #mine: Omit<Sign, 'fieldsync'> | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(who: Identity) {
    this.#who = who;
  }

  attach(handle: Handle): void {
    if (this.#handle === handle) return;
    this.#handle?.off('ephemeral-message', this.#heard);
    this.#handle = handle;
    handle.on('ephemeral-message', this.#heard);
    this.#say();
  }

  announce(at?: { readonly field: string; readonly anchor?: string; readonly head?: string }): void {
    const before = this.#mine;
    this.#mine = { user: this.#who.user, name: this.#who.name, ...at };
    if (before && before.field === at?.field && before.anchor === at?.anchor && before.head === at?.head) return; // who types stays before the same letter
    this.#timer ??= setInterval(() => {
      this.#say();
      this.#age();
    }, beat);
    this.#say();
  }

  leave(): void {
    if (this.#mine && this.#handle?.isReady()) this.#handle.broadcast({ fieldsync: 'gone', user: this.#who.user, name: this.#who.name } satisfies Sign);
    this.#mine = undefined;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  close(): void {
    this.leave();
    this.#handle?.off('ephemeral-message', this.#heard);
  }

  #say(): void {
    if (this.#mine && this.#handle?.isReady()) this.#handle.broadcast({ fieldsync: 'here', ...this.#mine } satisfies Sign);
  }

  readonly #heard = ({ senderId, message }: { senderId: string; message: unknown }): void => {
    const sign = message as Partial<Sign> | null;
    if (typeof sign !== 'object' || sign === null || typeof sign.user !== 'string' || sign.user.length > mostName || typeof sign.name !== 'string') return;
    const known = this.others.get().some((p) => p.id === senderId);
    const rest = this.others.get().filter((p) => p.id !== senderId);
    if (sign.fieldsync === 'gone') this.others.set(rest);
    else if (sign.fieldsync === 'here' && rest.length < most) {
      const text = (v: unknown) => (typeof v === 'string' && v.length <= 500 ? v : undefined);
      const [field, anchor, head] = [text(sign.field), text(sign.anchor), text(sign.head)];
      const present: Present = { id: senderId, user: sign.user, name: sign.name.slice(0, mostName), seenAt: Date.now(), ...(field ? { field } : {}), ...(anchor ? { anchor } : {}), ...(head ? { head } : {}) };
      this.others.set([...rest, present].sort((a, b) => (a.id < b.id ? -1 : 1)));
      if (!known) this.#say(); // who has just come knows nobody yet
    }
  };

  #age(): void {
    const now = Date.now();
    const left = this.others.get().filter((p) => now - p.seenAt < gone);
    if (left.length < this.others.get().length) this.others.set(left);
  }
}
