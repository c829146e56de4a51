// Reads one JSON request a line, {"changes": [base64, …]}, applies the changes in several orders on automerge JS 3.x, and answers what the
// job comes to by jobrules.mjs, one JSON line each. Started by conformance/jobs.
import assert from "node:assert/strict";
import { createInterface } from "node:readline";
import * as Automerge from "automerge3";
import * as rules from "./jobrules.mjs";

function comesTo(changes) {
  let doc = Automerge.init();
  for (const raw of changes) [doc] = Automerge.applyChanges(doc, [raw]);
  const { status, standing, timestamps } = rules.outcome(doc.status_log);
  return { status, standing, timestamps, resolution: rules.resolution(doc) ?? null, clashes: rules.clashes(doc, Automerge.getConflicts), tree: rules.plain(doc) };
}

for await (const line of createInterface({ input: process.stdin })) {
  const changes = JSON.parse(line).changes.map((b) => new Uint8Array(Buffer.from(b, "base64")));
  const answer = comesTo(changes);
  // Backwards, and from the middle: what comes before its dependencies waits for them.
  const middle = changes.length >> 1;
  for (const order of [changes.toReversed(), [...changes.slice(middle), ...changes.slice(0, middle)]]) assert.deepEqual(comesTo(order), answer);
  process.stdout.write(JSON.stringify(answer) + "\n");
}
