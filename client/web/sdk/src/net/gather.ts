import type { DocumentId, Message } from '@automerge/automerge-repo/slim';
import { A } from '../automerge.ts';

/** A message about a document as it came. */
export type DocMessage = Message & { readonly documentId: DocumentId; readonly data?: Uint8Array };

const atOnce = 3; // messages about a document that are handed on as they come: an exchange is a few of them
const beat = 100; // ms between two after that
const typingBeat = 250; // where somebody types here, and then until a letter is drawn
const typingMost = 500; // ms between two where somebody types here, and no letter comes
const most = 256; // messages about a document that wait: a browser may hold up the timers of a page that nobody sees for a minute
const typingFor = 1_000; // ms that somebody is held to be typing after a letter
const calm = 900; // ms after which it begins anew

interface Waiting {
  handed: number[]; // when the last ones were, ms
  messages: DocMessage[];
  timer: ReturnType<typeof setTimeout> | undefined;
}

/**
 * Hands on what comes about documents. Of a document that several write in, dozens of messages a second come, and with each a page reads, writes and answers: so once more than a
 * few have come, those of a tenth of a second are handed on together, as one message that says the same, and of one sender's presence the last.
 */
export class Gatherer {
  readonly #hand: (message: DocMessage, bytes: number) => void;
  readonly #docs = new Map<DocumentId, Waiting>();
  #typed = 0; // when a letter was last typed here, ms

  /** hand: takes a message, and how many bytes the server has sent for it. */
  constructor(hand: (message: DocMessage, bytes: number) => void) {
    this.#hand = hand;
  }

  /** A letter was typed here: it goes first. Others' come three times a second, each time right after a letter is drawn: the next key is furthest away then. */
  typing(): void {
    this.#typed = Date.now();
    if ([...this.#docs.values()].some(due)) drawn(() => this.#docs.forEach((of, id) => due(of) && this.#handOn(id, of)));
  }

  /** Takes what came: sync messages and presence. Of one document it is handed on in its order. */
  take(message: DocMessage): void {
    const id = message.documentId;
    const of = this.#docs.get(id) ?? { handed: [], messages: [], timer: undefined };
    this.#docs.set(id, of);
    of.messages.push(message);
    if (of.messages.length >= most) return this.#handOn(id, of);
    if (of.messages.length > 1) return;
    const now = Date.now();
    of.handed = of.handed.filter((at) => at > now - calm && at <= now);
    if (of.handed.length < atOnce) this.#handOn(id, of);
    else this.#wait(id, of, Math.max(0, of.handed.at(-1)! + (now - this.#typed < typingFor ? typingMost : beat) - now));
  }

  /** Hands on all that waits, now: something comes that is after it. */
  flush(): void {
    for (const [id, of] of this.#docs) this.#handOn(id, of);
  }

  #wait(id: DocumentId, of: Waiting, ms: number): void {
    clearTimeout(of.timer);
    of.timer = setTimeout(() => (of.messages.length > 0 ? this.#handOn(id, of) : this.#docs.delete(id)), ms);
  }

  #handOn(id: DocumentId, of: Waiting): void {
    const messages = of.messages;
    of.messages = [];
    if (messages.length > 0) of.handed.push(Date.now());
    this.#wait(id, of, calm); // then it is forgotten
    for (const { message, bytes } of together(messages)) this.#hand(message, bytes);
  }
}

const due = (of: Waiting): boolean => of.messages.length > 0 && Date.now() - of.handed.at(-1)! >= typingBeat;

/** Calls back after the next frame. */
function drawn(then: () => void): void {
  if (typeof requestAnimationFrame === 'function') requestAnimationFrame(() => setTimeout(then));
  else setTimeout(then);
}

/** Messages about one document as fewer that say the same. */
export function together(messages: readonly DocMessage[]): { readonly message: DocMessage; readonly bytes: number }[] {
  const out: { message: DocMessage; bytes: number }[] = [];
  const presence = messages.filter((m) => m.type === 'ephemeral');
  for (const message of messages) {
    if (message.type === 'ephemeral') {
      if (presence.findLast((m) => m.senderId === message.senderId) === message) out.push({ message, bytes: message.data?.length ?? 0 });
      continue;
    }
    const before = out.findLast((o) => o.message.type !== 'ephemeral');
    const both = before && joined(before.message, message);
    if (both) [before.message, before.bytes] = [both, before.bytes + (message.data?.length ?? 0)];
    else out.push({ message, bytes: message.data?.length ?? 0 });
  }
  return out;
}

/**
 * Two sync messages of one peer as one: the changes of both; what is held, needed and at which heads, as the later one says. Undefined: they are of different kinds, or
 * cannot be read, which is for whoever gets them to say.
 */
function joined(a: DocMessage, b: DocMessage): DocMessage | undefined {
  if (a.type !== 'sync' || b.type !== 'sync' || a.senderId !== b.senderId || !a.data || !b.data) return undefined;
  let first: Kind, then: Kind;
  try {
    [first, then] = [A.decodeSyncMessage(a.data), A.decodeSyncMessage(b.data)];
  } catch {
    return undefined;
  }
  if (first.type !== then.type) return undefined;
  return { ...b, data: A.encodeSyncMessage({ ...then, changes: [...first.changes, ...then.changes] }) } as DocMessage;
}

type Kind = ReturnType<typeof A.decodeSyncMessage> & { readonly type?: string }; // which version of the protocol, that its types leave out
