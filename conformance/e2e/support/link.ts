import { program, Program } from './program.ts';

export type LinkClass = 'none' | 'stalled' | '2g' | 'edge' | '3g' | 'lte' | 'wifi' | 'direct';

interface State {
  class: LinkClass;
  bytes: Record<string, { up?: number; down?: number; Up?: number; Down?: number }>;
  connections: number;
  made: number;
}

/** A line of a class between the browser and the server; WebSockets go over it like everything else. */
export class Link {
  #program: Program | undefined;
  #control = '';
  address = '';

  async start(target: number, kind: LinkClass = 'direct'): Promise<void> {
    this.#program = new Program(program('linkproxy'), ['--target', `127.0.0.1:${target}`, '--class', kind]);
    this.address = (await this.#program.line(/^proxy (\S+)/))[1]!;
    this.#control = `http://${(await this.#program.line(/^control (\S+)/))[1]!}`;
    await this.#program.line(/^ready/);
  }

  get url(): string {
    return `http://${this.address}`;
  }

  async #ask(method: string, path: string, body?: string): Promise<State> {
    const response = await fetch(this.#control + path, { method, ...(body !== undefined && { body }) });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as State;
  }

  set = (kind: LinkClass) => this.#ask('PUT', '/class', kind);
  cut = () => this.#ask('POST', '/break');
  reset = () => this.#ask('POST', '/reset');
  state = () => this.#ask('GET', '/');

  async stop(): Promise<void> {
    await this.#program?.stop();
  }
}
