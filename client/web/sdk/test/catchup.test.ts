import { cbor, generateAutomergeUrl, parseAutomergeUrl } from '@automerge/automerge-repo/slim';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { A } from '../src/automerge.ts';
import { Comparison, hex, type CatchUpFrame, type Compared, type Item } from '../src/net/catchup.ts';
import { Server } from './server.ts';

let server: Server;
beforeAll(async () => {
  server = await Server.start();
});
afterAll(() => server.end());

const many = 1000;

/** A connection that has said its join, and whatever comes with it. */
class Peer {
  readonly frames: Record<string, unknown>[] = [];
  sent = 0;
  received = 0;
  #wake = () => {};
  private constructor(readonly socket: WebSocket, readonly id: string) {
    socket.binaryType = 'arraybuffer';
    socket.on('message', (bytes: ArrayBuffer) => {
      this.received += bytes.byteLength;
      this.frames.push(cbor.decode(new Uint8Array(bytes)) as Record<string, unknown>);
      this.#wake();
    });
  }

  static async dial(id: string): Promise<Peer> {
    const peer = new Peer(new WebSocket(`${server.url.replace('http', 'ws')}/sync?access_token=demo-dispatcher`, { perMessageDeflate: false }), id);
    await new Promise((resolve, reject) => peer.socket.once('open', resolve).once('error', reject));
    return peer;
  }

  say(frame: object): void {
    const bytes = cbor.encode({ senderId: this.id, ...frame });
    this.sent += bytes.length;
    this.socket.send(bytes);
  }

  async next(type: string): Promise<Record<string, unknown>> {
    for (;;) {
      const f = this.frames.shift();
      if (f?.['type'] === type) return f;
      if (!f) await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}

const join = { type: 'join', peerMetadata: { isEphemeral: false, fieldsync: 1 }, supportedProtocolVersions: ['1'] };

/** Brings documents to the server, and gives what it then holds: the demonstration's too. */
async function bring(n: number): Promise<Item[]> {
  const peer = await Peer.dial('maker');
  peer.say(join);
  await peer.next('peer');
  const missing = new Set<string>();
  for (let i = 0; i < n; i++) {
    const { documentId } = parseAutomergeUrl(generateAutomergeUrl());
    const doc = A.from({ number: i });
    missing.add(documentId);
    const data = A.encodeSyncMessage({ heads: A.getHeads(doc), need: [], have: [{ lastSync: [], bloom: new Uint8Array(0) }], changes: A.getAllChanges(doc) } as unknown as A.DecodedSyncMessage);
    peer.say({ type: 'sync', targetId: 'server', documentId, data });
  }
  while (missing.size > 0) {
    const f = await peer.next('sync');
    if (A.decodeSyncMessage(f['data'] as Uint8Array).heads.length > 0) missing.delete(String(f['documentId']));
  }
  peer.say({ type: 'fieldsync-catch-up', targetId: '', ...new Comparison([]).first() });
  const list = ((await peer.next('fieldsync-catch-up')) as CatchUpFrame).r![0]![4]!;
  peer.socket.close();
  return Array.from({ length: list.length / 32 }, (_, i) => ({ doc: list.slice(i * 32, i * 32 + 16), digest: list.slice(i * 32 + 16, i * 32 + 32) }));
}

/** One reconnect: what it cost until it is known what differs. old: ranges alone, begun when the server has answered the join. */
async function reconnect(items: readonly Item[], old: boolean): Promise<Compared & { bytes: number; trips: number }> {
  const peer = await Peer.dial(old ? 'ranges' : 'sketch');
  const c = new Comparison(items);
  const write = ({ k, ...frame }: CatchUpFrame, targetId = '') => peer.say({ type: 'fieldsync-catch-up', targetId, ...frame, ...(k && !old ? { k } : {}) });
  peer.say(join);
  let trips = 1;
  if (!old) write(c.first());
  const server = String((await peer.next('peer'))['senderId']);
  if (old) write(c.first(), server);
  for (let first = true; ; first = false) {
    if (!first || old) trips++;
    const next = c.next((await peer.next('fieldsync-catch-up')) as CatchUpFrame);
    if ('equal' in next) {
      peer.socket.close();
      return { ...next, bytes: peer.sent + peer.received, trips };
    }
    write(next, server);
  }
}

test(`a reconnect with ${many} documents finds in one round trip what differs, with less than a quarter of the bytes of ranges`, async () => {
  const held = await bring(many);
  expect(held.length).toBeGreaterThanOrEqual(many);
  const changed = held.map((i, n): Item => (n % (many / 10) === 7 ? { ...i, digest: new Uint8Array(16) } : i));
  const differ = changed.filter((i, n) => i !== held[n]).map((i) => hex(i.doc));
  expect(differ.length).toBeGreaterThanOrEqual(10);
  for (const [name, items, want] of [['nothing changed', held, []], [`${differ.length} changed`, changed, differ.sort()]] as const) {
    const [old, now] = [await reconnect(items, true), await reconnect(items, false)];
    for (const out of [old, now]) expect(out.differ.map(hex).sort()).toEqual(want);
    console.info(`${held.length} documents, ${name}: ranges ${old.bytes} bytes, ${old.trips} round trips; sketch ${now.bytes} bytes, ${now.trips}`);
    expect(now.trips).toBe(1);
    if (want.length > 0) expect(now.bytes).toBeLessThan(old.bytes / 4);
  }
});
