import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { top } from './program.ts';

/** What the typists had in the end: how many keys each has pressed, and the text, which is the same for all of them. */
export interface Typed {
  keys: number[];
  text: string;
}

/** Others who have a job's description open: clients of the SDK in a process of their own (client/web/sdk/test/typists.ts), without pages. */
export class Typists {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  /** every: ms between two keys of each; 0: they only read. */
  constructor(server: string, job: string, people: number, every: number) {
    const run = "import { runnerImport } from 'vite'; await runnerImport('./sdk/test/typists.ts', { resolve: { conditions: ['@fieldsync/source'] } })";
    this.#child = spawn(process.execPath, ['--input-type=module', '-e', run], {
      cwd: `${top}client/web`,
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, SERVER: server, JOB: job, PEOPLE: String(people), EVERY: String(every) },
    });
    this.#lines = createInterface(this.#child.stdout!)[Symbol.asyncIterator]();
  }

  async #line(): Promise<string> {
    const next = await this.#lines.next();
    if (next.done) throw new Error('the typists have ended');
    return next.value;
  }

  /** Waits until all have the job open. */
  async there(): Promise<void> {
    if ((await this.#line()) !== 'there') throw new Error('the typists did not come');
  }

  begin(): void {
    this.#child.stdin!.write('begin\n');
  }

  /** They stop, wait until all that was typed is with all of them, and leave. */
  async end(): Promise<Typed> {
    this.#child.stdin!.end();
    return JSON.parse(await this.#line()) as Typed;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill();
    await gone;
  }
}
