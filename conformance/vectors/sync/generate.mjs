// Writes js-messages.json: sync messages as automerge JS makes them, and how it decodes them itself.
// Run from conformance/interop after `npm ci`:  node ../vectors/sync/generate.mjs
import { createRequire } from 'node:module'
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import path from 'node:path'

const require = createRequire(path.join(process.cwd(), 'package.json'))
const hex = bytes => Buffer.from(bytes).toString('hex')
const out = []

function record(A, origin, name, bytes, hashes) {
  const m = A.decodeSyncMessage(bytes)
  out.push({
    name, origin, hex: hex(bytes),
    heads: m.heads, need: m.need,
    have: m.have.map(h => ({ lastSync: h.lastSync, bloom: hex(h.bloom) })),
    changes: m.changes.map(hex),
    capabilities: m.supportedCapabilities ?? null,
    type: m.type,
    contains: hashes,
  })
}

for (const [origin, spec] of [['@automerge/automerge 3.5.0', 'automerge3'], ['@automerge/automerge 2.2.9', 'automerge22']]) {
  const A = require(spec)
  const make = (actor, n) => {
    let d = A.init({ actor: actor.repeat(32) })
    for (let i = 0; i < n; i++) d = A.change(d, { time: 0 }, doc => { doc['k' + (i % 7)] = i })
    return d
  }
  const hashesOf = d => A.getAllChanges(d).map(c => A.decodeChange(c).hash)
  const receive = (d, s, m) => A.receiveSyncMessage(d, s, m).slice(0, 2)
  const sendTo = (label, d, s, other, t) => {
    const [s2, m] = A.generateSyncMessage(d, s)
    if (!m) return [s2, other, t]
    record(A, origin, label, m, hashesOf(d))
    return [s2, ...receive(other, t, m)]
  }
  let empty = A.init({ actor: 'e'.repeat(32) }), full = make('a', 40)
  let s = A.initSyncState(), t = A.initSyncState();
  [s, full, t] = sendTo('an empty document says hello', empty, s, full, t);
  [t, empty, s] = sendTo('a full document answers an empty one', full, t, empty, s);
  [s, full, t] = sendTo('the once empty one acknowledges', empty, s, full, t)
  full = A.change(full, { time: 0 }, d => { d.live = 1 });
  [t, empty, s] = sendTo('one live change', full, t, empty, s);
  [s, full, t] = sendTo('the live change is acknowledged', empty, s, full, t)

  let left = make('b', 3), right = A.merge(A.init({ actor: 'c'.repeat(32) }), left)
  for (let i = 0; i < 30; i++) {
    left = A.change(left, { time: 0 }, d => { d.left = i })
    right = A.change(right, { time: 0 }, d => { d.right = i })
  }
  s = A.initSyncState(); t = A.initSyncState();
  [s, right, t] = sendTo('a divergent document says hello', left, s, right, t);
  [t, left, s] = sendTo('a divergent document answers', right, t, left, s);
  [s, right, t] = sendTo('a divergent document sends its part', left, s, right, t)

  let plain = make('d', 4); s = A.initSyncState()
  const v1 = A.encodeSyncMessage({ heads: A.getHeads(empty), need: ['11'.repeat(32)], have: [], changes: [] });
  [plain, s] = receive(plain, s, v1)
  const [, answer] = A.generateSyncMessage(plain, s)
  if (answer) record(A, origin, 'an answer to a question for an unknown change', answer, hashesOf(plain))
  let lost = make('f', 4); s = A.initSyncState();
  [lost, s] = receive(lost, s, A.encodeSyncMessage({
    heads: ['11'.repeat(32)], need: [], have: [{ lastSync: ['22'.repeat(32)], bloom: new Uint8Array() }], changes: [] }))
  record(A, origin, 'a reset, because the last sync is unknown', A.generateSyncMessage(lost, s)[1], hashesOf(lost))
}
const target = path.join(path.dirname(fileURLToPath(import.meta.url)), 'js-messages.json')
writeFileSync(target, JSON.stringify(out, null, 1) + '\n')
console.log(out.length, 'messages')
