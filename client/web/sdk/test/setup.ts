import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import 'fake-indexeddb/auto';
import { loadAutomerge } from '../src/automerge.ts';

export const wasm = () => new Uint8Array(readFileSync(createRequire(import.meta.url).resolve('@automerge/automerge/automerge.wasm')));

await loadAutomerge(wasm());
