// Makes the package as others get it, JavaScript and types: `npm run package -- FOLDER`. It prints the file's name. Nothing is built into the source tree, whose package.json is
// private for that reason: `npm publish` there would send sources that need our build.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import './api.mjs';

const folder = resolve(process.argv[2] ?? '.');
const sdk = fileURLToPath(new URL('..', import.meta.url));
const stage = mkdtempSync(join(tmpdir(), 'fieldsync-sdk-'));
const run = (program, args, cwd) => execFileSync(program, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
try {
  run('npx', ['--no-install', 'tsc', '-p', 'tsconfig.build.json', '--outDir', join(stage, 'dist')], sdk);
  const { private: _, scripts: _scripts, devDependencies: _dev, exports, ...rest } = JSON.parse(readFileSync(join(sdk, 'package.json'), 'utf8'));
  const theirs = Object.fromEntries(Object.entries(exports).map(([name, { '@fieldsync/source': _source, ...built }]) => [name, built]));
  writeFileSync(join(stage, 'package.json'), JSON.stringify({ ...rest, exports: theirs }, null, 2));
  cpSync(join(sdk, 'README.md'), join(stage, 'README.md'));
  cpSync(join(sdk, '../../../LICENSE'), join(stage, 'LICENSE'));
  mkdirSync(folder, { recursive: true });
  console.log(join(folder, JSON.parse(run('npm', ['pack', '--json', '--pack-destination', folder], stage))[0].filename));
} finally {
  rmSync(stage, { recursive: true, force: true });
}
