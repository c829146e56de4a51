// Writes the golden vectors of conformance/vectors with two generations of automerge's JavaScript package.
//
//   node conformance/interop/vectors.mjs [folder]
//
// Each vector is a document as the core saved it (.automerge), its changes as the core gives them (.changes, chunks behind
// one another) and what the core says about them (.json). Everything is a function of SEED: times, actors and edits are
// fixed, so that a second run writes the same bytes.
import * as am22 from 'automerge22/next'
import * as am3 from 'automerge3'
import fs from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import zlib from 'node:zlib'

const SEED = 20261123
const out = process.argv[2] ?? path.join(import.meta.dirname, '..', 'vectors')
const require = createRequire(import.meta.url)
const versionOf = name => {
  let dir = path.dirname(require.resolve(name))
  while (!fs.existsSync(path.join(dir, 'package.json')) || !JSON.parse(fs.readFileSync(path.join(dir, 'package.json'))).version) dir = path.dirname(dir)
  return JSON.parse(fs.readFileSync(path.join(dir, 'package.json'))).version
}
const cores = [
  { tag: 'js22', A: am22, origin: `@automerge/automerge ${versionOf('automerge22')}` },
  { tag: 'js3', A: am3, origin: `@automerge/automerge ${versionOf('automerge3')}` },
]

function random(seed) { // mulberry32
  let s = seed >>> 0
  const next = () => {
    s = (s + 0x6d2b79f5) >>> 0
    let t = Math.imul(s ^ (s >>> 15), s | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
  return { next, int: n => Math.floor(next() * n), pick: list => list[Math.floor(next() * list.length)] }
}

const actor = n => n.toString(16).padStart(2, '0').repeat(16)
const T0 = 1795000000
let clock = T0
const at = message => ({ time: clock++, ...(message === undefined ? {} : { message }) })
const begin = (A, n, value = {}) => A.change(A.init({ actor: actor(n) }), at(), d => { Object.assign(d, value) })
const bytesOf = list => new Uint8Array(list)

// Each scenario makes a document with the core A.
const scenarios = {
  empty(A) { return A.init({ actor: actor(1) }) },

  lists(A) {
    let d = begin(A, 1, { list: [1, 'two', null, true, [3, [4]], { five: 5 }] })
    d = A.change(d, at(), d => { d.list.splice(1, 2, 'a', 'b', 'c') })
    d = A.change(d, at(), d => { d.list.unshift(0); d.list.push(99); d.list[4] = 'over' })
    d = A.change(d, at(), d => { for (let i = 0; i < 100; i++) d.list.push(i % 3) })
    d = A.change(d, at(), d => { d.list.splice(10, 80) })
    return A.change(d, at(), d => { d.list.splice(2, 0, { inner: ['x', 'y'] }) })
  },

  text(A) {
    let d = begin(A, 1, { text: 'Grüße, 世界! 👩‍👩‍👧‍👦 🏳️‍🌈 e\u0301 \u{10FFFF}' })
    d = A.change(d, at(), d => { A.splice(d, ['text'], 5, 2, ' ÿ ') })
    d = A.change(d, at(), d => { A.splice(d, ['text'], 0, 0, '🙂🙂🙂') })
    d = A.change(d, at(), d => { A.splice(d, ['text'], 2, 4) })
    d = A.change(d, at(), d => { d['ключ 🔑'] = 'значение'; d[''] = 'the empty key' })
    return A.change(d, at(), d => { A.splice(d, ['text'], 1, 0, '\u0000\n\t') })
  },

  longtext(A) { // its columns are over 256 bytes and so deflated
    const r = random(SEED)
    const words = ['pump', 'valve', 'replace', 'the', 'left', 'tested', 'ok', 'Ventil', 'Füllstand', 'not', 'reachable', 'roof']
    const sentence = n => Array.from({ length: n }, () => r.pick(words)).join(' ') + '. '
    let d = begin(A, 1, { report: '' })
    for (let i = 0; i < 12; i++) {
      d = A.change(d, at(), d => { A.splice(d, ['report'], r.int(d.report.length + 1), 0, sentence(60)) })
      if (i % 3 === 2) d = A.change(d, at(), d => { A.splice(d, ['report'], r.int(d.report.length - 200), r.int(200)) })
    }
    return d
  },

  marks(A) {
    let d = begin(A, 1, { text: 'The quick brown fox jumps over the lazy dog' })
    d = A.change(d, at(), d => { A.mark(d, ['text'], { start: 4, end: 9, expand: 'both' }, 'bold', true) })
    d = A.change(d, at(), d => { A.mark(d, ['text'], { start: 0, end: 20, expand: 'none' }, 'link', 'https://example.org/?q=ü') })
    d = A.change(d, at(), d => { A.mark(d, ['text'], { start: 6, end: 30, expand: 'after' }, 'comment', 'x'.repeat(40)) })
    d = A.change(d, at(), d => { A.mark(d, ['text'], { start: 1, end: 3, expand: 'before' }, 'size', 12) })
    let e = A.clone(d, { actor: actor(2) })
    e = A.change(e, at(), d => { A.unmark(d, ['text'], { start: 5, end: 7, expand: 'both' }, 'bold') })
    d = A.change(d, at(), d => { A.splice(d, ['text'], 5, 3, 'XYZ') })
    return A.merge(d, e)
  },

  counters(A) {
    let d = begin(A, 1, { n: new A.Counter(10), list: [new A.Counter(-5)] })
    let e = A.clone(d, { actor: actor(2) })
    for (let i = 0; i < 5; i++) {
      d = A.change(d, at(), d => { d.n.increment(i + 1) })
      e = A.change(e, at(), d => { d.n.decrement(2); d.list[0].increment(7) })
    }
    d = A.merge(d, e)
    d = A.change(d, at(), d => { d.n.increment(1000000) })
    e = A.change(e, at(), d => { d.n = new A.Counter(0) })
    return A.merge(d, e)
  },

  deletes(A) {
    let d = begin(A, 1, { a: 1, b: 2, c: { d: { e: 'f' } }, list: ['x', 'y', 'z'], text: 'delete me' })
    let e = A.clone(d, { actor: actor(2) })
    let f = A.clone(d, { actor: actor(3) })
    d = A.change(d, at(), d => { delete d.a; delete d.c })
    e = A.change(e, at(), d => { delete d.a; d.c.d.e = 'kept in vain'; d.list.splice(0, 3) })
    f = A.change(f, at(), d => { d.a = 'concurrent'; d.list.splice(1, 1); A.splice(d, ['text'], 0, 9) })
    d = A.merge(A.merge(d, e), f)
    d = A.change(d, at(), d => { delete d.a; delete d.b; delete d.text })
    return A.change(d, at(), d => { d.a = 'again' })
  },

  nested(A) {
    let d = begin(A, 1)
    d = A.change(d, at(), d => {
      let o = d
      for (let i = 0; i < 30; i++) { o['level' + i] = i % 2 ? { list: [{}] } : {}; o = i % 2 ? o['level' + i].list[0] : o['level' + i] }
      o.leaf = 'deep'
    })
    return A.change(d, at(), d => { d.level0.level1.list.push({ more: [[[]]] }) })
  },

  values(A) {
    let d = begin(A, 1, {
      bytes: bytesOf([0, 255, 1, 254]), nobytes: bytesOf([]), long: bytesOf(Array.from({ length: 700 }, (_, i) => (i * i) & 255)),
      date: new Date(1795000000123), before: new Date(-1), float: 0.1, tiny: 5e-324, huge: new A.Float64(-1.7976931348623157e308),
      inf: new A.Float64(Infinity), nan: new A.Float64(NaN), zero: 0, minus: -1, safe: Number.MAX_SAFE_INTEGER, unsafe: Number.MIN_SAFE_INTEGER,
      uint: new A.Uint(4294967296), int: new A.Int(-2147483649), whole: new A.Float64(3), yes: true, no: false, nil: null, str: '',
    })
    return A.change(d, at('Grüße 🙂'), d => { d.zero = -0.5; d.uint = new A.Uint(0) })
  },

  emptychanges(A) {
    let d = begin(A, 1)
    d = A.emptyChange(d, at('nothing'))
    let e = A.clone(d, { actor: actor(2) })
    e = A.emptyChange(e, at())
    d = A.change(d, at(), d => { d.x = 1 })
    d = A.merge(d, e)
    d = A.emptyChange(d, at('a merge'))
    d = A.emptyChange(d, { time: 0, message: '' })
    return A.emptyChange(d, { time: -86400, message: 'before 1970' })
  },

  manyactors(A) { // actors whose order by bytes is not that of their arrival
    let d = begin(A, 128, { votes: {}, list: [] })
    for (let i = 0; i < 40; i++) {
      let e = A.clone(d, { actor: actor((i * 97 + 3) % 251) + (i % 2 ? '' : 'ff') })
      e = A.change(e, at(), d => { d.votes['v' + (i % 5)] = i; d.list.push(i) })
      if (i % 4 === 3) e = A.change(e, at(), d => { d.list.splice(0, 2); d.last = 'v' + i })
      d = i % 3 ? A.merge(d, e) : A.merge(e, d)
    }
    return d
  },

  conflicts(A) {
    const base = begin(A, 100, { title: 'base', list: ['a', 'b'] })
    const peers = Array.from({ length: 6 }, (_, i) => A.change(A.clone(base, { actor: actor(200 - i * 30) }), at(), d => {
      d.title = 'by ' + i; d['fresh'] = { by: i }; d.list[0] = i; d.list.splice(1, 0, 'in' + i)
    }))
    let d = peers.reduce((x, y) => A.merge(x, y))
    d = A.change(d, at(), d => { d.title = 'settled'; d.fresh.by = 'one of them' })
    return A.change(d, at(), d => { d.list[0] = 'settled' })
  },

  manyheads(A) {
    const base = begin(A, 100, { n: 0 })
    return Array.from({ length: 20 }, (_, i) => A.change(A.clone(base, { actor: actor(i + 1) }), at(), d => { d['k' + i] = i }))
      .reduce((x, y) => A.merge(x, y))
  },

  // No interface makes tables any more; documents of older versions hold them. automerge 3.5.0 panics when a change with an
  // operation inside a table is applied (it loads the document that holds it), so its vector has an empty one.
  table(A) {
    const inside = A === am3 ? [] : [
      { action: 'makeMap', obj: '1@' + actor(1), key: 'row-1', pred: [] },
      { action: 'set', obj: '2@' + actor(1), key: 'name', value: 'pump', pred: [] },
    ]
    const raw = A.encodeChange({
      actor: actor(1), seq: 1, startOp: 1, time: 7, message: 'a table', deps: [],
      ops: [
        { action: 'makeTable', obj: '_root', key: 'rows', pred: [] },
        ...inside,
        { action: 'set', obj: '_root', key: 'max', value: 9007199254740991, datatype: 'uint', pred: [] },
        { action: 'set', obj: '_root', key: 'min', value: -9007199254740991, datatype: 'int', pred: [] },
      ],
    })
    const [d] = A.applyChanges(A.init({ actor: actor(2) }), [raw])
    return A.change(d, at(), d => { d.after = 1 })
  },

  job(A) { // 31 changes: a job as it comes from a dispatcher and a worker
    let d = begin(A, 170, {
      kind: 'job', title: 'Replace the pump', description: 'Cellar, second door', scheduled_at: new Date(1795003200000),
      address: { formatted: 'Hauptstr. 5, 10115 Berlin', geolocation: { longitude: 13.38, latitude: 52.53 } },
      assignees: { anna: true }, status_log: {}, report_fields: { notes: '', done: false }, comments: {}, attachments: {},
    })
    let w = A.clone(d, { actor: actor(187) })
    const status = ['published', 'en_route', 'started', 'paused', 'started', 'finished']
    for (let i = 0; i < 30; i++) {
      if (i % 5 === 0) w = A.change(w, at(), d => {
        d.status_log['e' + i] = { status: status[i / 5], happened_at: new Date(1795000000000 + i * 60000), by: 'anna', after: i ? ['e' + (i - 5)] : [] }
      })
      else if (i % 5 === 1) d = A.change(d, at(), d => { d.description += ' (call before)'; d.address.entrance_no = String(i) })
      else if (i % 5 === 2) w = A.change(w, at(), d => { A.splice(d, ['report_fields', 'notes'], d.report_fields.notes.length, 0, 'Pump swapped, pressure 2.' + i + ' bar. ') })
      else if (i % 5 === 3) w = A.change(w, at(), d => { d.attachments['p' + i] = { sha256: 'ab'.repeat(32), size: 123456 + i, media_type: 'image/jpeg', name: `IMG_${i}.jpg` } })
      else { d = A.merge(d, w); d = A.change(d, at(), d => { d.comments['c' + i] = { text: 'Thanks 👍', by: 'dispatcher' } }); w = A.merge(w, d) }
    }
    return A.merge(d, w)
  },

  random(A, seed) { // four authors who edit everything and merge now and then
    const r = random(seed)
    const base = begin(A, 50, { map: {}, list: [0], text: 'start', n: new A.Counter(0) })
    const peers = [30, 60, 90, 120].map(n => A.clone(base, { actor: actor(n) }))
    for (let i = 0; i < 120; i++) {
      const k = r.int(peers.length)
      if (r.next() < 0.25) { peers[k] = A.merge(peers[k], peers[(k + 1 + r.int(3)) % 4]); continue }
      if (r.next() < 0.05) { peers[k] = A.emptyChange(peers[k], at()); continue }
      peers[k] = A.change(peers[k], at(), d => {
        for (let j = r.int(4); j >= 0; j--) {
          const key = 'k' + r.int(6)
          switch (r.int(9)) {
            case 0: d.map[key] = r.int(1000); break
            case 1: delete d.map[key]; break
            case 2: d.map[key] = r.pick([[1, 2], { a: 'b' }, 'text', null, true, 1.5]); break
            case 3: { const k = r.int(d.list.length + 1); d.list.splice(k, Math.min(r.int(3), d.list.length - k), 'v' + i); break }
            case 4: if (d.list.length) d.list[r.int(d.list.length)] = { i }; break
            case 5: A.splice(d, ['text'], r.int(d.text.length + 1), 0, 'abc' + i); break
            case 6: if (d.text.length > 4) A.splice(d, ['text'], r.int(d.text.length - 3), 1 + r.int(3)); break
            case 7: d.n.increment(r.int(9) - 4); break
            case 8: if (d.text.length > 5) A.mark(d, ['text'], { start: 1, end: 4, expand: r.pick(['both', 'none', 'before', 'after']) }, r.pick(['bold', 'em']), r.pick([true, 'x', null])); break
          }
        }
      })
    }
    return peers.reduce((x, y) => A.merge(x, y))
  },
}

// deflate makes a type 2 chunk of a change. No core of today writes these, but all read them.
function deflate(chunk) {
  let at = 9
  while (chunk[at] & 0x80) at++
  const body = zlib.deflateRawSync(chunk.subarray(at + 1))
  const length = []
  for (let n = body.length; ; n >>= 7) {
    if (n < 0x80) { length.push(n); break }
    length.push((n & 0x7f) | 0x80)
  }
  return Buffer.concat([chunk.subarray(0, 8), Buffer.from([2, ...length]), body])
}

function write(name, origin, A, d, { changes: withChanges = true, deflated = false } = {}) {
  let chunks = A.getAllChanges(d)
  const decoded = chunks.map(c => A.decodeChange(c))
  if (deflated) {
    chunks = chunks.map(deflate)
    const [again] = A.applyChanges(A.init({ actor: actor(249) }), chunks)
    if (String(A.getHeads(again)) !== String(A.getHeads(d))) throw new Error('the core reads other changes from the deflated ones')
  }
  const info = {
    origin, script: 'conformance/interop/vectors.mjs', seed: SEED, heads: A.getHeads(d), count: chunks.length,
    changes: withChanges ? decoded.map(c => ({ hash: c.hash, deps: c.deps, actor: c.actor, seq: c.seq, startOp: c.startOp, ops: c.ops.length, time: c.time })) : undefined,
  }
  fs.writeFileSync(path.join(out, name + '.automerge'), A.save(d))
  if (withChanges) fs.writeFileSync(path.join(out, name + '.changes'), Buffer.concat(chunks))
  const head = JSON.stringify({ ...info, changes: undefined }, null, 1).slice(0, -2)
  const rows = withChanges ? ',\n "changes": [\n  ' + info.changes.map(c => JSON.stringify(c)).join(',\n  ') + '\n ]' : ''
  fs.writeFileSync(path.join(out, name + '.json'), head + rows + '\n}\n')
}

fs.mkdirSync(out, { recursive: true })
for (const { tag, A, origin } of cores) {
  for (const [name, make] of Object.entries(scenarios)) {
    clock = T0
    if (name === 'random') continue
    write(`${tag}-${name}`, origin, A, make(A))
  }
  for (const n of [1, 2]) {
    clock = T0
    write(`${tag}-random${n}`, origin, A, scenarios.random(A, SEED + n))
  }
}

for (const { tag, A, origin } of cores) {
  clock = T0
  write(`${tag}-deflated`, origin + ', changes deflated with Node\'s zlib and read back by the core', A, scenarios.longtext(A), { deflated: true })
}

// Changes of both cores in one document, saved by each.
clock = T0
const olds = scenarios.random(am22, SEED + 7)
let [both] = am3.applyChanges(am3.init({ actor: actor(250) }), am22.getAllChanges(olds))
both = am3.change(both, at('from the newer core'), d => { d.map.k0 = 'three'; am3.splice(d, ['text'], 0, 0, 'three ') })
write('mixed-js3', cores[1].origin + ', with changes of ' + cores[0].origin, am3, both)
const [back] = am22.applyChanges(am22.init({ actor: actor(251) }), am3.getAllChanges(both))
write('mixed-js22', cores[0].origin + ', with changes of ' + cores[1].origin, am22, back)

// 5,000 changes, for the benchmark: the document alone, whose heads stand for every change in it.
clock = T0
const r = random(SEED)
let long = begin(am3, 170, { kind: 'job', notes: '', fields: {} })
for (let i = 1; i < 5000; i++) {
  long = am3.change(long, at(), d => {
    if (i % 4) am3.splice(d, ['notes'], Math.min(d.notes.length, r.int(2000)), 0, r.pick(['pump ', 'valve ', 'ok ', 'tested ']))
    else d.fields['f' + r.int(50)] = r.int(1e6)
  })
}
write('js3-long', cores[1].origin, am3, long, { changes: false })
