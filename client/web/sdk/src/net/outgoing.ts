/** A frame that is to be sent. */
export interface Frame {
  readonly bytes: Uint8Array;
  /** The document that it is about; absent: none, as of a handshake and a comparison. */
  readonly doc?: string;
  /** It brings changes. */
  readonly changes?: boolean;
  /** The server says something about the document when it has it. */
  readonly asks?: boolean;
}

const notSent = 32 << 10; // bytes that may wait in the browser
const windowFirst = 16 << 10; // bytes that may be on their way without a word that they arrived: 2.6 s at 50 kbit/s
const windowLeast = 8 << 10;
const windowMost = 1 << 20;
const quick = 1_000; // ms; who answers within them may get twice as much
const late = 3_000; // ms; who answers after them gets half, so that a status does not wait for much longer on 2G
const unanswered = 10_000; // ms after which an answer is not awaited any more: nothing waits for ever
const awaitAtMost = 2_000; // ms that text waits for a status that is about to be sent: two round trips of 2G
const lookEvery = 50; // ms between looks while something waits: nothing tells when bufferedAmount falls
const fullFrom = 256 << 10; // bytes that wait here; whoever has more to say is to wait
const most = 64 << 20; // bytes that wait here: four of the largest frames

/**
 * What one connection has to send, and in which order it goes: frames of no document, then those of documents with a status that the server has not, then all others; each document's in
 * their order. A frame that was given to the browser cannot be overtaken any more, and browser and system take megabytes at once, minutes of 2G. So little is given: while bufferedAmount is
 * small, and while not much is on its way that the server has not spoken about. How much is much follows from how soon it does.
 */
export class Outgoing {
  readonly #socket: Pick<WebSocket, 'bufferedAmount' | 'send'>;
  readonly #urgent: (doc: string) => boolean;
  readonly #drained: () => void;
  #waiting: Frame[] = [];
  #bytes = 0; // that wait
  #awaited = new Set<string>();
  #awaitUntil = 0;
  #given = 0; // bytes that the socket got in all
  #asking: { readonly doc: string; readonly from: number; readonly at: number }[] = []; // given, and to be answered; from: #given before it
  #window = windowFirst;
  #judged = 0; // #given as the window last changed
  #held = false; // something waited for the window since then
  #full = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** urgent: whether a document has a status that the server has not. drained: full is over. */
  constructor(socket: Pick<WebSocket, 'bufferedAmount' | 'send'>, urgent: (doc: string) => boolean, drained: () => void) {
    this.#socket = socket;
    this.#urgent = urgent;
    this.#drained = drained;
  }

  /** So much waits that who begins conversations is to wait. */
  get full(): boolean {
    return this.#full;
  }

  /** Something waits: the line is slow, and what is only of this moment is not worth sending. */
  get slow(): boolean {
    return this.#waiting.length > 0 || this.#socket.bufferedAmount > notSent;
  }

  /** Something waits, or is on its way and not answered. */
  get busy(): boolean {
    return this.#waiting.length + this.#asking.length > 0;
  }

  /** Sends a frame when it is its turn. False: too much waits, the connection has to end; the next one goes on with what the server lacks. */
  queue(frame: Frame): boolean {
    const { length } = frame.bytes;
    if (this.#bytes > 0 && this.#bytes + length > most) return false;
    this.#waiting.push(frame);
    this.#bytes += length;
    if (frame.doc !== undefined && frame.changes) this.#awaited.delete(frame.doc);
    this.#pump();
    return true;
  }

  /** Has documents that are not urgent wait until each of these, which are, has sent changes: they are about to. */
  await(docs: Iterable<string>): void {
    this.#awaited = new Set(docs);
    this.#awaitUntil = performance.now() + awaitAtMost;
    this.#pump();
  }

  /** The server has spoken about a document: what was sent about it has arrived, and so has all that was sent before. */
  answered(doc: string): void {
    const last = this.#asking.findLastIndex((f) => f.doc === doc);
    if (last < 0) return;
    const first = this.#asking.find((f) => f.doc === doc)!; // the answer may be to this one
    this.#asking.splice(0, last + 1);
    if (first.from >= this.#judged) {
      const took = performance.now() - first.at;
      if (took > late) this.#judge(this.#window / 2);
      else if (took < quick && this.#held) this.#judge(this.#window * 2);
    }
    this.#pump();
  }

  #judge(window: number): void {
    this.#window = Math.min(windowMost, Math.max(windowLeast, window));
    this.#judged = this.#given;
    this.#held = false;
  }

  /** Sends what waits, all of it: the connection is about to be closed in order. */
  flush(): void {
    this.#awaited.clear();
    for (let i = this.#next(); i >= 0; i = this.#next()) this.#give(i);
  }

  /** The connection has ended: what waits is not sent. */
  end(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#waiting = [];
    this.#bytes = 0;
  }

  #pump(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (let i = this.#next(); i >= 0 && this.#mayGive(this.#waiting[i]!); i = this.#next()) this.#give(i);
    const full = this.#bytes > fullFrom;
    const drained = this.#full && !full;
    this.#full = full;
    if (this.#waiting.length > 0) this.#timer = setTimeout(() => this.#pump(), lookEvery);
    if (drained) this.#drained();
  }

  /** The frame that is next; -1: none is to be sent now. */
  #next(): number {
    const control = this.#waiting.findIndex((f) => f.doc === undefined);
    const first = control >= 0 ? control : this.#waiting.findIndex((f) => this.#goesFirst(f));
    if (first >= 0) return first;
    if (performance.now() >= this.#awaitUntil) this.#awaited.clear();
    for (const doc of this.#awaited) if (!this.#urgent(doc)) this.#awaited.delete(doc);
    return this.#waiting.length > 0 && this.#awaited.size === 0 ? 0 : -1;
  }

  #goesFirst(frame: Frame): boolean {
    return frame.doc === undefined || this.#urgent(frame.doc);
  }

  #mayGive(frame: Frame): boolean {
    if (this.#socket.bufferedAmount > notSent) return false;
    const oldest = this.#asking[0];
    if (oldest && performance.now() - oldest.at > unanswered) {
      this.#asking = [];
      this.#judge(this.#window / 2);
    }
    if (this.#asking.length === 0) return true;
    const room = this.#goesFirst(frame) ? 2 * this.#window : this.#window; // behind what is on its way it waits for least
    if (this.#given - this.#asking[0]!.from + frame.bytes.length <= room) return true;
    this.#held = true;
    return false;
  }

  #give(i: number): void {
    const [frame] = this.#waiting.splice(i, 1) as [Frame];
    this.#bytes -= frame.bytes.length;
    if (frame.doc !== undefined && frame.asks) this.#asking.push({ doc: frame.doc, from: this.#given, at: performance.now() });
    this.#given += frame.bytes.length;
    this.#socket.send(frame.bytes as Uint8Array<ArrayBuffer>);
  }
}
