// The edits of conformance/vectors/job and of conformance/jobs, made on a document of automerge JS. core is the automerge to use.
import { isMap } from "./jobrules.mjs";

/** A value as automerge takes it. A string becomes a text object: so does every string of an automerge 3 application. */
export function value(core, v) {
  if (Array.isArray(v)) return v.map((e) => value(core, e));
  if (!isMap(v)) return v;
  if ("$time" in v) return new Date(v.$time);
  if ("$text" in v) return v.$text;
  if ("$counter" in v) return new core.Counter(v.$counter);
  return Object.fromEntries(Object.entries(v).map(([k, e]) => [k, value(core, e)]));
}

/** Makes the edits in a change: d is the document inside of it. */
export function apply(core, d, edits) {
  for (const { op, path, value: v, text } of edits) {
    const parent = path.slice(0, -1).reduce((m, step) => m[step], d);
    const key = path.at(-1);
    if (op === "set") parent[key] = value(core, v);
    else if (op === "delete") delete parent[key];
    else if (op === "map") parent[key] ??= {};
    else if (op === "text" && key in parent) core.updateText(d, path, text);
    else if (op === "text") parent[key] = text;
    else throw new Error(`no edit ${op}`);
  }
}
