// `node mirror.mjs GENERATION SERVER DOCUMENT`: an unmodified client finds a document, adds an entry to the map "mirror", waits
// for the server's acknowledgement, and prints what it has: {"heads","changes","found","doc"}; found is the number of
// changes before its own. Tests in Go use it as the other end of what they send themselves.
import { Peer } from "./peer.mjs";

const [generation, server, url] = process.argv.slice(2);
const gen = await import(`./${generation}/client.mjs`);
const peer = new Peer(gen, server, "mirror");
const handle = await peer.repo.find(url);
const found = gen.core.getAllChanges(handle.doc()).length;
handle.change((d) => {
  if (!d.mirror) d.mirror = {};
  d.mirror[generation] = true;
});
await peer.acknowledged(handle);
const changes = gen.core.getAllChanges(handle.doc()).length;
process.stdout.write(JSON.stringify({ heads: peer.heads(handle), changes, found, doc: peer.shows(handle) }), () => process.exit(0));
