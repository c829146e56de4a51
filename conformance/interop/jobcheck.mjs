// Holds jobrules.mjs, on automerge JS 3.x, against the vectors of conformance/vectors/job. Started by conformance/jobs, which gives
// the folder of the vectors as the argument, and on standard input the changes that the Go side made of the scenarios; prints one
// JSON line for each check: {"check","ok","error"}, and last {"made": …}, the same changes as automerge JS makes them.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as Automerge from "automerge3";
import { apply, value } from "./jobedits.mjs";
import * as rules from "./jobrules.mjs";

const folder = process.argv[2];
const vectors = (name) => JSON.parse(readFileSync(join(folder, name), "utf8"));
const print = (line) => process.stdout.write(JSON.stringify(line) + "\n");

function check(name, run) {
  try {
    run();
    print({ check: name, ok: true });
  } catch (err) {
    print({ check: name, ok: false, error: err?.stack ?? String(err) });
  }
}

for (const c of vectors("status.json"))
  check(`status: ${c.name}`, () => {
    const root = { kind: "job", status_log: c.log };
    for (const key of ["possible_resolutions", "resolution"]) if (key in c) root[key] = c[key];
    const doc = Automerge.from(value(Automerge, root));
    const o = rules.outcome(doc.status_log);
    assert.equal(o.status, c.expect.status);
    assert.deepEqual(o.standing, c.expect.standing);
    assert.equal(o.clash, c.expect.standing.length > 1);
    assert.deepEqual(o.timestamps, c.expect.timestamps);
    assert.deepEqual(rules.resolution(doc), c.expect.resolution);
  });

for (const c of vectors("transitions.json"))
  check(`transitions: ${c.standing.join(" and ") || "no event"}`, () => {
    const log = Object.fromEntries(c.standing.map((status, i) => [`e${i}`, { status }]));
    assert.deepEqual(rules.next(log, "worker"), c.worker);
    assert.deepEqual(rules.next(log, "dispatcher"), c.dispatcher);
  });

/** Makes one change of edits on a copy of what its author knew. */
function make(actor, known, edits) {
  let doc = Automerge.init({ actor });
  [doc] = Automerge.applyChanges(doc, known);
  doc = Automerge.change(doc, { time: 0 }, (d) => apply(Automerge, d, edits));
  return Automerge.getLastLocalChange(doc);
}

function makeAll(base, changes) {
  const made = { base: make(base.actor, [], base.edits) };
  const past = { base: new Set() };
  for (const c of changes) {
    past[c.id] = new Set(c.after.flatMap((id) => [...past[id], id]));
    const known = Object.keys(made).filter((id) => past[c.id].has(id));
    made[c.id] = make(c.actor, known.map((id) => made[id]), c.edits);
  }
  return made;
}

function* orders(list) {
  if (list.length < 2) yield list;
  for (let i = 0; i < list.length && list.length > 1; i++)
    for (const rest of orders([...list.slice(0, i), ...list.slice(i + 1)])) yield [list[i], ...rest];
}

function holds(made, expect) {
  let seen = 0;
  for (const order of orders(Object.keys(made))) {
    let doc = Automerge.init();
    for (const id of order) [doc] = Automerge.applyChanges(doc, [made[id]]);
    const o = rules.outcome(doc.status_log);
    const got = { status: o.status, standing: o.standing, timestamps: o.timestamps, clashes: rules.clashes(doc, Automerge.getConflicts) };
    const { values = [], resolution, ...want } = expect;
    assert.deepEqual(got, want, `in the order ${order}`);
    assert.deepEqual(rules.resolution(doc), resolution);
    for (const { path, value: v } of values) assert.deepEqual(rules.plain(path.reduce((m, step) => m?.[step], doc)), v, path.join("/"));
    seen++;
  }
  assert.ok(seen >= 6, `only ${seen} orders`);
}

const { base, scenarios } = vectors("changes.json");
const fromGo = JSON.parse(readFileSync(0, "utf8"));
const base64 = (made) => Object.fromEntries(Object.entries(made).map(([id, raw]) => [id, Buffer.from(raw).toString("base64")]));
const made = {};
for (const s of scenarios) {
  check(`made by JavaScript: ${s.name}`, () => {
    const own = makeAll(base, s.changes);
    made[s.name] = base64(own);
    holds(own, s.expect);
  });
  check(`made by Go: ${s.name}`, () => {
    const raw = Object.fromEntries(Object.entries(fromGo[s.name]).map(([id, b]) => [id, new Uint8Array(Buffer.from(b, "base64"))]));
    assert.equal(Object.keys(raw).length, s.changes.length + 1);
    holds(raw, s.expect);
  });
}
print({ made });
