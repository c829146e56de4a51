// Runs the cases for one pair of generations and prints one JSON line for each: {"case","ok","ms","error"}; the first line
// names the versions. Started by interop_test.go, which gives the addresses and is the network and the power switch
// (CONTROL: POST /cut, /heal, /kill, /start).
import { cases } from "./cases.mjs";
import { Peer, waiting } from "./peer.mjs";

/** A watchdog, not an expectation: a case that takes this long hangs. */
const WATCHDOG_MS = 90_000;

const env = process.env;
const gen = { writer: await import(`./${env.WRITER}/client.mjs`), reader: await import(`./${env.READER}/client.mjs`) };
const print = (line) => process.stdout.write(JSON.stringify(line) + "\n");
print({ versions: { writer: gen.writer.versions(), reader: gen.reader.versions() } });

const strays = []; // errors that nobody awaited
// The JS adapter throws what its socket reports, but for ECONNREFUSED; a line that is cut reports more than that.
const network = /ECONNRESET|ECONNREFUSED|EPIPE|socket hang up|Websocket not ready|closed before the connection/;
for (const event of ["uncaughtException", "unhandledRejection"])
  process.on(event, (err) => network.test(String(err?.code ?? "") + String(err)) || strays.push(err));

async function control(action) {
  const res = await fetch(`${env.CONTROL}/${action}`, { method: "POST" });
  if (!res.ok) throw new Error(`${action}: ${res.status} ${await res.text()}`);
}

function pending() {
  const describe = (what) => {
    try {
      return what();
    } catch (err) {
      return `${what} (${err})`;
    }
  };
  return [...waiting].map(describe).join("; ");
}

const only = env.ONLY ? new RegExp(env.ONLY) : /./;
let failed = 0;
for (const [name, run] of Object.entries(cases)) {
  if (!only.test(name)) continue;
  const peers = [];
  const join = (g, url, as) => (peers.push(new Peer(g, url, as)), peers.at(-1));
  const context = {
    gen,
    control,
    hasAuth: env.HAS_AUTH === "1",
    writer: (line) => join(gen.writer, line === "a" ? env.URL_LINE_A : env.URL_DISPATCHER, "writer"),
    reader: (line) => join(gen.reader, line === "b" ? env.URL_LINE_B : env.URL_DISPATCHER, "reader"),
    worker: () => join(gen.reader, env.URL_WORKER, "worker"),
  };
  const began = performance.now();
  let timer;
  const watchdog = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`watchdog: still waiting for: ${pending() || "a find"}`)), WATCHDOG_MS);
  });
  let error;
  try {
    await Promise.race([run(context), watchdog]);
    if (strays.length) throw strays[0];
  } catch (err) {
    error = err?.stack ?? String(err);
    failed++;
  }
  clearTimeout(timer);
  waiting.clear();
  strays.length = 0;
  print({ case: name, ok: error === undefined, ms: Math.round(performance.now() - began), error });
  for (const peer of peers) peer.close();
}
process.exit(failed ? 1 : 0);
