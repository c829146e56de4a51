// Makes changes for the test of who may write what (conformance/access), with automerge JS alone. It reads one JSON request a line and
// answers each with a line: {"docs": ...} lives for as long as the process.
//
//   {do: "base", doc, kind, bare, actors, me, assignees}   makes a document, in two changes, or one if it is to be bare; answers {changes}
//   {do: "own", doc, own, actor, me}                       adds to it what somebody has of his own: event, comment, file; answers {changes}
//   {do: "assign", doc, edit, actor, me}                   changes somebody's edit access in it, or takes it from him (null); answers {changes}
//   {do: "copy", doc, from}                                begins a document as another one
//   {do: "edit", doc, edit, actor, me, other}              makes a change of an edit named below, which the document does not keep; answers {changes}
//   {do: "make", edit, actor, me, other}                   makes the first change of a document; answers {changes}
//   {do: "edits"}                                          answers the names of all edits, and of all that make a document
//
// core is "3" (strings as texts, as this version writes them), "3 scalars" or "2.2". Changes are {hash, raw} with raw in base64.
import * as A3 from "automerge3";
import { next as A22 } from "automerge22";
import { createInterface } from "node:readline";

const SHA = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/** A core, and how it writes a string. */
function pen(core) {
  if (core === "2.2") return { A: A22, str: (s) => s };
  if (core === "3 scalars") return { A: A3, str: (s) => new A3.ImmutableString(s) };
  return { A: A3, str: (s) => s };
}

/** What stands in every document, of whatever kind; the first of two changes makes what tells who has to do with it. */
const first = ({ kind, assignees }, str) => {
  const root = { title: str("Pump") };
  if (kind) root.kind = str(kind);
  root.assignees = {};
  for (const [user, edit] of Object.entries(assignees ?? {})) root.assignees[user] = { edit };
  return root;
};

function second(d, { me }, { A, str }) {
  d.schema_version = 1;
  d.description = "Water at the wall.";
  d.scheduled_at = new Date(1_790_000_000_000);
  d.scheduled_duration = { minutes: 60 };
  d.address = { floor: str("1"), geolocation: { latitude: 52.5, longitude: 13.4 } };
  d.contacts = { k1: { name: str("Mrs Huber") } };
  d.client = { name: str("Huber") };
  d.custom_fields = { cf: { name: str("Key"), value: "at the neighbour's" } };
  d.possible_resolutions = { r1: { name: str("done") } };
  d.skills = { gas: true };
  d.tags = [str("urgent")];
  d.count = new A.Counter(1);
  d.status_log = { e1: { status: str("published"), happened_at: new Date(1_790_000_000_000), by: str(me), after: [], count: new A.Counter(1) } };
  d.comments = { theirs: { text: "Ring twice.", by: str(me), count: new A.Counter(1) } };
  d.attachments = { theirs: { sha256: str(SHA), name: str("plan.pdf"), by: str(me), count: new A.Counter(1) } };
  d.checklist = { i1: { text: str("valve"), done: false } };
  d.report_fields = { f1: { name: str("pressure"), value: "" }, f2: { name: str("cracks"), value: new A.Counter(0) }, f3: { name: str("parts"), value: [str("seal")] } };
}

/** An event as a client writes it. */
const event = (str, status, by, after = []) => {
  const e = { status: str(status), happened_at: new Date(1_790_000_100_000), after: after.map(str) };
  if (by) e.by = str(by);
  return e;
};
const comment = (str, by) => ({ text: "On my way.", by: str(by) });
const file = (str, by) => ({ sha256: str(SHA), name: str("leak.jpg"), size: 3, by: str(by) });

/** What is one's own; where one has none, another's. */
const mine = (map, other) => (map.mine ? "mine" : other);

/** Every edit: what it does to a draft of the document. c: {A, str, me, other}. */
const edits = {
  "kind: set": (d, c) => (d.kind = c.str("client")),
  "kind: set to the same": (d, c) => (d.kind = c.str("job")),
  "kind: delete": (d) => delete d.kind,
  "kind: edit": (d, c) => c.A.splice(d, ["kind"], 0, 1, "b"),
  "kind: add": (d, c) => (d.kind = c.str("job")),
  "title: set": (d, c) => (d.title = c.str("Pumps")),
  "title: delete": (d) => delete d.title,
  "title: edit": (d, c) => c.A.splice(d, ["title"], 0, 0, "x"),
  "new_key: add": (d) => (d.new_key = 1),
  "description: edit": (d, c) => c.A.splice(d, ["description"], 0, 5, "Oil"),
  "description: set": (d) => (d.description = "Nothing."),
  "scheduled_at: set": (d) => (d.scheduled_at = new Date(1_800_000_000_000)),
  "scheduled_duration/minutes: set": (d) => (d.scheduled_duration.minutes = 90),
  "address/geolocation/latitude: set": (d) => (d.address.geolocation.latitude = 53),
  "contacts/new: add": (d, c) => (d.contacts.k2 = { name: c.str("Mr Huber") }),
  "client: set": (d, c) => (d.client = { name: c.str("Maier") }),
  "custom_fields/cf/value: set": (d) => (d.custom_fields.cf.value = "lost"),
  "skills: delete": (d) => delete d.skills,
  "possible_resolutions/r1: delete": (d) => delete d.possible_resolutions.r1,
  "tags: edit": (d, c) => d.tags.push(c.str("loud")),
  "count: increment": (d) => d.count.increment(2),

  "assignees: set": (d) => (d.assignees = {}),
  "assignees: delete": (d) => delete d.assignees,
  "assignees/other: add": (d, c) => (d.assignees[c.other] = { edit: true }),
  "assignees/me: set": (d, c) => (d.assignees[c.me] = { edit: true }),
  "assignees/me/edit: set": (d, c) => {
    d.assignees[c.me] ??= {};
    d.assignees[c.me].edit = !d.assignees[c.me].edit;
  },

  "status_log: set": (d) => (d.status_log = {}),
  "status_log: delete": (d) => delete d.status_log,
  "status_log/new: add en_route": (d, c) => (d.status_log.n1 = event(c.str, "en_route", c.me, ["e1"])),
  "status_log/new: add started": (d, c) => (d.status_log.n2 = event(c.str, "started", c.me, ["e1"])),
  "status_log/new: add paused": (d, c) => (d.status_log.n3 = event(c.str, "paused", c.me, ["e1"])),
  "status_log/new: add finished": (d, c) => (d.status_log.n4 = { ...event(c.str, "finished", c.me, ["e1"]), resolution: c.str("r1") }),
  "status_log/new: add scheduled": (d, c) => (d.status_log.n5 = event(c.str, "scheduled", c.me, ["theirs"])),
  "status_log/new: add published": (d, c) => (d.status_log.n6 = event(c.str, "published", c.me)),
  "status_log/new: add cancelled": (d, c) => (d.status_log.n7 = event(c.str, "cancelled", c.me, ["e1"])),
  "status_log/new: add a status of tomorrow": (d, c) => (d.status_log.n8 = event(c.str, "of_tomorrow", c.me, ["e1"])),
  "status_log/new: add published after one's own": (d, c) => (d.status_log.n9 = event(c.str, "published", c.me, [mine(d.status_log, "e1")])),
  "status_log/new: add unsigned": (d, c) => (d.status_log.n10 = event(c.str, "started", "", ["e1"])),
  "status_log/new: add signed as another": (d, c) => (d.status_log.n11 = event(c.str, "started", c.other, ["e1"])),
  "status_log/new: add without a status": (d, c) => (d.status_log.n12 = { by: c.str(c.me) }),
  "status_log/new: add a text": (d, c) => (d.status_log.n13 = c.str("started")),
  "status_log/e1: set": (d, c) => (d.status_log.e1 = event(c.str, "started", c.me)),
  "status_log/e1: delete": (d) => delete d.status_log.e1,
  "status_log/e1/status: set": (d, c) => (d.status_log.e1.status = c.str("started")),
  "status_log/e1/status: delete": (d) => delete d.status_log.e1.status,
  "status_log/e1/status: edit": (d, c) => c.A.splice(d, ["status_log", "e1", "status"], 0, 0, "un"),
  "status_log/e1/note: add": (d, c) => (d.status_log.e1.note = c.str("late")),
  "status_log/e1/after: edit": (d, c) => d.status_log.e1.after.push(c.str("e0")),
  "status_log/e1/count: increment": (d) => d.status_log.e1.count.increment(1),
  "status_log/mine: set": (d, c) => (d.status_log[mine(d.status_log, "e1")] = event(c.str, "started", c.me)),
  "status_log/mine: delete": (d) => delete d.status_log[mine(d.status_log, "e1")],
  "status_log/mine/status: set": (d, c) => (d.status_log[mine(d.status_log, "e1")].status = c.str("finished")),
  "status_log/mine/note: add": (d, c) => (d.status_log[mine(d.status_log, "e1")].note = c.str("late")),

  "comments: set": (d) => (d.comments = {}),
  "comments: delete": (d) => delete d.comments,
  "comments/new: add": (d, c) => (d.comments.n1 = comment(c.str, c.me)),
  "comments/new: add unsigned": (d) => (d.comments.n2 = { text: "On my way." }),
  "comments/new: add signed as another": (d, c) => (d.comments.n3 = comment(c.str, c.other)),
  "comments/new: add a text": (d, c) => (d.comments.n4 = c.str("On my way.")),
  "comments/theirs: set": (d, c) => (d.comments.theirs = comment(c.str, c.me)),
  "comments/theirs: delete": (d) => delete d.comments.theirs,
  "comments/theirs/text: set": (d) => (d.comments.theirs.text = "No."),
  "comments/theirs/text: edit": (d, c) => c.A.splice(d, ["comments", "theirs", "text"], 0, 0, "Do not! "),
  "comments/theirs/text: delete": (d) => delete d.comments.theirs.text,
  "comments/theirs/count: increment": (d) => d.comments.theirs.count.increment(1),
  "comments/theirs/by: set": (d, c) => (d.comments.theirs.by = c.str(c.me)),
  "comments/mine: set": (d, c) => (d.comments[mine(d.comments, "theirs")] = comment(c.str, c.me)),
  "comments/mine: delete": (d) => delete d.comments[mine(d.comments, "theirs")],
  "comments/mine/text: set": (d) => (d.comments[mine(d.comments, "theirs")].text = "Later."),
  "comments/mine/text: edit": (d, c) => c.A.splice(d, ["comments", mine(d.comments, "theirs"), "text"], 0, 0, "Well: "),
  "comments/mine/count: increment": (d) => d.comments[mine(d.comments, "theirs")].count.increment(1),
  "comments/mine/by: set to another": (d, c) => (d.comments[mine(d.comments, "theirs")].by = c.str(c.other)),
  "comments/mine/by: delete": (d) => delete d.comments[mine(d.comments, "theirs")].by,

  "attachments: set": (d) => (d.attachments = {}),
  "attachments: delete": (d) => delete d.attachments,
  "attachments/new: add": (d, c) => (d.attachments.n1 = file(c.str, c.me)),
  "attachments/new: add signed as another": (d, c) => (d.attachments.n2 = file(c.str, c.other)),
  "attachments/theirs: delete": (d) => delete d.attachments.theirs,
  "attachments/theirs/name: set": (d, c) => (d.attachments.theirs.name = c.str("x")),
  "attachments/theirs/count: increment": (d) => d.attachments.theirs.count.increment(1),
  "attachments/mine: set": (d, c) => (d.attachments[mine(d.attachments, "theirs")] = file(c.str, c.me)),
  "attachments/mine: delete": (d) => delete d.attachments[mine(d.attachments, "theirs")],
  "attachments/mine/name: set": (d, c) => (d.attachments[mine(d.attachments, "theirs")].name = c.str("y")),
  "attachments/mine/name: edit": (d, c) => c.A.splice(d, ["attachments", mine(d.attachments, "theirs"), "name"], 0, 0, "z"),

  "checklist: set": (d) => (d.checklist = {}),
  "checklist/new: add": (d, c) => (d.checklist.i2 = { text: c.str("pump") }),
  "checklist/i1: set": (d, c) => (d.checklist.i1 = { text: c.str("valve"), done: true }),
  "checklist/i1: delete": (d) => delete d.checklist.i1,
  "checklist/i1/text: set": (d, c) => (d.checklist.i1.text = c.str("valves")),
  "checklist/i1/done: set": (d) => (d.checklist.i1.done = true),
  "checklist/i1/done: delete": (d) => delete d.checklist.i1.done,
  "checklist/i1/done_at: add": (d) => (d.checklist.i1.done_at = new Date(1_790_000_000_000)),
  "checklist/i1/by: add": (d, c) => (d.checklist.i1.by = c.str(c.me)),
  "checklist/i1/by: add another": (d, c) => (d.checklist.i1.by = c.str(c.other)),

  "report_fields: delete": (d) => delete d.report_fields,
  "report_fields/new: add": (d, c) => (d.report_fields.f9 = { name: c.str("smell"), value: "" }),
  "report_fields/f1: set": (d, c) => (d.report_fields.f1 = { name: c.str("pressure"), value: "3 bar" }),
  "report_fields/f1: delete": (d) => delete d.report_fields.f1,
  "report_fields/f1/name: set": (d, c) => (d.report_fields.f1.name = c.str("x")),
  "report_fields/f1/value: set": (d) => (d.report_fields.f1.value = "3 bar"),
  "report_fields/f1/value: delete": (d) => delete d.report_fields.f1.value,
  "report_fields/f1/value: edit": (d, c) => c.A.splice(d, ["report_fields", "f1", "value"], 0, 0, "4 bar"),
  "report_fields/f1/value: set to a map": (d, c) => (d.report_fields.f1.value = { low: 3, parts: [c.str("seal")] }),
  "report_fields/f2/value: increment": (d) => d.report_fields.f2.value.increment(1),
  "report_fields/f3/value: edit": (d, c) => d.report_fields.f3.value.push(c.str("pipe")),

  "status_log/new and title: in one change": (d, c) => {
    d.status_log.n20 = event(c.str, "started", c.me, ["e1"]);
    d.title = c.str("Pumps");
  },
  "comments/new and comments/theirs: in one change": (d, c) => {
    d.comments.n20 = comment(c.str, c.me);
    delete d.comments.theirs;
  },
  "report_fields/f1/value and description: edit in one change": (d, c) => {
    c.A.splice(d, ["report_fields", "f1", "value"], 0, 0, "5 bar");
    c.A.splice(d, ["description"], 0, 5, "Oil");
  },

  // Of a document that lacks the maps.
  "comments: add": (d, c) => (d.comments = { n1: comment(c.str, c.me) }),
  "status_log: add": (d, c) => (d.status_log = { n1: event(c.str, "started", c.me) }),
  "attachments: add": (d, c) => (d.attachments = { n1: file(c.str, c.me) }),
  "checklist: add": (d) => (d.checklist = {}),
  "report_fields: add": (d) => (d.report_fields = {}),
};

/** Edits as of the document's first change: what came since is not known to them, and they win over it. */
const old = {
  "comments: set at old heads": (d, c) => (d.comments = { n1: comment(c.str, c.me) }),
  "status_log: set at old heads": (d, c) => (d.status_log = { n1: event(c.str, "started", c.me) }),
  "attachments: set at old heads": (d) => (d.attachments = {}),
  "kind: set at old heads": (d, c) => (d.kind = c.str("client")),
};

/** First changes of documents. */
const makes = {
  "a job": (d, c) => Object.assign(d, { kind: c.str("job"), title: c.str("Leak"), status_log: { e1: event(c.str, "published", c.me) }, assignees: { [c.me]: { edit: true } } }),
  "a job for another": (d, c) => Object.assign(d, { kind: c.str("job"), assignees: { [c.other]: { edit: true } } }),
  "a job from a template": (d, c) => Object.assign(d, { kind: c.str("job"), template: { uuid: c.str("open-template"), name: c.str("Leak") } }),
  "a job from a template for dispatchers": (d, c) => Object.assign(d, { kind: c.str("job"), template: { uuid: c.str("closed-template") } }),
  "a template": (d, c) => Object.assign(d, { kind: c.str("template"), uuid: c.str("made"), worker_create: true }),
  "a client": (d, c) => Object.assign(d, { kind: c.str("client"), name: c.str("Huber") }),
  "a site": (d, c) => Object.assign(d, { kind: c.str("site"), name: c.str("Mill") }),
  "a document of another kind": (d, c) => Object.assign(d, { kind: c.str("invoice"), status_log: { x: 1 } }),
  "a document of no kind": (d) => Object.assign(d, { anything: 1 }),
};

/** Templates that making needs. */
const templates = {
  open: (d, c) => Object.assign(d, { kind: c.str("template"), uuid: c.str("open-template"), worker_create: true }),
  closed: (d, c) => Object.assign(d, { kind: c.str("template"), uuid: c.str("closed-template"), worker_create: false }),
};

const docs = new Map();

function newest(A, doc) {
  const raw = A.getLastLocalChange(doc);
  return { hash: A.decodeChange(raw).hash, raw: Buffer.from(raw).toString("base64") };
}

function answer(q) {
  const p = pen(q.core);
  const { A, str } = p;
  const c = { A, str, me: q.me, other: q.other };
  switch (q.do) {
    case "edits":
      return { edits: [...Object.keys(edits), ...Object.keys(old)], makes: Object.keys(makes) };
    case "base": {
      let doc = A.change(A.init({ actor: q.actors[0] }), (d) => void Object.assign(d, first(q, str)));
      const changes = [newest(A, doc)];
      if (!q.bare) {
        doc = A.change(A.clone(doc, { actor: q.actors[1] }), (d) => void second(d, q, p));
        changes.push(newest(A, doc));
      }
      docs.set(q.doc, { A, doc, first: [changes[0].hash] });
      return { changes };
    }
    case "make": {
      const doc = A.change(A.init({ actor: q.actor }), (d) => void (makes[q.edit] ?? templates[q.edit])(d, c));
      return { changes: [newest(A, doc)] };
    }
    case "copy": {
      const from = docs.get(q.from);
      docs.set(q.doc, { ...from, doc: A.clone(from.doc) });
      return {};
    }
    case "edit": {
      const at = docs.get(q.doc);
      let doc = A.clone(at.doc, { actor: q.actor });
      if (old[q.edit]) doc = A.changeAt(doc, at.first, (d) => void old[q.edit](d, c)).newDoc;
      else doc = A.change(doc, (d) => void edits[q.edit](d, c));
      const made = newest(A, doc);
      if (A.getHeads(at.doc).includes(made.hash)) throw new Error("nothing was changed");
      return { changes: [made] };
    }
    case "own": {
      // What the author has written in the document already: an event if he may, a comment, a file.
      const at = docs.get(q.doc);
      at.doc = A.change(A.clone(at.doc, { actor: q.actor }), (d) => {
        if (q.own.includes("event")) d.status_log.mine = event(str, "en_route", q.me, ["e1"]);
        if (q.own.includes("comment")) d.comments.mine = { ...comment(str, q.me), count: new A.Counter(1) };
        if (q.own.includes("file")) d.attachments.mine = file(str, q.me);
      });
      return { changes: [newest(A, at.doc)] };
    }
    case "assign": {
      // A dispatcher's: edit is true, false, or null for nobody.
      const at = docs.get(q.doc);
      at.doc = A.change(A.clone(at.doc, { actor: q.actor }), (d) => {
        if (q.edit === null) delete d.assignees[q.me];
        else d.assignees[q.me].edit = q.edit;
      });
      return { changes: [newest(A, at.doc)] };
    }
  }
  throw new Error(`no such request: ${q.do}`);
}

for await (const line of createInterface({ input: process.stdin })) {
  const q = JSON.parse(line);
  let a;
  try {
    a = answer(q);
  } catch (err) {
    a = { error: `${q.do} ${q.edit ?? ""}: ${err?.stack ?? err}` };
  }
  process.stdout.write(JSON.stringify({ id: q.id, ...a }) + "\n");
}
