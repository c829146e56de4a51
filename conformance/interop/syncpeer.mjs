// A peer of the sync protocol on stdin and stdout: automerge JS, one document, one sync state.
// Usage: node syncpeer.mjs automerge3|automerge22
// Frames in both directions: length (4 bytes, big endian), one letter, payload.
//   Z         begin anew with an empty document       -> answers K
//   L bytes   load the document                     -> answers K
//   E json    {"n": 3, "key": "x"}: make n changes     -> answers K
//   M bytes   receive a sync message                 -> answers K
//   G         generate a sync message                -> answers M bytes, or N for none
//   R         forget the connection, keep the shared heads -> answers K
//   H         -> answers J {"heads": […], "changes": n, "doc": …}
//   S         -> answers D, the saved document
// A failure answers X with its text.
import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)
const A = require(process.argv[2])
let doc = A.init()
let state = A.initSyncState()
let made = 0

const handlers = {
  Z: () => { doc = A.init(); state = A.initSyncState(); return ['K'] },
  L: p => { doc = A.load(p, { actor: A.getActorId(doc) }); return ['K'] },
  E: p => {
    const { n, key } = JSON.parse(p.toString())
    for (let i = 0; i < n; i++) doc = A.change(doc, d => { d[key] = made++ })
    return ['K']
  },
  M: p => { [doc, state] = A.receiveSyncMessage(doc, state, new Uint8Array(p)); return ['K'] },
  G: () => {
    const [next, message] = A.generateSyncMessage(doc, state)
    state = next
    return message ? ['M', message] : ['N']
  },
  R: () => { state = A.decodeSyncState(A.encodeSyncState(state)); return ['K'] },
  H: () => ['J', Buffer.from(JSON.stringify({ heads: A.getHeads(doc), changes: A.getAllChanges(doc).length, doc }))],
  S: () => ['D', A.save(doc)],
}

let input = Buffer.alloc(0)
process.stdin.on('data', data => {
  input = Buffer.concat([input, data])
  while (input.length >= 4 && input.length >= 4 + input.readUInt32BE(0)) {
    const size = input.readUInt32BE(0)
    const frame = input.subarray(4, 4 + size)
    input = input.subarray(4 + size)
    let answer
    try {
      answer = handlers[String.fromCharCode(frame[0])](frame.subarray(1))
    } catch (e) {
      answer = ['X', Buffer.from(String(e?.stack ?? e))]
    }
    const payload = answer[1] ? Buffer.from(answer[1]) : Buffer.alloc(0)
    const head = Buffer.alloc(5)
    head.writeUInt32BE(payload.length + 1, 0)
    head[4] = answer[0].charCodeAt(0)
    process.stdout.write(Buffer.concat([head, payload]))
  }
})
