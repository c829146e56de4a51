// The rules of a job document in JavaScript, written from docs/JOB.md and not from the Go code: status, timestamps, resolution,
// transitions, clashes. It works on a document as automerge gives it: maps are objects, times are Dates, texts are strings, scalar
// strings are strings or objects that hold one in val.

const STATUSES = ["scheduled", "published", "en_route", "paused", "started", "cancelled", "finished"];
const WORKERS = ["en_route", "started", "paused", "finished"];

export const rank = (status) => STATUSES.indexOf(status) + 1;

export function text(v) {
  if (typeof v === "string") return v;
  return typeof v?.val === "string" ? v.val : undefined;
}

export function isMap(v) {
  return typeof v === "object" && v !== null && !Array.isArray(v) && Object.getPrototypeOf(v) === Object.prototype;
}

const FIRST = -62167219200000;
const LAST = 253402300799999;

/** Milliseconds since 1970 of what is a time, 0 of what is none. */
function time(v) {
  const ms = v instanceof Date ? v.getTime() : typeof v === "bigint" ? Number(v) : v;
  return typeof ms === "number" && Number.isInteger(ms) && ms >= FIRST && ms <= LAST ? ms : 0;
}

const byUTF8 = (a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b));

/** The entries of the log that are events. */
function events(log) {
  if (!isMap(log)) return [];
  const out = [];
  for (const [id, e] of Object.entries(log)) {
    const status = isMap(e) ? text(e.status) : undefined;
    if (!status) continue;
    const after = Array.isArray(e.after) ? e.after.map(text).filter((name) => name !== undefined) : [];
    const resolution = isMap(e.resolution) ? text(e.resolution.uuid) || text(e.resolution.name) : text(e.resolution);
    out.push({ id, status, after, at: time(e.happened_at), note: text(e.note) ?? "", resolution: resolution ?? "" });
  }
  return out;
}

/** Everything that follows from a log. */
export function outcome(log) {
  const all = events(log);
  const byID = new Map(all.map((e) => [e.id, e]));
  const named = (e) => e.after.filter((id) => id !== e.id && byID.has(id)).map((id) => byID.get(id));
  // What each event comes after, directly or by others. Logs are short: no need to be clever.
  const below = new Map();
  for (const e of all) {
    const seen = new Set();
    const todo = named(e);
    while (todo.length) {
      const x = todo.pop();
      if (!seen.has(x)) todo.push(...named((seen.add(x), x)));
    }
    below.set(e, seen);
  }
  const oneCircle = (a, b) => a === b || (below.get(a).has(b) && below.get(b).has(a));
  const settled = (e) => all.some((y) => !oneCircle(y, e) && named(y).some((m) => oneCircle(m, e)));
  const standing = all.filter((e) => !settled(e));
  standing.sort((a, b) => rank(b.status) - rank(a.status) || b.at - a.at || byUTF8(b.id, a.id));
  const takenBack = (e) => all.some((r) => ["scheduled", "published"].includes(r.status) && below.get(r).has(e) && !oneCircle(r, e));
  const status = standing[0]?.status ?? "scheduled";

  const timestamps = {};
  const times = (s) => all.filter((e) => e.status === s && e.at !== 0 && !takenBack(e)).map((e) => e.at);
  const put = (name, values, pick) => values.length && (timestamps[name] = pick(...values));
  put("en_route_at", times("en_route"), Math.min);
  put("started_at", times("started"), Math.min);
  put("suspended_at", times("paused"), Math.max);
  if (status === "finished" && standing[0].at !== 0) timestamps.finished_at = standing[0].at;
  return { status, standing: standing.map((e) => e.id), statuses: standing.map((e) => e.status), clash: standing.length > 1, timestamps, winner: standing[0] };
}

/** How a finished job ended; undefined for one that is not, or that says nothing. */
export function resolution(root) {
  const o = outcome(root.status_log);
  if (o.status !== "finished") return undefined;
  let key = o.winner.resolution;
  let uuid = "";
  if (!key) {
    const r = root.resolution;
    uuid = isMap(r) ? text(r.uuid) ?? "" : "";
    key = (isMap(r) ? text(r.name) : text(r)) ?? "";
  }
  const possible = Object.entries(isMap(root.possible_resolutions) ? root.possible_resolutions : {}).filter(([, p]) => isMap(p));
  const found = possible.find(([id]) => id === key || (uuid && id === uuid)) ?? possible.find(([, p]) => text(p.name) === key);
  const out = found
    ? { uuid: found[0], name: text(found[1].name), successful: found[1].successful === true }
    : { ...(uuid && { uuid }), ...(key && { name: key }) };
  if (o.winner.note) out.note = o.winner.note;
  return Object.keys(out).length ? out : undefined;
}

const NEXT = {
  worker: { published: ["en_route", "started"], en_route: ["started"], started: ["paused", "finished"], paused: ["started", "finished"] },
  dispatcher: {
    scheduled: ["published", "cancelled"],
    published: ["scheduled", "en_route", "started", "finished", "cancelled"],
    en_route: ["scheduled", "published", "started", "finished", "cancelled"],
    started: ["scheduled", "published", "paused", "finished", "cancelled"],
    paused: ["scheduled", "published", "started", "finished", "cancelled"],
    finished: ["scheduled", "published", "started", "cancelled"],
    cancelled: ["scheduled", "published"],
  },
};

/** The statuses that somebody of a class may set now, in the order of STATUSES. */
export function next(log, who) {
  const o = outcome(log);
  const out = new Set(NEXT[who][o.status] ?? []);
  if (rank(o.status) === 0 && who === "dispatcher") STATUSES.forEach((s) => out.add(s));
  if (o.clash) for (const s of o.statuses) if (rank(s) && (who === "dispatcher" || WORKERS.includes(s))) out.add(s);
  return STATUSES.filter((s) => out.has(s));
}

const ENTRIES = ["status_log", "assignees", "attachments", "comments", "custom_fields", "report_fields", "checklist", "contacts", "possible_resolutions", "skills", "external_ids"];

/** A value as the JSON form has it. */
export function plain(v) {
  const s = text(v);
  if (s !== undefined) return s;
  if (v instanceof Date) return v.toISOString();
  if (Array.isArray(v)) return v.map(plain);
  if (isMap(v)) return Object.fromEntries(Object.keys(v).sort(byUTF8).map((k) => [k, plain(v[k])]));
  if (typeof v === "bigint") return Number(v);
  return v ?? null;
}

/** What several people wrote at once: the status first, then by path. getConflicts is automerge's. */
export function clashes(doc, getConflicts) {
  const out = [];
  const o = outcome(doc.status_log);
  if (o.clash) out.push({ kind: "status", field: "status", values: o.statuses });
  walk(doc, []);
  return out;

  function walk(map, path) {
    for (const key of Object.keys(map).sort(byUTF8)) {
      const at = [...path, key];
      const c = getConflicts(map, key);
      if (c && Object.keys(c).length > 1) note(map[key], c, at);
      if (isMap(map[key])) walk(map[key], at);
    }
  }

  function note(wins, conflicts, at) {
    const last = at.at(-1);
    if ((at[0] === "status_log" && at.length > 1) || last === "position") return;
    if (at[0] === "checklist" && at.length === 3 && (last === "done_at" || last === "by")) return;
    const order = Object.keys(conflicts).sort((a, b) => {
      const [[n, x], [m, y]] = [a.split("@"), b.split("@")];
      return Number(m) - Number(n) || byUTF8(y, x);
    });
    const values = order.map((id) => plain(conflicts[id]));
    const clash = { kind: "field", field: at.join("."), values };
    const entry = at.length > 1 ? doc[at[0]]?.[at[1]] : undefined;
    const name = isMap(entry) ? text(entry.name) || text(entry.text) : undefined;
    if (name) clash.name = name;
    if (at.length === 1 && ENTRIES.includes(last)) {
      clash.kind = "entries";
      const missing = values.slice(1).some((v) => isMap(v) && Object.keys(v).some((k) => !isMap(wins) || !(k in wins)));
      if (!missing) return;
    } else if (new Set(values.map((v) => JSON.stringify(v))).size === 1) return;
    out.push(clash);
  }
}
