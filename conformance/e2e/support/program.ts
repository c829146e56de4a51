import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** The top of the repository. */
export const top = fileURLToPath(new URL('../../../', import.meta.url));

/** A program of ours: FIELDSYNCD, LINKPROXY and so on name one, else it is in bin/. */
export function program(name: string): string {
  return process.env[name.toUpperCase()] ?? `${top}bin/${name}`;
}

/** A port of loopback that is free now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** A child process with its last words. */
export class Program {
  readonly #child: ChildProcess;
  readonly #said: string[] = [];
  readonly #listeners = new Set<(line: string) => void>();

  constructor(path: string, args: readonly string[], env: Record<string, string> = {}) {
    this.#child = spawn(path, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', ...env } });
    for (const stream of [this.#child.stdout!, this.#child.stderr!])
      createInterface(stream).on('line', (line) => {
        this.#said.push(line);
        if (this.#said.length > 400) this.#said.shift();
        this.#listeners.forEach((f) => f(line));
      });
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** What it said last. */
  get words(): string {
    return this.#said.join('\n');
  }

  /** Waits for a line, said already or still to come. */
  async line(pattern: RegExp): Promise<RegExpMatchArray> {
    for (const line of this.#said) {
      const found = line.match(pattern);
      if (found) return found;
    }
    return await new Promise((resolve, reject) => {
      const listen = (line: string) => {
        const found = line.match(pattern);
        if (!found) return;
        this.#listeners.delete(listen);
        resolve(found);
      };
      this.#listeners.add(listen);
      this.#child.once('exit', () => reject(new Error(`it ended before it said ${pattern}:\n${this.words}`)));
      this.#child.once('error', reject);
    });
  }

  /** Waits until an address answers 200. */
  async answers(url: string): Promise<void> {
    for (;;) {
      if (!this.running) throw new Error(`it ended:\n${this.words}`);
      const ok = await fetch(url).then(
        (r) => r.ok,
        () => false,
      );
      if (ok) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (!this.running) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill(signal);
    await gone;
  }
}
