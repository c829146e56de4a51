// The judge that runs automerge JS 3.x: it reads one JSON request per line, builds the document of the changes in it in
// several ways, and answers with what it sees, one JSON line each. The protocol is conformance/admission/judge.go's.
//
// What a core's panic leaves behind is not to be trusted, so any exception but a plain refusal ends the process after the answer.
import * as Automerge from "automerge3"
import { createInterface } from "node:readline"

const bits = new DataView(new ArrayBuffer(8))

/** A number as the bits of its float: exact, and the same in Go. */
function number(x) {
  if (Number.isNaN(x)) return "nan"
  bits.setFloat64(0, x)
  return bits.getBigUint64(0).toString(16)
}

const base64 = bytes => Buffer.from(bytes).toString("base64")
const byUTF8 = (a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))

/** The value of a mark, which one core only is asked for. */
function plain(value) {
  if (value instanceof Uint8Array) return base64(value)
  if (value instanceof Date) return { timestamp: number(value.getTime()) }
  if (typeof value === "bigint" || typeof value === "number") return number(Number(value))
  return String(value)
}

/** What stands in a document: the tree of winners, every conflict, and the marks. */
class Reader {
  clashes = []
  marks = []

  constructor(core) {
    this.core = core
  }

  value(type, value, path) {
    switch (type) {
      case "map":
      case "table":
        return { m: this.core.keys(value).sort(byUTF8).map(key => [key, this.at(value, key, path)]) }
      case "list":
        return { l: Array.from({ length: this.core.length(value) }, (_, i) => this.at(value, i, path)) }
      case "text":
        if (path) this.marks.push([path, this.core.marks(value).map(m => [m.name, m.start, m.end, plain(m.value)])])
        return { t: this.core.text(value) }
      case "str":
        return { str: value }
      case "int":
      case "uint":
      case "f64":
      case "counter":
        return { [type]: number(Number(value)) }
      case "timestamp":
        return { timestamp: number(value.getTime()) }
      case "boolean":
        return { bool: value }
      case "null":
        return { null: true }
      case "bytes":
        return { bytes: base64(value) }
      default:
        if (type.startsWith("unknown")) return { unknown: base64(value) }
        throw new Error(`a value of type ${type}`)
    }
  }

  /** The winner in a place. Conflicts are noted, but not those inside of a value that lost: path is null there. */
  at(object, prop, path) {
    const here = path && [...path, prop]
    const all = this.core.getAll(object, prop)
    if (path && all.length > 1) {
      const order = ([, , a], [, , b]) => {
        const [ca, aa] = a.split("@")
        const [cb, ab] = b.split("@")
        return ca === cb ? (aa < ab ? 1 : -1) : Number(cb) - Number(ca)
      }
      // A counter's conflict carries the value, an object's its id.
      this.clashes.push([here, [...all].map(full).sort(order).map(([type, value, id]) => [id, this.value(type, value, null)])])
    }
    const winner = this.core.getWithType(object, prop)
    return this.value(winner[0], winner[1], here)
  }
}

/** getAll gives objects as [type, id], scalars as [type, value, id]. */
function full(entry) {
  return entry.length === 2 ? [entry[0], entry[1], entry[1]] : entry
}

function see(how, doc, core = Automerge.getBackend(doc)) {
  const reader = new Reader(core)
  const tree = reader.value("map", "_root", [])
  if (doc) Automerge.toJS(doc) // what an application reads; it must not throw
  return {
    how,
    heads: [...core.getHeads()].sort(),
    changes: core.getChanges([]).map(c => Buffer.from(c.subarray(4, 8)).toString("hex")).sort(),
    tree,
    clashes: reader.clashes,
    marks: reader.marks,
  }
}

/** The document, one change after the other, in the core alone: no patch is applied to JavaScript objects. */
function bare(changes) {
  const core = Automerge.getBackend(Automerge.init())
  for (const change of changes) core.loadIncremental(change)
  return core
}

function run(request) {
  const a = request.a.map(x => Uint8Array.from(Buffer.from(x, "base64")))
  const b = request.b.map(x => Uint8Array.from(Buffer.from(x, "base64")))
  const seen = []
  let step = ""
  try {
    let all, one
    if (request.withoutPatches) {
      step = "load one by one"
      seen.push(see(step, null, bare(a)), see(step + ", in another order", null, bare(b)))
      all = Automerge.load(Buffer.concat(a))
      one = Automerge.load(Buffer.concat(b))
    } else {
      step = "apply all at once"
      ;[all] = Automerge.applyChanges(Automerge.init(), a)
      seen.push(see(step, all))
      step = "apply one by one"
      one = Automerge.init()
      for (const change of b) [one] = Automerge.applyChanges(one, [change])
      seen.push(see(step, one))
    }
    step = "load the changes as one file"
    const whole = Automerge.load(Buffer.concat(b))
    seen.push(see(step, whole))
    step = "save"
    const saved = Automerge.save(all)
    const savedOne = Automerge.save(one)
    step = "load what was saved"
    const again = Automerge.load(saved)
    seen.push(see(step, again))
    step = "load what was saved of the other"
    seen.push(see(step, Automerge.load(savedOne)))
    step = "write to it"
    const more = Automerge.change(again, d => { d["written afterwards"] = 1 })
    step = "save and load what was written"
    const last = Automerge.load(Automerge.save(more))
    if (last["written afterwards"] !== 1) throw new Error("what was written is not there")
    for (const doc of [all, one, whole, last]) Automerge.free(doc)
    return { seen }
  } catch (error) {
    return { seen, failed: step, error: String(error?.message ?? error) }
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const answer = run(JSON.parse(line))
  process.stdout.write(JSON.stringify(answer) + "\n")
  if (answer.failed) process.exit(0)
}
