import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { cbor, type PeerId } from '@automerge/automerge-repo/slim';
import { A } from '../automerge.ts';
import { bytesToId } from '../replica/documentid.ts';
import { random, strange } from '../../test/hostile.ts';
import { ServerAdapter, type AdapterEvents } from './adapter.ts';
import { NoFrame, readFrame } from './frames.ts';

const documentId = bytesToId(new Uint8Array(16).fill(7));
const sync = A.generateSyncMessage(A.from({ a: 1 }), A.initSyncState())[1]!;
const none = new Uint8Array(0);
const digest = new Uint8Array(16);

/** One good frame of each type. */
const frames: readonly Record<string, unknown>[] = [
  { type: 'peer', senderId: 'server', targetId: 'me', selectedProtocolVersion: '1', peerMetadata: { storageId: 's', isEphemeral: false, fieldsync: 1 } },
  { type: 'error', message: 'no', senderId: 'server', targetId: 'me' },
  { type: 'sync', senderId: 'server', targetId: 'me', documentId, data: sync },
  { type: 'request', senderId: 'server', targetId: 'me', documentId, data: sync },
  { type: 'doc-unavailable', senderId: 'server', targetId: 'me', documentId },
  { type: 'ephemeral', senderId: 'other', targetId: 'me', documentId, count: 1, sessionId: 's', data: Uint8Array.from(cbor.encode({ fieldsync: 'here', user: 'dora', name: 'Dora' })) },
  { type: 'fieldsync-catch-up', senderId: 'server', targetId: 'me', r: [[none, none, 1, digest, null]], d: false },
  { type: 'fieldsync-catch-up', senderId: 'server', targetId: 'me', r: [[none, none, 1, digest, new Uint8Array(32)]], i: new Uint8Array(32), y: new Uint8Array(8), d: true },
  { type: 'fieldsync-catch-up', senderId: 'server', targetId: 'me', m: 192 },
  { type: 'fieldsync-refused', senderId: 'server', targetId: 'me', documentId, code: 'not-allowed', change: new Uint8Array(32), detail: 'title: no', retry: false },
  { type: 'of-tomorrow', senderId: 'server' },
];

const wrong: readonly unknown[] = [null, undefined, true, 0, -1, 1.5, 2 ** 40, NaN, '', 'x', 'x'.repeat(5_000), none, new Uint8Array(33), [], [[]], [[none, none, 1]], [[none, none, 'x', digest, 5]], {}, { length: 3 }, new Map([[1, 2]])];

/** What no server sends: a field of another type, or missing; bytes that were turned, cut off, or put behind; huge lengths that are announced. */
function spoiled(next: () => number): Uint8Array {
  const pick = <T>(of: readonly T[]): T => of[Math.floor(next() * of.length)]!;
  const frame = { ...pick(frames) };
  if (next() < 0.7) {
    const key = pick(Object.keys(frame));
    if (next() < 0.2) delete frame[key];
    else frame[key] = pick(wrong);
  }
  let bytes = Uint8Array.from(cbor.encode(frame));
  const how = next();
  if (how < 0.2) bytes = bytes.slice(0, Math.floor(next() * bytes.length));
  else if (how < 0.4) for (let n = 1 + Math.floor(next() * 4); n > 0; n--) bytes[Math.floor(next() * bytes.length)] = Math.floor(next() * 256);
  else if (how < 0.5) bytes = Uint8Array.from([...bytes, ...pick([[0], [0xff], [...bytes]])]);
  else if (how < 0.6) bytes = Uint8Array.from([pick([0x9b, 0xbb, 0x5b, 0x7b, 0xdb]), 0, 0, 0, pick([0, 1, 0x7f]), 0xff, 0xff, 0xff, 0xff, ...bytes]); // 2^32 entries and more
  return bytes;
}

test('whatever comes over the socket is read as one of the frames that are known, or as none', () => {
  for (const frame of frames) expect(() => readFrame(cbor.encode(frame))).not.toThrow();
  let read = 0;
  for (let seed = 1; seed <= 4_000; seed++) {
    let heard;
    try {
      heard = readFrame(spoiled(random(seed)));
    } catch (err) {
      expect(err, `seed ${seed}`).toBeInstanceOf(NoFrame);
      continue;
    }
    read++;
    if (heard.type === 'refused' || heard.type === 'peer') expect(strange(heard), `seed ${seed}`).toEqual([]);
  }
  expect(read).toBeGreaterThan(400);
  expect(read).toBeLessThan(3_600);
});

const odd: readonly [string, Uint8Array][] = [
  ['null', Uint8Array.of(0xf6)], ['a number', Uint8Array.of(1)], ['a text', Uint8Array.from(cbor.encode('<html>'))], ['HTML', new TextEncoder().encode('<!doctype html><title>Sign in</title>')], ['nothing', none],
  ['an array of 2^32', Uint8Array.of(0x9a, 0xff, 0xff, 0xff, 0xff)], ['a string of 2^32', Uint8Array.of(0x7a, 0xff, 0xff, 0xff, 0xff)], ['ten thousand arrays in one another', new Uint8Array(10_000).fill(0x81)],
  ...([['type', 5], ['senderId', 7], ['senderId', ''], ['documentId', '../../x'], ['documentId', 'x'.repeat(10_000)], ['data', 'text'], ['data', none]] as const).map(
    ([key, value]): [string, Uint8Array] => [`a sync message whose ${key} is ${JSON.stringify(value).slice(0, 20)}`, Uint8Array.from(cbor.encode({ ...frames[2], [key]: value }))],
  ),
];
for (const [what, bytes] of odd) test(`${what} is no frame`, () => expect(() => readFrame(bytes)).toThrow(NoFrame));

// ——— what becomes of the connection

let sockets: Socket[] = [];
class Socket {
  readyState = 1;
  bufferedAmount = 0;
  binaryType = '';
  onopen: (() => void) | null = null;
  onclose: ((e: { code: number; reason: string }) => void) | null = null;
  onmessage: ((e: { data: ArrayBuffer }) => void) | null = null;
  readonly sent: { type: string }[] = [];
  constructor() {
    sockets.push(this);
  }
  send(bytes: Uint8Array): void {
    this.sent.push(cbor.decode(bytes));
  }
  close(): void {
    this.readyState = 3;
  }
  hear(bytes: Uint8Array): void {
    this.onmessage?.({ data: Uint8Array.from(bytes).buffer });
  }
}

beforeEach(() => {
  sockets = [];
  vi.useFakeTimers();
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

function connected(compares: boolean) {
  const emitted: string[] = [];
  const nothing = () => undefined;
  const events: AdapterEvents = {
    inventory: () => [{ doc: new Uint8Array(16), digest }], compared: nothing, incomparable: nothing, refused: nothing, heard: (id) => void emitted.push(`heard ${id}`), unavailable: nothing, connected: nothing, disconnected: nothing, urgent: () => false, drained: nothing,
  };
  const adapter = new ServerAdapter({ url: () => 'ws://here/sync', events, compares, webSocket: Socket as unknown as typeof WebSocket });
  adapter.on('message', (m) => emitted.push(m.type));
  adapter.connect('me' as PeerId);
  adapter.start();
  const join = (socket: Socket) => {
    socket.onopen!();
    socket.hear(cbor.encode(frames[0]));
  };
  join(sockets[0]!);
  return { adapter, emitted, join };
}

test('whatever a server says, the connection goes on or is made anew, and nothing throws', () => {
  const { adapter, join } = connected(true);
  for (let seed = 1; seed <= 1_000; seed++) {
    const socket = sockets.at(-1)!;
    socket.hear(spoiled(random(seed)));
    vi.advanceTimersByTime(9_000);
    if (sockets.at(-1) !== socket) join(sockets.at(-1)!);
    expect(adapter.server, `seed ${seed}`).toBe('server');
  }
  expect(sockets.length).toBeGreaterThan(100);
  adapter.stop();
});

test('a sync message that cannot be decoded ends the connection and reaches nobody; presence that cannot is left out', () => {
  const { adapter, emitted } = connected(false);
  sockets[0]!.hear(cbor.encode({ ...frames[5], data: Uint8Array.of(0x9a, 1) }));
  expect([emitted, adapter.server]).toEqual([[], 'server']);
  sockets[0]!.hear(cbor.encode(frames[5]));
  expect(emitted).toEqual(['ephemeral']);
  sockets[0]!.hear(cbor.encode({ ...frames[2], data: new TextEncoder().encode('<html>') }));
  expect([emitted, adapter.server]).toEqual([['ephemeral'], undefined]);
  adapter.stop();
});

test('before the join is answered nothing is taken of a document', () => {
  const { adapter, emitted } = connected(false);
  sockets[0]!.onclose!({ code: 1006, reason: '' });
  vi.advanceTimersByTime(1_000);
  sockets[1]!.onopen!();
  sockets[1]!.hear(cbor.encode(frames[2]));
  sockets[1]!.hear(cbor.encode(frames[4]));
  expect([emitted, adapter.server]).toEqual([[], undefined]);
  adapter.stop();
});

test('a server that answers each join with what is no frame is asked ever more rarely', () => {
  vi.spyOn(Math, 'random').mockReturnValue(0.5);
  const { adapter, join } = connected(false);
  const end = Date.now() + 600_000;
  while (Date.now() < end) {
    const socket = sockets.at(-1)!;
    socket.hear(Uint8Array.of(0xf6));
    vi.advanceTimersToNextTimer();
    if (sockets.at(-1) !== socket) join(sockets.at(-1)!);
  }
  expect(sockets.length).toBeLessThan(170); // four seconds each, and a few sooner
  adapter.stop();
});

test('a comparison that a server does not let end is ended', () => {
  const { adapter } = connected(true);
  const socket = sockets[0]!;
  for (let n = 0; n < 1_000 && adapter.server; n++) socket.hear(cbor.encode({ ...frames[6], r: [[none, none, 9, new Uint8Array(16).fill(n), null]] }));
  expect(adapter.server).toBeUndefined();
  expect(socket.sent.filter((f) => f.type === 'fieldsync-catch-up').length).toBeLessThan(70);
  adapter.stop();
});
