// Makes job documents with automerge 3.x: `node corpus.mjs JOBS CHANGES` writes, for each job and each of its changes in
// order, the change's length (u32, big endian), its hash (32 bytes) and its bytes to standard output. Two actors, the
// dispatcher and the worker, take turns, so that each history is linear.
import * as A from "automerge3";

const [jobs, changes] = process.argv.slice(2).map(Number);
const STREETS = ["Mill Lane", "Harbour Road", "Station Street", "Church Hill", "Kiln Close"];
const WORK = ["replace circulation pump", "annual boiler service", "leak under the sink", "no hot water", "fit smart meter"];
const STATUSES = ["published", "en_route", "started", "paused", "started", "finished"];
const pick = (list, n) => list[n % list.length];
const parts = [];

function emit(doc) {
  const change = A.getLastLocalChange(doc);
  const head = Buffer.alloc(4);
  head.writeUInt32BE(change.length);
  parts.push(head, Buffer.from(A.getHeads(doc)[0], "hex"), change);
  return change;
}

function job(n) {
  return {
    kind: "job",
    number: 10_000 + n,
    title: pick(WORK, n),
    customer: { name: `Customer ${n * 7919}`, phone: `+44 20 7946 ${String(n).padStart(4, "0")}` },
    address: { street: `${(n % 90) + 1} ${pick(STREETS, n)}`, city: "Dover", lat: 51.1279 + n / 1e4, lon: 1.3134 - n / 1e4 },
    scheduled: { from: `2026-11-${(n % 27) + 1}T08:00:00Z`, to: `2026-11-${(n % 27) + 1}T10:00:00Z` },
    description: `The customer reports: ${pick(WORK, n + 1)}. Ring twice, the dog is friendly.`,
    status_log: {},
    report: { notes: "" },
    checklist: {},
    comments: {},
    attachments: {},
  };
}

function edit(doc, n, i) {
  const id = `${n.toString(36)}-${i.toString(36)}-${((n * 2654435761 + i * 40503) >>> 0).toString(36)}`;
  return A.change(doc, (d) => {
    switch (i % 5) {
      case 0:
        d.status_log[id] = { status: pick(STATUSES, i), happened_at: 1_795_000_000_000 + i * 60_000, by: "dispatcher", after: [] };
        break;
      case 1:
        A.splice(d, ["report", "notes"], d.report.notes.length, 0, `${pick(WORK, n + i)}, part ${i}. `);
        break;
      case 2:
        d.checklist[`step-${i}`] = i % 2 === 0;
        break;
      case 3:
        d.comments[id] = { by: "dispatcher", text: `Comment ${i} on ${pick(STREETS, n + i)}` };
        break;
      default:
        d.report[`field_${i % 12}`] = `${n}/${i}`;
    }
  });
}

for (let n = 0; n < jobs; n++) {
  let mine = A.from(job(n));
  let theirs = A.applyChanges(A.init(), [emit(mine)])[0];
  for (let i = 1; i < changes; i++) {
    // Fifteen edits by one, then fifteen by the other: as a job goes to its worker and back.
    if (i % 15 === 0) [mine, theirs] = [theirs, mine];
    mine = edit(mine, n, i);
    theirs = A.applyChanges(theirs, [emit(mine)])[0];
  }
}
process.stdout.write(Buffer.concat(parts));
