import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type Server as HttpServer } from 'node:http';
import { connect, type AddressInfo } from 'node:net';

/**
 * Stands before the server and can put out another build of the workers' app: its page says which one it is (`<meta name="build">`), and its service worker lists that page under another
 * revision, as a build with other code does. Everything else goes through as it is, WebSockets too.
 */
export class Release {
  readonly #http: HttpServer;
  readonly #target: number;
  /** The build that is out. */
  build = 1;
  /** What is not there any more. */
  gone: RegExp | undefined;

  constructor(target: number) {
    this.#target = target;
    this.#http = createServer((from, to) => {
      if (this.gone?.test(from.url!)) {
        to.writeHead(404).end();
        return;
      }
      const changed = /^\/m\/(index\.html|sw\.js)?(\?|$)/.test(from.url!) || (from.headers['sec-fetch-mode'] === 'navigate' && from.url!.startsWith('/m/'));
      const headers = { ...from.headers };
      if (changed) headers['accept-encoding'] = 'identity';
      if (changed) delete headers['if-none-match'];
      const on = request({ port: target, host: '127.0.0.1', method: from.method!, path: from.url!, headers }, (answer) => void this.#answer(answer, to, changed));
      on.on('error', () => to.destroy());
      from.pipe(on);
    });
    this.#http.on('upgrade', (from: IncomingMessage, near, head) => {
      const far = connect(this.#target, '127.0.0.1', () => {
        const lines = [`${from.method!} ${from.url!} HTTP/1.1`];
        for (let i = 0; i < from.rawHeaders.length; i += 2) lines.push(`${from.rawHeaders[i]!}: ${from.rawHeaders[i + 1]!}`);
        far.write(`${lines.join('\r\n')}\r\n\r\n`);
        far.write(head);
        near.pipe(far).pipe(near);
      });
      far.on('error', () => near.destroy());
      near.on('error', () => far.destroy());
    });
  }

  async #answer(answer: IncomingMessage, to: import('node:http').ServerResponse, changed: boolean): Promise<void> {
    if (!changed) {
      to.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(to);
      return;
    }
    const parts: Buffer[] = [];
    for await (const part of answer) parts.push(part as Buffer);
    const { etag: _e, 'content-length': _l, ...headers } = answer.headers;
    const text = Buffer.concat(parts)
      .toString()
      .replace('<head>', `<head><meta name="build" content="${this.build}">`)
      .replace(/"revision":"(?=[0-9a-f]+","url":"index\.html")/, `"revision":"${this.build}-`);
    to.writeHead(answer.statusCode!, headers);
    to.end(text);
  }

  async start(): Promise<void> {
    this.#http.listen(0, '127.0.0.1');
    await once(this.#http, 'listening');
  }

  get port(): number {
    return (this.#http.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    this.#http.closeAllConnections();
    this.#http.close();
    await once(this.#http, 'close');
  }
}
