import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const top = fileURLToPath(new URL('../../../../', import.meta.url));
let built: string | undefined;

/** The server program: FIELDSYNCD, or built from the tree once in this process. */
function program(): string {
  if (process.env['FIELDSYNCD']) return process.env['FIELDSYNCD'];
  if (!built) {
    built = join(mkdtempSync(join(tmpdir(), 'fieldsyncd-')), 'fieldsyncd');
    execFileSync('go', ['build', '-o', built, './server/cmd/fieldsyncd'], { cwd: top, stdio: 'inherit' });
  }
  return built;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const s = createServer();
    s.once('error', reject);
    s.listen(0, '127.0.0.1', () => {
      const address = s.address();
      s.close(() => (typeof address === 'object' && address ? resolve(address.port) : reject(new Error('no port'))));
    });
  });
}

/** A real fieldsyncd with demonstration data on loopback. */
export class Server {
  #child: ChildProcess | undefined;
  private constructor(readonly url: string, private readonly dir: string) {}

  static async start(): Promise<Server> {
    const server = new Server(`http://127.0.0.1:${await freePort()}`, mkdtempSync(join(tmpdir(), 'fieldsync-data-')));
    await server.run();
    return server;
  }

  async run(): Promise<void> {
    const child = spawn(program(), ['serve', '--demo', '--listen', this.url.slice('http://'.length), '--data', this.dir], { stdio: 'ignore' });
    this.#child = child;
    await until(async () => {
      if (child.exitCode !== null) throw new Error(`fieldsyncd ended with ${child.exitCode}`);
      return (await fetch(`${this.url}/readyz`).catch(() => undefined))?.ok === true;
    });
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await ended;
  }

  async end(): Promise<void> {
    await this.stop('SIGKILL');
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** A network that can be cut, or taken over by a page of its own: a TCP proxy in front of a server. */
export class Network {
  readonly #sockets = new Set<Socket>();
  #cut = false;
  #page: string | undefined;
  /** Bytes that may still go to the server before it is cut; Infinity: no bound. */
  left = Infinity;
  sent = 0;
  private constructor(readonly url: string, private readonly close: () => void) {}

  static async to(url: string): Promise<Network> {
    const port = Number(new URL(url).port);
    const listener = createServer((from) => network.#join(from, port));
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
    const address = listener.address();
    const network = new Network(`http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`, () => listener.close());
    return network;
  }

  #join(from: Socket, port: number): void {
    if (this.#cut) {
      from.destroy();
      return;
    }
    const page = this.#page;
    if (page !== undefined) {
      from.on('error', () => undefined);
      from.once('data', () => {
        this.shown++;
        from.end(page);
      });
      return;
    }
    const to = connect(port, '127.0.0.1');
    for (const s of [from, to]) {
      this.#sockets.add(s);
      s.on('error', () => undefined);
      s.on('close', () => {
        this.#sockets.delete(s);
        from.destroy();
        to.destroy();
      });
    }
    to.pipe(from);
    from.on('data', (bytes: Buffer) => {
      const piece = bytes.subarray(0, Math.max(0, Math.min(bytes.length, this.left)));
      this.left -= piece.length;
      this.sent += piece.length;
      to.write(piece, () => this.left <= 0 && this.cut());
    });
  }

  cut(): void {
    this.#cut = true;
    for (const s of this.#sockets) s.destroy();
  }

  /** How often the page was shown. */
  shown = 0;

  /** From now on every request is answered by this, whatever it asks for, as in a hotel; what is open ends. */
  portal(status: string, headers: string, body: string): void {
    this.cut();
    this.#cut = false;
    this.#page = `HTTP/1.1 ${status}\r\n${headers}Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`;
  }

  mend(): void {
    this.#cut = false;
    this.#page = undefined;
    this.left = Infinity;
  }

  end(): void {
    this.cut();
    this.close();
  }
}

/** Waits for a condition; three minutes, for a busy machine. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + 180_000;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`this never came true: ${condition.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
