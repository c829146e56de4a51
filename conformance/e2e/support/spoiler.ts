import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect } from '@playwright/test';
import { top } from './program.ts';

/** Has a job hold what no app of ours writes, and the server lets through (client/web/sdk/test/spoiler.ts). */
export async function spoil(server: string, job: string): Promise<void> {
  const run = "import { runnerImport } from 'vite'; await runnerImport('./sdk/test/spoiler.ts', { resolve: { conditions: ['@fieldsync/source'] } })";
  const { stdout, stderr } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', run], { cwd: `${top}client/web`, env: { ...process.env, SERVER: server, JOB: job } });
  expect([stdout.trim(), stderr]).toEqual(['spoiled', '']);
}
