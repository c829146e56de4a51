// A bare relay: forwards each binary frame to the other sockets of the same room (the URL's path), and does nothing
// else. It is the floor that the bench compares with. HOST and PORT come from the environment.
import http from "node:http";
import { WebSocketServer } from "ws";

const rooms = new Map();
const sockets = new WebSocketServer({ noServer: true });
const server = http.createServer((_req, res) => res.end("relay\n"));
server.on("upgrade", (req, socket, head) =>
  sockets.handleUpgrade(req, socket, head, (ws) => {
    const name = req.url;
    const room = rooms.get(name) ?? new Set();
    rooms.set(name, room.add(ws));
    ws.on("message", (data) => {
      for (const other of room) if (other !== ws) other.send(data, { binary: true });
    });
    ws.on("error", () => {});
    ws.on("close", () => {
      room.delete(ws);
      if (room.size === 0) rooms.delete(name);
    });
  }),
);
server.listen(Number(process.env.PORT), process.env.HOST ?? "127.0.0.1", 4096);
process.on("SIGTERM", () => process.exit(0));
