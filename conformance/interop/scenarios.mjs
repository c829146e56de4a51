// People with unmodified automerge-repo clients who work without a network, told what to do by conformance/scenarios: one JSON command
// a line on standard input, one JSON answer a line on standard output. Everything of one generation of the client, gen25.
import { createInterface } from "node:readline";
import * as gen from "./gen25/client.mjs";
import * as rules from "./jobrules.mjs";
import { Peer, same, until } from "./peer.mjs";

console.log = console.error; // standard output is for answers, also where the library says something

const people = new Map(); // name -> {peer, user, handles: document id -> handle}

// The adapter throws what its socket reports when the network is cut.
const network = /ECONNRESET|ECONNREFUSED|EPIPE|socket hang up|Websocket not ready|closed before the connection/;
for (const event of ["uncaughtException", "unhandledRejection"])
  process.on(event, (err) => {
    if (network.test(String(err?.code ?? "") + String(err))) return;
    console.error(err);
    process.exit(1);
  });

/** What somebody does to a job, each an edit as docs/JOB.md says that it is made. */
const actions = {
  status(d, a, user) {
    const e = { status: a.status, happened_at: new Date(a.when), by: user, after: rules.outcome(d.status_log).standing.toSorted() };
    if (a.status === "finished") e.resolution = "r1";
    d.status_log[a.id] = e;
  },
  comment(d, a, user) {
    d.comments[a.id] = { text: a.text, by: user, happened_at: new Date(a.when) };
  },
  attach(d, a, user) {
    d.attachments[a.id] = { sha256: a.text, size: 1024, media_type: "image/jpeg", by: user, taken_at: new Date(a.when) };
  },
  tick(d, a, user) {
    Object.assign(d.checklist[a.item], { done: true, done_at: new Date(a.when), by: user });
  },
  fill(d, a) {
    d.report_fields[a.item].value = a.number;
  },
  describe(d, a) {
    // Indexes count UTF-16 units here; the description has no surrogates but whole ones, at its end.
    gen.repo.splice(d, ["description"], Math.min(a.index, d.description.length), Math.min(a.delete, Math.max(0, d.description.length - a.index)), a.text);
  },
  rename(d, a) {
    d.title = a.text;
  },
  reassign(d, a) {
    for (const user of Object.keys(d.assignees)) if (!a.users.includes(user)) delete d.assignees[user];
    for (const user of a.users) d.assignees[user] ??= { edit: true };
  },
};

const handleOf = ({ who, doc }) => people.get(who).handles.get(doc);

const commands = {
  async start({ who, url, user }) {
    const peer = new Peer(gen, url, `js-${who}`);
    people.set(who, { peer, user, handles: new Map() });
    await peer.connected();
    return {};
  },
  async find({ copies }) {
    for (const { who, doc } of copies) {
      const p = people.get(who);
      p.handles.set(doc, await p.peer.repo.find(`automerge:${doc}`));
    }
    return {};
  },
  async disconnected() {
    for (const { peer } of people.values()) await peer.disconnected();
    return {};
  },
  /** Each action is a change of its own. The answer has their hashes. */
  async act({ acts }) {
    const made = [];
    for (const act of acts) {
      const handle = handleOf(act);
      const { peer, user } = people.get(act.who);
      const hashes = [];
      for (const a of act.actions) {
        const before = peer.heads(handle);
        handle.change((d) => actions[a.do](d, a, user));
        const now = peer.heads(handle);
        if (now.length !== 1 || same(now, before)) throw new Error(`${a.do} made ${now}`);
        hashes.push(now[0]);
      }
      made.push(hashes);
    }
    return { made };
  },
  async connected() {
    for (const { peer } of people.values()) await peer.connected();
    return {};
  },
  /** Waits until the server has said that it holds all that these copies hold. */
  async acknowledged({ copies }) {
    for (const c of copies) await people.get(c.who).peer.acknowledged(handleOf(c));
    return {};
  },
  /** Waits until the copies have heads, and says what they come to. */
  async shows({ copies }) {
    const shows = [];
    for (const c of copies) {
      const { peer } = people.get(c.who);
      const handle = handleOf(c);
      await until(
        () => same(peer.heads(handle), c.heads),
        () => `${c.doc} has ${peer.heads(handle)}, not ${c.heads}`,
      );
      const doc = gen.core.load(gen.core.save(handle.doc()));
      const { status, standing, timestamps } = rules.outcome(doc.status_log);
      shows.push({ status, standing, timestamps, tree: rules.plain(doc), clashes: rules.clashes(doc, gen.core.getConflicts) });
    }
    return { shows };
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line);
  let answer;
  try {
    answer = await commands[command.do](command);
  } catch (err) {
    answer = { error: err?.stack ?? String(err) };
  }
  process.stdout.write(JSON.stringify(answer) + "\n");
}
process.exit(0);
