// The reference server: automerge-repo 2.5.6 with its WebSocket adapter and nodefs storage, put together as the public
// automerge-repo-sync-server does it. HOST, PORT and DATA_DIR come from the environment, and KEEP_ALIVE_MS for a link on which a
// pong takes longer than the adapter's default of 5 s (it ends the connection of whoever has not answered by the next ping).
import http from "node:http";
import { Repo } from "@automerge/automerge-repo";
import { WebSocketServerAdapter } from "@automerge/automerge-repo-network-websocket";
import { NodeFSStorageAdapter } from "@automerge/automerge-repo-storage-nodefs";
import { WebSocketServer } from "ws";

const sockets = new WebSocketServer({ noServer: true });
const server = http.createServer((_req, res) => res.end("automerge-repo\n"));
server.on("upgrade", (req, socket, head) =>
  sockets.handleUpgrade(req, socket, head, (ws) => sockets.emit("connection", ws, req)),
);
const repo = new Repo({
  network: [new WebSocketServerAdapter(sockets, Number(process.env.KEEP_ALIVE_MS) || undefined)],
  storage: new NodeFSStorageAdapter(process.env.DATA_DIR),
  peerId: `storage-server-${process.pid}`,
  sharePolicy: async () => false,
});
// Whoever joins before the repo has read its storage id is thrown out: listen after that.
await repo.storageId();
await new Promise((resolve) => setTimeout(resolve, 100));
server.listen(Number(process.env.PORT), process.env.HOST ?? "127.0.0.1", 4096);
// A graceful stop saves what the repo has not saved yet; the public server just ends. The bench restarts it this way.
process.on("SIGTERM", () => repo.flush().finally(() => process.exit(0)));
