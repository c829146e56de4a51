import { cbor, NetworkAdapter, type Message, type PeerId, type PeerMetadata } from '@automerge/automerge-repo/slim';
import { A } from '../automerge.ts';
import { adviceOf, Backoff } from './backoff.ts';
import { Comparison, type CatchUpFrame, type Compared, type Item } from './catchup.ts';
import { readFrame, type Heard, type Refusal } from './frames.ts';
import { Gatherer, type DocMessage } from './gather.ts';
import { Outgoing, type Frame } from './outgoing.ts';

/** What the adapter tells its owner. */
export interface AdapterEvents {
  /** The documents that are held here. */
  inventory(): readonly Item[];
  compared(result: Compared): void;
  /** The server compares not: each document is to be talked about. */
  incomparable(): void;
  refused(refusal: Refusal): void;
  /** A sync message came, whose heads are durable there. bytes: of the message. */
  heard(documentId: string, heads: readonly string[], bytes: number): void;
  unavailable(documentId: string): void;
  connected(server: PeerId, storageId: string | undefined): void;
  disconnected(retryAt: number | undefined, why: { readonly code: number; readonly advice: string }): void;
  /** Whether a document has a status that the server has not: what is said about it goes first. */
  urgent(documentId: string): boolean;
  /** The adapter is not full any more. */
  drained(): void;
}

export interface AdapterOptions {
  /** ws(s)://…/sync, made anew for each attempt: it may hold a token. */
  readonly url: () => string;
  readonly events: AdapterEvents;
  /** Compare what both ends hold after each join; false: only talk about what is opened. */
  readonly compares: boolean;
  readonly webSocket?: typeof WebSocket;
}

const joinPatience = 20_000; // ms until an open socket must have answered the join, 2G included
const openPatience = 30_000; // ms until a socket must be open
const mostAnswers = 64; // of one comparison: ranges that are split in sixteen, of 16 bytes, come to an end within 32
const readyPatience = 1_500; // ms that a document that is not here waits for a connection before it is unavailable

/** automerge-repo's WebSocket protocol with our extension. It connects only between start and stop. */
export class ServerAdapter extends NetworkAdapter {
  readonly #o: AdapterOptions;
  readonly #backoff = new Backoff();
  readonly #gatherer = new Gatherer((message, bytes) => this.#message(message, bytes));
  #socket: WebSocket | undefined;
  #outgoing: Outgoing | undefined; // since the socket is open
  readonly #spoken = new Set<string>(); // documents that were spoken about on this connection
  #server: PeerId | undefined;
  #comparison: Comparison | undefined;
  #compared = 0;
  #answers = 0; // of the comparison
  #running = false;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #patience: ReturnType<typeof setTimeout> | undefined;
  #ready = false;
  #markReady = () => {};
  readonly #whenReady = new Promise<void>((resolve) => (this.#markReady = resolve));

  constructor(o: AdapterOptions) {
    super();
    this.#o = o;
  }

  isReady(): boolean {
    return this.#ready;
  }

  whenReady(): Promise<void> {
    return this.#whenReady;
  }

  connect(peerId: PeerId, peerMetadata?: PeerMetadata): void {
    this.peerId = peerId;
    if (peerMetadata) this.peerMetadata = peerMetadata;
    setTimeout(() => this.#setReady(), readyPatience);
    if (this.#running) this.#dial();
  }

  /** The peer that the server is; undefined: not connected. */
  get server(): PeerId | undefined {
    return this.#server;
  }

  /** A letter was typed here. */
  typing(): void {
    this.#gatherer.typing();
  }

  /** Connects, and again whenever the connection breaks. */
  start(): void {
    if (this.#running) return;
    this.#running = true;
    if (this.peerId) this.#dial();
  }

  /** Ends the connection. */
  stop(): void {
    this.#running = false;
    clearTimeout(this.#retry);
    this.#close(1000);
  }

  disconnect(): void {
    this.stop();
  }

  /** Tries now rather than later: the network is back, a status was set, a push came; where the server wants to see us later, only for a person who asks. */
  hurry(person: boolean): void {
    if (!this.#running || this.#socket) return;
    this.#backoff.reset();
    if (this.waits(person)) return;
    clearTimeout(this.#retry);
    this.#dial();
  }

  /** Whether hurry would leave it at the time that the server has named. */
  waits(person: boolean): boolean {
    return !person && !this.#socket && this.#backoff.turn(Date.now()) > 0;
  }

  /** Tries now, as the time for it has come, unless the server wants to see us later. */
  due(): void {
    if (this.#running && !this.#socket && !this.waits(false)) this.#dial();
  }

  /** The connection is dead, though nobody said so. */
  drop(): void {
    this.#ended(1006);
  }

  /** Compares what both hold once more. False: the connection may not (each has eight), or there is none. */
  compare(): boolean {
    if (!this.#server || !this.#o.compares || this.#comparison || this.#compared >= 8) return false;
    this.#beginComparison();
    return true;
  }

  /** So much waits to be sent that who begins conversations is to wait until it has drained. */
  get full(): boolean {
    return this.#outgoing?.full ?? false;
  }

  /** Something is on its way to the server. */
  get busy(): boolean {
    return this.#outgoing?.busy ?? false;
  }

  /** Has other documents wait until each of these, which are urgent, has sent its changes; for a little while at most. */
  await(documents: Iterable<string>): void {
    this.#outgoing?.await(documents);
  }

  send(message: Message): void {
    if (this.#socket?.readyState !== 1 || !this.#server) return; // it is offered again with the next connection
    if (message.type === 'ephemeral' && this.#outgoing?.slow) return;
    const doc = message.documentId;
    if (!doc) return this.#write(message);
    const { need, changes } = message.type === 'sync' && message.data ? A.decodeSyncMessage(message.data) : { need: [], changes: [] };
    const first = message.type === 'request' || (message.type === 'sync' && !this.#spoken.has(doc));
    this.#spoken.add(doc);
    // That something was received is not answered.
    this.#write(message, { doc, changes: changes.length > 0, asks: first || changes.length + need.length > 0 });
  }

  #write(frame: object, about: Omit<Frame, 'bytes'> = {}): void {
    if (this.#outgoing?.queue({ ...about, bytes: Uint8Array.from(cbor.encode(frame)) }) === false) this.drop();
  }

  #setReady(): void {
    if (this.#ready) return;
    this.#ready = true;
    this.#markReady();
  }

  #dial(): void {
    clearTimeout(this.#retry);
    if (this.#socket) return;
    let socket: WebSocket;
    try {
      socket = new (this.#o.webSocket ?? WebSocket)(this.#o.url());
    } catch {
      this.#ended(1006);
      return;
    }
    this.#socket = socket;
    socket.binaryType = 'arraybuffer';
    this.#patience = setTimeout(() => this.#ended(1006, socket), openPatience);
    socket.onopen = () => {
      this.#outgoing = new Outgoing(socket, (id) => this.#o.events.urgent(id), () => this.#o.events.drained());
      clearTimeout(this.#patience);
      this.#patience = setTimeout(() => this.#ended(1006, socket), joinPatience);
      this.#write({ type: 'join', senderId: this.peerId, peerMetadata: { ...this.peerMetadata, fieldsync: 1 }, supportedProtocolVersions: ['1'] });
      if (this.#o.compares) this.#beginComparison(); // with the join: the server is ours, and a reconnect is one round trip
    };
    socket.onmessage = (e: MessageEvent) => {
      if (this.#socket === socket && e.data instanceof ArrayBuffer) this.#receive(new Uint8Array(e.data));
    };
    socket.onclose = (e: CloseEvent) => this.#ended(e.code, socket, e.reason);
    socket.onerror = () => undefined; // a close follows
  }

  #close(code: number): void {
    const socket = this.#socket;
    if (!socket) return;
    this.#outgoing?.flush();
    this.#forget();
    socket.onclose = socket.onmessage = null;
    if (socket.readyState < 2) socket.close(code === 1006 ? undefined : code);
    this.#o.events.disconnected(undefined, { code, advice: 'stop' });
  }

  #forget(): void {
    this.#gatherer.flush();
    clearTimeout(this.#patience);
    this.#socket = undefined;
    this.#outgoing?.end();
    this.#outgoing = undefined;
    this.#spoken.clear();
    this.#comparison = undefined;
    this.#compared = 0;
    const server = this.#server;
    this.#server = undefined;
    if (server) this.emit('peer-disconnected', { peerId: server });
  }

  #ended(code: number, socket = this.#socket, reason = ''): void {
    if (this.#socket && socket !== this.#socket) return;
    if (socket) {
      socket.onclose = socket.onmessage = socket.onopen = null;
      if (socket.readyState < 2) socket.close();
    }
    this.#forget();
    this.#setReady();
    const advice = adviceOf(code);
    if (!this.#running || advice === 'stop' || advice === 'sign-in') {
      this.#running = false;
      this.#o.events.disconnected(undefined, { code, advice });
      return;
    }
    const pause = this.#backoff.ended(Date.now(), code, reason);
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.#dial(), pause);
    this.#o.events.disconnected(Date.now() + pause, { code, advice });
  }

  #receive(bytes: Uint8Array): void {
    let heard: Heard;
    try {
      heard = readFrame(bytes);
    } catch {
      this.drop(); // it is no server of ours that says this, or a broken one: all is offered again with the next connection
      return;
    }
    if (heard.type === 'document') {
      if (heard.message.type !== 'ephemeral') this.#outgoing?.answered(heard.message.documentId);
      if (heard.message.type !== 'doc-unavailable') return this.#gatherer.take(heard.message);
    }
    this.#gatherer.flush(); // what comes now is after it
    switch (heard.type) {
      case 'peer':
        if (!this.#server) this.#joined(heard.senderId, heard.metadata);
        break;
      case 'error':
        this.drop();
        break;
      case 'catch-up':
        this.#catchUp(heard.frame);
        break;
      case 'refused':
        this.#outgoing?.answered(heard.refusal.documentId);
        this.#o.events.refused(heard.refusal);
        break;
      case 'document':
        this.#message(heard.message, 0);
    }
  }

  /** bytes: that the server has sent for it. */
  #message(message: DocMessage, bytes: number): void {
    if (!this.#server) return; // what comes before the join is answered, or after what ended the connection
    let heads: readonly string[] | undefined;
    try {
      if (message.type === 'ephemeral') cbor.decode(message.data!); // another person's, who may have put in anything
      else if (message.data) ({ heads } = A.decodeSyncMessage(message.data));
    } catch {
      if (message.type !== 'ephemeral') this.drop(); // something of the conversation is lost
      return;
    }
    this.emit('message', message);
    if (message.type === 'doc-unavailable') this.#o.events.unavailable(message.documentId);
    else if (heads) this.#o.events.heard(message.documentId, heads, bytes);
  }

  #joined(server: PeerId, metadata: PeerMetadata & { readonly fieldsync?: number }): void {
    clearTimeout(this.#patience);
    this.#server = server;
    this.#backoff.connected(Date.now());
    this.#o.events.connected(this.#server, metadata.storageId);
    this.emit('peer-candidate', { peerId: this.#server, peerMetadata: metadata });
    this.#setReady();
    if ((metadata.fieldsync ?? 0) >= 1 && this.#o.compares) return; // the comparison goes on
    this.#comparison = undefined;
    this.#o.events.incomparable();
  }

  #beginComparison(): void {
    this.#compared++;
    this.#answers = 0;
    this.#comparison = new Comparison(this.#o.events.inventory());
    this.#writeCatchUp(this.#comparison.first());
  }

  #writeCatchUp(frame: CatchUpFrame): void {
    this.#write({ type: 'fieldsync-catch-up', senderId: this.peerId, targetId: this.#server ?? '', ...frame });
  }

  #catchUp(frame: CatchUpFrame): void {
    if (!this.#comparison || !this.#server) return;
    if (++this.#answers > mostAnswers) return this.drop(); // it would go on for ever
    const next = this.#comparison.next(frame);
    if (!('equal' in next)) {
      this.#writeCatchUp(next);
      return;
    }
    this.#comparison = undefined;
    this.#o.events.compared(next);
  }
}
