import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { accessKey, secretKey, type Minio } from './minio.ts';
import { freePort, program, Program } from './program.ts';
import { zone } from './zone.ts';
import { expect } from '@playwright/test';

/** fieldsyncd with its demonstration, its files in MinIO. */
export class Server {
  readonly #data = mkdtempSync(join(tmpdir(), 'fieldsync-e2e-'));
  readonly #blobs: string[];
  readonly #path: string;
  #more: string[] = [];
  #program: Program | undefined;
  port = 0;

  /** path: another program than the one that is tested. */
  constructor(minio: Minio, bucket: string, path = program('fieldsyncd')) {
    this.#path = path;
    this.#blobs = ['--blobs', `s3:http://127.0.0.1:${minio.port}/${bucket}`];
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    this.port ||= await freePort();
    this.#program = new Program(this.#path, ['serve', '--listen', `127.0.0.1:${this.port}`, '--data', this.#data, '--demo', ...this.#blobs, ...this.#more], {
      TZ: zone,
      FIELDSYNC_S3_ACCESS_KEY: accessKey,
      FIELDSYNC_S3_SECRET_KEY: secretKey,
    });
    await this.#program.answers(`${this.url}/readyz`);
  }

  /** Starts it again as one that also sends to push services of this machine, and soon. */
  pushes = () => this.again('--push-allow', '127.0.0.1', '--push-calm', '1s');

  /** Starts it again, with what it had and further settings. */
  async again(...more: string[]): Promise<void> {
    this.#more = more;
    await this.halt();
    await this.start();
  }

  /** Ends it; start brings it back with what it had. */
  async halt(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.#program?.stop(signal);
  }

  /** Makes a user of the demonstration's organisation, with the password "a long password". */
  async addUser(login: string, role: 'owner' | 'administrator' | 'dispatcher' | 'worker' | 'director'): Promise<void> {
    const child = spawn(program('fieldsyncd'), ['user', 'add', '--data', this.#data, '--role', role, '--name', `${login[0]!.toUpperCase()}${login.slice(1)}`, login], { stdio: ['pipe', 'ignore', 'inherit'] });
    child.stdin.end('a long password\n');
    const [code] = (await once(child, 'exit')) as [number];
    if (code !== 0) throw new Error(`user add ended with ${code}`);
  }

  /** The API as an owner has it, who is made for it. */
  async owner(): Promise<Api> {
    await this.addUser('olga', 'owner');
    const { token } = await new Api(this.url, '').ask<{ token: string }>('POST', '/tokens', { login: 'olga', password: 'a long password', label: 'journey' });
    return new Api(this.url, token);
  }

  /** The API as a program of the office has it, with a key that an owner made. */
  async program(name: string): Promise<Api> {
    const { secret } = await (await this.owner()).ask<{ secret: string }>('POST', '/apikeys', { name, role: 'dispatcher' });
    return new Api(this.url, secret);
  }

  async stop(): Promise<void> {
    await this.halt();
    rmSync(this.#data, { recursive: true, force: true });
  }

  /** The API, as a demonstration's token allows. */
  as(who: 'dispatcher' | 'worker-anna' | 'worker-ben'): Api {
    return new Api(this.url, `demo-${who}`);
  }
}

/** A job as the API gives it, as far as the journeys look. */
export interface ApiJob {
  id: string;
  title: string;
  status: string;
  description?: string;
  heads: string[];
  report_fields: { uuid: string; name: string; value: unknown }[];
  checklist: { uuid: string; text: string; done: boolean }[];
  comments: { text: string; by?: string }[];
  attachments: { uuid: string; sha256: string; size: number; field?: string; name?: string; location?: { latitude: number; longitude: number } }[];
  status_log: { status: string; by?: string; note?: string; location?: { latitude: number } }[];
  resolution?: { name?: string; note?: string };
  clashes: { kind: string; field: string }[];
  assignees: { user: string; edit: boolean }[];
  scheduled_at?: string;
  scheduled_duration?: { minutes: number };
}

export interface FileState {
  sha256: string;
  state: 'promised' | 'arriving' | 'here' | 'lost';
  received: number;
  size?: number;
}

export class Api {
  constructor(
    readonly url: string,
    readonly token: string,
  ) {}

  async ask<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await fetch(`${this.url}/api/v1${path}`, {
      method,
      headers: { Authorization: `Bearer ${this.token}`, 'Content-Type': method === 'PATCH' ? 'application/merge-patch+json' : 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return (text ? JSON.parse(text) : undefined) as T;
  }

  job = (id: string) => this.ask<ApiJob>('GET', `/jobs/${id}`);
  patch = (id: string, patch: unknown) => this.ask<ApiJob>('PATCH', `/jobs/${id}`, patch);
  status = (id: string, event: { status: string; resolution?: string; note?: string }) => this.ask('POST', `/jobs/${id}/status`, event);
  comment = (id: string, text: string) => this.ask('POST', `/jobs/${id}/comments`, { text });
  /** How far the files of a job's attachments are, without their previews. */
  async files(id: string): Promise<FileState[]> {
    const { files } = await this.ask<{ files: (FileState & { kind: string })[] }>('GET', `/jobs/${id}/files`);
    return files.filter((f) => f.kind === 'file');
  }
  create = (job: Record<string, unknown>) => this.ask<ApiJob>('POST', '/jobs', job);

  /** Waits until so many of this person's devices are told by push. */
  async subscribed(count = 1): Promise<void> {
    const of = async () => (await this.ask<{ subscriptions: unknown[] }>('GET', `/push/subscriptions?user=${this.token.split('-').pop()}`)).subscriptions.length;
    await expect.poll(of, { message: 'devices that are told by push' }).toBe(count);
  }

  /** The job with a title; the list follows within a second. */
  async find(title: string): Promise<ApiJob> {
    let id: string | undefined;
    await expect
      .poll(async () => {
        const { jobs } = await this.ask<{ jobs: { id: string; title: string }[] }>('GET', '/jobs?limit=200');
        id = jobs.find((j) => j.title === title)?.id;
        return jobs.map((j) => j.title);
      }, 'the titles of the jobs')
      .toContain(title);
    return await this.job(id!);
  }
}
