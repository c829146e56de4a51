import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, Program, top } from './program.ts';

export const accessKey = 'fieldsync-e2e';
export const secretKey = 'fieldsync-e2e-secret';

/** The real MinIO, in a folder of its own. */
export class Minio {
  readonly #folder = mkdtempSync(join(tmpdir(), 'fieldsync-minio-'));
  #program: Program | undefined;
  port = 0;

  async start(): Promise<void> {
    const path = execFileSync('sh', [`${top}conformance/minio/install.sh`], { encoding: 'utf8' }).trim();
    this.port ||= await freePort();
    this.#program = new Program(path, ['server', '--quiet', '--address', `127.0.0.1:${this.port}`, '--console-address', '127.0.0.1:0', join(this.#folder, 'data')], {
      HOME: this.#folder,
      TMPDIR: this.#folder,
      MINIO_ROOT_USER: accessKey,
      MINIO_ROOT_PASSWORD: secretKey,
      MINIO_BROWSER: 'off',
      MINIO_UPDATE: 'off',
      MINIO_CALLHOME_ENABLE: 'off',
      MINIO_CI_CD: 'on',
    });
    await this.#program.answers(`http://127.0.0.1:${this.port}/minio/health/ready`);
  }

  async stop(): Promise<void> {
    await this.#program?.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
