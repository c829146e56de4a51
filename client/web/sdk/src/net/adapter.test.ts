import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { cbor, type PeerId } from '@automerge/automerge-repo/slim';
import { A } from '../automerge.ts';
import { bytesToId } from '../replica/documentid.ts';
import { ServerAdapter, type AdapterEvents } from './adapter.ts';

/** A socket that does what the test says. */
class Socket {
  static made: Socket[] = [];
  readyState = 0;
  bufferedAmount = 0;
  sent: string[] = [];
  binaryType = '';
  onopen: (() => void) | null = null;
  onclose: ((e: { code: number; reason: string }) => void) | null = null;
  onmessage: ((e: { data: ArrayBuffer }) => void) | null = null;
  onerror = null;
  constructor() {
    Socket.made.push(this);
  }
  send(bytes: Uint8Array): void {
    this.sent.push((cbor.decode(bytes) as { type: string }).type);
  }
  close(): void {
    this.readyState = 3;
    this.sent.push('closed');
  }
}

beforeEach(() => {
  Socket.made = [];
  vi.useFakeTimers();
});
afterEach(() => vi.useRealTimers());

function dialing() {
  let retryAt: number | undefined;
  const events = { disconnected: (at: number | undefined) => (retryAt = at) } as unknown as AdapterEvents;
  const adapter = new ServerAdapter({ url: () => 'ws://here/sync', events, compares: true, webSocket: Socket as unknown as typeof WebSocket });
  adapter.connect('me' as PeerId);
  adapter.start();
  return { adapter, retryAt: () => (retryAt ?? 0) - Date.now() };
}

/** An adapter that has joined a server which compares not. types: of the frames that it sent since. */
function joined() {
  const nothing = () => undefined;
  const events: AdapterEvents = {
    inventory: () => [], compared: nothing, incomparable: nothing, refused: nothing, heard: nothing, unavailable: nothing, connected: nothing, disconnected: nothing, urgent: () => false, drained: nothing,
  };
  const adapter = new ServerAdapter({ url: () => 'ws://here/sync', events, compares: false, webSocket: Socket as unknown as typeof WebSocket });
  adapter.connect('me' as PeerId);
  adapter.start();
  const join = (socket: Socket) => {
    socket.readyState = 1;
    socket.onopen!();
    const hear = (frame: object) => socket.onmessage!({ data: Uint8Array.from(cbor.encode(frame)).buffer });
    hear({ type: 'peer', senderId: 'server', targetId: 'me', peerMetadata: {}, selectedProtocolVersion: '1' });
    const types = () => socket.sent.splice(0);
    expect(types()).toEqual(['join']);
    return { socket, hear, types };
  };
  const again = () => {
    Socket.made.at(-1)!.onclose!({ code: 1006, reason: '' });
    vi.advanceTimersByTime(1_000);
    return join(Socket.made.at(-1)!);
  };
  return { adapter, ...join(Socket.made[0]!), again };
}

test('a server that names a time by its close is asked again then, not before by timer, status, push or network, but when a person asks', () => {
  const { adapter, retryAt } = dialing();
  Socket.made[0]!.onclose!({ code: 1013, reason: 'retry-after: 40' });
  const pause = retryAt();
  expect(pause).toBeGreaterThanOrEqual(40_000);
  expect(pause).toBeLessThanOrEqual(50_000);
  adapter.due();
  adapter.hurry(false);
  vi.advanceTimersByTime(pause - 1);
  adapter.hurry(false);
  expect(Socket.made).toHaveLength(1);
  vi.advanceTimersByTime(1);
  expect(Socket.made).toHaveLength(2);
  Socket.made[1]!.onclose!({ code: 1013, reason: 'retry-after: 40' });
  adapter.hurry(true);
  expect(Socket.made).toHaveLength(3);
  Socket.made[2]!.onclose!({ code: 1006, reason: '' }); // he failed: the server's word still holds
  adapter.hurry(false);
  expect(Socket.made).toHaveLength(3);
  expect(retryAt()).toBeGreaterThanOrEqual(40_000);
  adapter.stop();
});

test('a server that cannot be reached is asked again within eight seconds, and when the time has come', () => {
  const { adapter, retryAt } = dialing();
  for (let i = 0; i < 50; i++) {
    Socket.made.at(-1)!.onclose!({ code: 1006, reason: '' });
    expect(retryAt()).toBeLessThanOrEqual(8_000);
    vi.advanceTimersByTime(8_000);
    expect(Socket.made).toHaveLength(i + 2);
  }
  Socket.made.at(-1)!.onclose!({ code: 1006, reason: '' });
  adapter.due();
  expect(Socket.made).toHaveLength(52);
  adapter.stop();
});

test('presence is left out while something waits, text is not, and what waits at an orderly end is sent before it', () => {
  const { adapter, socket, types } = joined();
  const data = A.generateSyncMessage(A.init(), A.initSyncState())[1]!;
  const say = (type: 'sync' | 'ephemeral') => adapter.send({ type, senderId: 'me', targetId: 'server', documentId: 'd', data, count: 1, sessionId: 's' } as never);
  say('ephemeral');
  expect(types()).toEqual(['ephemeral']);
  socket.bufferedAmount = 1 << 20;
  say('ephemeral');
  say('sync');
  say('ephemeral');
  expect(types()).toEqual([]);
  adapter.stop();
  expect(types()).toEqual(['sync', 'closed']);
});

test('of what waits nothing is sent on the connection that follows, and a connection for which too much waits is ended', () => {
  const { adapter, socket, types } = joined();
  socket.bufferedAmount = 1 << 20;
  const data = new Uint8Array(20 << 20);
  const say = () => adapter.send({ type: 'doc-unavailable', senderId: 'me', targetId: 'server', documentId: 'd', data } as never);
  for (let i = 0; i < 3; i++) say();
  expect(types()).toEqual([]);
  say();
  expect(types()).toEqual(['closed']);
  vi.advanceTimersByTime(1_000);
  expect(Socket.made).toHaveLength(2);
  expect(Socket.made[1]!.sent).toEqual([]);
  adapter.stop();
});

test('what a document sends is answered by what the server says about it, unless that is about presence', () => {
  const { adapter, types, hear, again } = joined();
  const doc = A.from({ text: Array.from({ length: 8_000 }, (_, i) => (i * 7919).toString(36)).join('') }); // large however it is packed
  const theirs = A.generateSyncMessage(A.init(), A.initSyncState())[1]!;
  const state = A.receiveSyncMessage(doc, A.initSyncState(), theirs)[1];
  const data = A.generateSyncMessage(doc, state)[1]!;
  expect(data.length).toBeGreaterThan(16 << 10);
  const id = (letter: string) => bytesToId(new Uint8Array(16).fill(letter.charCodeAt(0)));
  const say = (letter: string, what = data) => adapter.send({ type: 'sync', senderId: 'me', targetId: 'server', documentId: id(letter), data: what } as never);
  ['a', 'b', 'c', 'c'].forEach((letter) => say(letter));
  expect(types()).toHaveLength(1);
  hear({ type: 'ephemeral', senderId: 'server', targetId: 'me', documentId: id('a'), count: 1, sessionId: 's', data: new Uint8Array(1) });
  expect(types()).toHaveLength(0);
  vi.advanceTimersByTime(2_000); // a line that is neither quick nor late: what may be on its way stays the same
  hear({ type: 'fieldsync-refused', documentId: id('a'), code: 'x' });
  expect(types()).toHaveLength(1);
  vi.advanceTimersByTime(2_000);
  hear({ type: 'sync', senderId: 'server', targetId: 'me', documentId: id('b'), data: theirs });
  expect(types()).toHaveLength(1);
  vi.advanceTimersByTime(2_000);
  hear({ type: 'doc-unavailable', senderId: 'server', targetId: 'me', documentId: id('c') });
  expect(types()).toHaveLength(1);
  say('d'); // behind the second one of c, which is not the first, and brings changes
  expect(types()).toHaveLength(0);

  const next = again();
  const [ours, asked] = A.generateSyncMessage(doc, A.initSyncState());
  expect(ours.lastSentHeads).toHaveLength(1);
  say('e', asked!); // the first of a document brings nothing, and is answered
  say('a', asked!); // on another connection it is the first again
  expect(next.types()).toHaveLength(2);
  next.hear({ type: 'sync', senderId: 'server', targetId: 'me', documentId: id('e'), data: theirs });
  say('f');
  expect(next.types()).toHaveLength(0);
  vi.advanceTimersByTime(2_000);
  next.hear({ type: 'sync', senderId: 'server', targetId: 'me', documentId: id('a'), data: theirs });
  expect(next.types()).toHaveLength(1);
  vi.advanceTimersByTime(2_000);
  next.hear({ type: 'sync', senderId: 'server', targetId: 'me', documentId: id('f'), data: theirs });
  say('a', asked!); // that something was received is not answered
  say('g');
  expect(next.types()).toHaveLength(2);
  adapter.stop();
});
