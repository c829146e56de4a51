import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Server } from './server.ts';

// The package as others get it, in a program of theirs: packed, unpacked where npm would, its dependencies beside it.

const sdk = fileURLToPath(new URL('..', import.meta.url));
const app = mkdtempSync(join(tmpdir(), 'fieldsync-app-'));
const modules = join(app, 'node_modules');
const run = (program: string, args: string[], cwd = app): string => execFileSync(program, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

let server: Server;
let files: string[];

beforeAll(async () => {
  const packed = run(process.execPath, ['scripts/package.mjs', app], sdk).trim();
  const { name, dependencies, peerDependencies } = JSON.parse(readFileSync(join(sdk, 'package.json'), 'utf8')) as Record<'dependencies' | 'peerDependencies', object> & { name: string };
  mkdirSync(join(modules, name), { recursive: true });
  run('tar', ['-xzf', packed, '--strip-components=1', '-C', join(modules, name)]);
  files = run('tar', ['-tzf', packed]).trim().split('\n');
  // what npm would put there, and what a program like the README's has: a bundler, React, a WebSocket and an IndexedDB where Node has none
  for (const dependency of [...Object.keys({ ...dependencies, ...peerDependencies }), 'vite', '@types/react', '@types/node', 'fake-indexeddb', 'ws']) {
    const from = [join(sdk, 'node_modules', dependency), join(sdk, '../node_modules', dependency)].find(existsSync);
    mkdirSync(join(modules, dependency, '..'), { recursive: true });
    symlinkSync(from!, join(modules, dependency));
  }
  writeFileSync(join(app, 'package.json'), '{ "type": "module" }');
  server = await Server.start();
}, 240_000);
afterAll(async () => {
  await server.end();
  rmSync(app, { recursive: true, force: true });
});

test('it has what it says, and nothing of ours', () => {
  const { exports, private: closed } = JSON.parse(readFileSync(join(modules, '@fieldsync/sdk/package.json'), 'utf8')) as { exports: Record<string, Record<string, string>>; private?: boolean };
  expect(closed).toBeUndefined();
  for (const paths of Object.values(exports)) for (const path of Object.values(paths)) expect(files).toContain(path.replace('./', 'package/'));
  expect(files).toContain('package/LICENSE');
  expect(files.filter((f) => /\.test\.|\/src\/|\/test\//.test(f))).toEqual([]);
  expect(existsSync(join(sdk, 'dist'))).toBe(false); // nothing is built into the sources
});

test('what README.md shows compiles against its types, strictly', () => {
  const readme = readFileSync(join(modules, '@fieldsync/sdk/README.md'), 'utf8');
  const [program] = [...readme.matchAll(/```ts\n([^]*?)```/g)].map((m) => m[1]!);
  const [hooks] = [...readme.matchAll(/```tsx\n([^]*?)```/g)].map((m) => m[1]!);
  writeFileSync(join(app, 'readme.ts'), `/// <reference types="vite/client" />\ndeclare const photo: File;\n${program!}`);
  writeFileSync(join(app, 'hooks.tsx'), hooks!);
  const flags = ['--strict', '--noUncheckedIndexedAccess', '--exactOptionalPropertyTypes', '--noEmit', '--skipLibCheck', '--target', 'es2023', '--module', 'esnext', '--moduleResolution', 'bundler', '--jsx', 'react-jsx', '--lib', 'es2023,dom,dom.iterable', '--types', 'node'];
  const { stdout } = spawnSync(process.execPath, [join(sdk, '../node_modules/typescript/bin/tsc'), ...flags, 'readme.ts', 'hooks.tsx'], { cwd: app, encoding: 'utf8' });
  expect(stdout).toBe('');
});

test('a program made with it signs in, does a job and has it on the server', () => {
  writeFileSync(
    join(app, 'program.mjs'),
    `import 'fake-indexeddb/auto';
    import { readFileSync } from 'node:fs';
    import { createRequire } from 'node:module';
    import { WebSocket } from 'ws';
    import { createClient, data } from '@fieldsync/sdk';
    globalThis.WebSocket ??= WebSocket;
    const wasm = new Uint8Array(readFileSync(createRequire(import.meta.url).resolve('@automerge/automerge/automerge.wasm')));
    const client = createClient({ serverUrl: process.env.SERVER, token: 'demo-worker-anna', wasm });
    const until = (what, is) => new Promise((resolve) => { const look = () => is() && (end(), resolve()); const end = what.subscribe(look); look(); });
    await until(client.jobs, () => client.jobs.get().length > 0);
    const job = client.open(client.jobs.get()[0].id);
    await job.ready();
    await job.setStatus('started');
    await client.syncNow();
    await until(client.unsent, () => client.unsent.get().count === 0);
    console.log((await data(client.api.GET('/api/v1/jobs/{id}', { params: { path: { id: job.id } } }))).status);
    job.close();
    await client.close();`,
  );
  const out = execFileSync(process.execPath, ['program.mjs'], { cwd: app, encoding: 'utf8', env: { ...process.env, SERVER: server.url } });
  expect(out.trim()).toBe('started');
});
