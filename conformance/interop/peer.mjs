// A client of one generation, unmodified, with ears: what the server said is kept, so that a case can wait for it.
import assert from "node:assert/strict";

/** How often a lost connection is tried again. The library's default of five seconds only slows the tests down. */
const RETRY_MS = 250;
const POLL_MS = 5;
/** Sync messages of a document that are kept for the report of a failure. */
const TRACED = 16;

let count = 0;

export class Peer {
  /** Connects to url; gen is a module gen*\/client.mjs. */
  constructor(gen, url, name) {
    this.gen = gen;
    this.name = `${name}-${++count}-${process.pid}`;
    this.frames = []; // every repo message from the server, without sync and ephemeral data
    this.serverHeads = new Map(); // document id -> heads in the server's last sync message
    this.adapter = new gen.WebSocketClientAdapter(url, RETRY_MS);
    this.adapter.on("message", (m) => this.#heard(m));
    this.trace = new Map(); // document id -> the last sync messages both ways, for the report of a failure
    const send = this.adapter.send.bind(this.adapter);
    this.adapter.send = (m) => {
      if (m.type === "sync" || m.type === "request") this.#note("->", m);
      send(m);
    };
    this.repo = new gen.repo.Repo({ network: [this.adapter], peerId: this.name });
  }

  #heard(message) {
    const { data, ...rest } = message;
    this.frames.push(rest);
    if (message.type === "sync") this.serverHeads.set(message.documentId, this.#note("<-", message).heads.sort());
  }

  #note(way, message) {
    const m = this.gen.core.decodeSyncMessage(new Uint8Array(message.data));
    const short = (heads) => heads.map((h) => h.slice(0, 6)).join(",");
    const have = m.have.map((h) => `{${short(h.lastSync)} bloom ${h.bloom.length}}`).join(" ");
    const line = `${way} V${message.data[0] - 0x41} heads ${short(m.heads)} need [${short(m.need)}] have ${have} changes ${m.changes.length} bytes ${message.data.length}`;
    const lines = this.trace.get(message.documentId) ?? [];
    this.trace.set(message.documentId, lines);
    lines.push(`${Math.round(performance.now())} ${line}`);
    if (lines.length > TRACED) lines.shift();
    return m;
  }

  /** The document's heads as this client has them, in hexadecimal. */
  heads(handle) {
    return this.gen.core.getHeads(handle.doc()).sort();
  }

  /**
   * What the document says, as plain data. Read from a copy that is loaded anew: automerge 2.2 shows two concurrent
   * values under one key wrongly after it has merged them live, with equal heads, which is its fault and no server's.
   */
  shows(handle) {
    return plain(this.gen.core.load(this.gen.core.save(handle.doc())));
  }

  /** Resolves when the server has said that it holds all that this client has: the acknowledgement of the protocol. */
  async acknowledged(handle) {
    await until(
      () => same(this.serverHeads.get(handle.documentId), this.heads(handle)),
      () => `${this.name}: the server acknowledges ${handle.documentId} at ${this.heads(handle)}, last said ${this.serverHeads.get(handle.documentId)}\n${this.trace.get(handle.documentId)?.join("\n")}`,
    );
  }

  /** Asserts that the document cannot be found, and that it was the server who said so. */
  async finds_nothing(url) {
    await assert.rejects(this.repo.find(url), /unavailable/i);
    const id = this.gen.repo.parseAutomergeUrl(url).documentId;
    assert.ok(
      this.frames.some((f) => f.type === "doc-unavailable" && f.documentId === id),
      `no doc-unavailable came for ${id}: ${JSON.stringify(this.frames.filter((f) => f.documentId === id))}`,
    );
  }

  async connected() {
    await until(
      () => this.repo.peers.length > 0,
      () => `${this.name} is connected`,
    );
  }

  async disconnected() {
    await until(
      () => this.repo.peers.length === 0,
      () => `${this.name} notices that it is offline`,
    );
  }

  /** Leaves for good. */
  close() {
    if (this.closed) return;
    this.closed = true;
    this.adapter.retryInterval = 0;
    this.adapter.disconnect();
  }
}

/** Resolves when the condition holds. The case's own watchdog ends a wait that never does, and reports `what`. */
export async function until(condition, what) {
  waiting.add(what);
  try {
    while (!condition()) await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  } finally {
    waiting.delete(what);
  }
}

/** Descriptions of what is being waited for at the moment. */
export const waiting = new Set();

export function same(a, b) {
  return a !== undefined && b !== undefined && a.length === b.length && a.every((x, i) => x === b[i]);
}

/** Waits until all handles, given as [peer, handle], have the same heads, and asserts that they show the same. */
export async function converged(...pairs) {
  const [[firstPeer, firstHandle], ...others] = pairs;
  for (const [peer, handle] of others) {
    await until(
      () => same(peer.heads(handle), firstPeer.heads(firstHandle)),
      () => `${peer.name} and ${firstPeer.name} agree: ${peer.heads(handle)} and ${firstPeer.heads(firstHandle)}`,
    );
    assert.deepEqual(peer.shows(handle), firstPeer.shows(firstHandle));
  }
}

export function plain(doc) {
  return JSON.parse(JSON.stringify(doc));
}
