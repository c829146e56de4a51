// One generation of the client: the modules as this folder's package.json pins them, and what was really resolved.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import * as core from "@automerge/automerge";
import * as repo from "@automerge/automerge-repo";
import { WebSocketClientAdapter } from "@automerge/automerge-repo-network-websocket";

export { core, repo, WebSocketClientAdapter };

/** The versions in use, followed from package to package as the modules themselves resolve one another. */
export function versions() {
  const here = createRequire(import.meta.url);
  const repoPath = here.resolve("@automerge/automerge-repo");
  const socketPath = here.resolve("@automerge/automerge-repo-network-websocket");
  const corePath = createRequire(repoPath).resolve("@automerge/automerge");
  const socketsRepo = createRequire(socketPath).resolve("@automerge/automerge-repo");
  if (corePath !== here.resolve("@automerge/automerge") || socketsRepo !== repoPath)
    throw new Error("the packages of one generation do not share their modules");
  return { repo: version(repoPath), socket: version(socketPath), core: version(corePath) };
}

/** The version in the package.json nearest above a resolved module that names a package. */
function version(path) {
  for (let dir = new URL("./", `file://${path}`); ; dir = new URL("../", dir)) {
    try {
      const found = JSON.parse(readFileSync(new URL("package.json", dir), "utf8"));
      if (found.version) return found.version;
    } catch (err) {
      if (err.code !== "ENOENT" || dir.pathname === "/") throw err;
    }
  }
}
