// An unmodified automerge-repo client that works on many jobs as it is told, for conformance/jobs: one JSON command a line on standard
// input, one JSON answer a line on standard output. GEN is the generation, URL the server.
import { createInterface } from "node:readline";
import { apply } from "./jobedits.mjs";
import { Peer, same, until } from "./peer.mjs";
import * as rules from "./jobrules.mjs";

const env = process.env;
const gen = await import(`./${env.GEN}/client.mjs`);
const peer = new Peer(gen, env.URL, "jobs");
const handles = new Map();

const commands = {
  async find({ urls }) {
    for (const handle of await Promise.all(urls.map((url) => peer.repo.find(url)))) handles.set(handle.documentId, handle);
    return {};
  },
  async edit({ id, edits }) {
    handles.get(id).change((d) => apply(gen.repo, d, edits));
    return {};
  },
  async acknowledged() {
    await Promise.all([...handles.values()].map((handle) => peer.acknowledged(handle)));
    return {};
  },
  /** Waits until this client holds exactly these heads, and says what the job comes to. */
  async answer({ id, heads }) {
    const handle = handles.get(id);
    await until(
      () => same(peer.heads(handle), heads),
      () => `heads of ${id}`,
    );
    const doc = handle.doc();
    const { status, standing, timestamps } = rules.outcome(doc.status_log);
    return { status, standing, timestamps, resolution: rules.resolution(doc) ?? null, clashes: rules.clashes(doc, gen.repo.getConflicts), tree: rules.plain(doc) };
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
