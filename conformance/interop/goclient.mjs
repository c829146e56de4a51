// An unmodified automerge-repo client that is told what to do, for the tests with our Go client: one JSON command a line on
// standard input, one JSON answer a line on standard output. GEN is the generation, URL the server.
import { createInterface } from "node:readline";
import { Peer, same, until } from "./peer.mjs";

const env = process.env;
const gen = await import(`./${env.GEN}/client.mjs`);
const peer = new Peer(gen, env.URL, "js");
let handle;

// The JS adapter throws what its socket reports when the server is killed.
const network = /ECONNRESET|ECONNREFUSED|EPIPE|socket hang up|Websocket not ready|closed before the connection/;
for (const event of ["uncaughtException", "unhandledRejection"])
  process.on(event, (err) => {
    if (network.test(String(err?.code ?? "") + String(err))) return;
    console.error(err);
    process.exit(1);
  });

const commands = {
  async create({ value }) {
    // What an object is made of in this generation's own types: text is its string, a counter its Counter.
    handle = peer.repo.create({ ...value, counter: new gen.repo.Counter(0) });
    return { id: handle.documentId };
  },
  async find({ url }) {
    handle = await peer.repo.find(url);
    return {};
  },
  async finds_nothing({ url }) {
    await peer.finds_nothing(url);
    return {};
  },
  /** Edits i to i+n-1, each in a change of its own: text, list, map, counter. */
  async edit({ from, n }) {
    for (let i = from; i < from + n; i++)
      handle.change((d) => {
        gen.repo.splice(d, ["text"], d.text.length, 0, `<js${i}>`);
        d.list.push(`js${i}`);
        d.map[`js${i}`] = { by: "js", n: i };
        d.counter.increment(2);
      });
    return { heads: peer.heads(handle) };
  },
  async acknowledged() {
    await peer.acknowledged(handle);
    return {};
  },
  async disconnected() {
    await peer.disconnected();
    return {};
  },
  /** Waits until this client holds exactly these heads, and shows the document. */
  async shows({ heads }) {
    await until(
      () => same(peer.heads(handle), heads),
      () => "heads",
    );
    return { shows: peer.shows(handle) };
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
