// Records the frames that automerge-repo's own server and clients exchange, and encodes with its encoder those that it never sends.
import { Repo, cbor, generateAutomergeUrl } from "@automerge/automerge-repo";
import { WebSocketServerAdapter, WebSocketClientAdapter } from "@automerge/automerge-repo-network-websocket";
import { WebSocketServer } from "ws";
import fs from "node:fs";
const out = []; const seen = new Map();
const hex = b => Buffer.from(b).toString("hex");
const plain = (k, v) => v instanceof Uint8Array ? { hex: hex(v) } : v?.type === "Buffer" ? { hex: hex(v.data) } : v;
function push(from, name, bytes) { out.push(JSON.stringify({ from, name, hex: hex(bytes), frame: cbor.decode(new Uint8Array(bytes)) }, plain)); }
function note(dir, bytes) {
  const m = cbor.decode(new Uint8Array(bytes)); const key = dir + " " + m.type; const n = seen.get(key) ?? 0;
  if (n >= 2 || bytes.length > 900) return; seen.set(key, n + 1);
  push(dir, m.type + (n ? "-" + (n+1) : ""), bytes);
}
const wss = new WebSocketServer({ port: 0 });
wss.on("connection", ws => { ws.on("message", d => note("client", d)); const s = ws.send.bind(ws); ws.send = (d, ...r) => { note("server", Buffer.from(d)); return s(d, ...r); }; });
const mem = () => { const m = new Map(); const k = a => JSON.stringify(a); return { async load(a){return m.get(k(a))}, async save(a,b){m.set(k(a),b)}, async remove(a){m.delete(k(a))},
  async loadRange(p){return [...m].map(([x,data])=>({key:JSON.parse(x),data})).filter(e=>p.every((y,i)=>e.key[i]===y))}, async removeRange(){} } };
const server = new Repo({ network: [new WebSocketServerAdapter(wss)], storage: mem(), peerId: "server-vector", enableRemoteHeadsGossiping: true, sharePolicy: async () => false });
const url = () => `ws://127.0.0.1:${wss.address().port}`;
const mk = (id, storage) => new Repo({ network: [new WebSocketClientAdapter(url())], peerId: id, storage, enableRemoteHeadsGossiping: true });
const a = mk("client-a", mem()), b = mk("client-b");
await Promise.all([a.networkSubsystem.whenReady(), b.networkSubsystem.whenReady()]);
const h = a.create({ title: "Boiler", n: 1 });
await new Promise(r => setTimeout(r, 800));
const hb = await b.find(h.url); hb.change(d => { d.n = 2 });
b.subscribeToRemotes([await a.storageId?.() ?? "3fe3ef52-0bd5-4a1b-8b0f-000000000001"]);
await new Promise(r => setTimeout(r, 800));
h.broadcast({ presence: "typing", at: 12 }); hb.broadcast("hi");
await b.find(generateAutomergeUrl()).catch(e => console.error(String(e)));
hb.change(d => { d.n = 3 });
await new Promise(r => setTimeout(r, 800));
const e = (name, m) => push("encoder", name, cbor.encode(m));
const documentId = h.documentId, senderId = "client-a", targetId = "server-vector";
e("error", { type: "error", senderId: targetId, targetId: senderId, message: "unsupported protocol version" });
e("leave", { type: "leave", senderId });
e("ephemeral-float-count", { type: "ephemeral", senderId, targetId, documentId, count: 1763900000123, sessionId: "s1", data: cbor.encode({ a: 1 }) });
e("remote-heads-changed", { type: "remote-heads-changed", senderId, targetId, documentId, newHeads: { "3fe3ef52-0bd5-4a1b-8b0f-000000000001": { heads: h.heads(), timestamp: 1763900000123 } } });
e("remote-subscription-undefined", { type: "remote-subscription-change", senderId, targetId, add: undefined, remove: ["x"] });
e("join-undefined-storage", { type: "join", senderId, peerMetadata: { storageId: undefined, isEphemeral: true }, supportedProtocolVersions: ["1"] });
fs.writeFileSync(process.argv[2], out.join("\n") + "\n");
process.exit(0);
