/** Automerge without its WebAssembly inside: the app says where that comes from. */
import * as A from '@automerge/automerge/slim';
import type { WasmSource } from './api.ts';

let loading: Promise<void> | undefined;

/** Loads the WebAssembly, once in a page. */
export function loadAutomerge(wasm: WasmSource | undefined | Promise<WasmSource | undefined>): Promise<void> {
  loading ??= (async () => {
    const source = await wasm;
    if (source === undefined) throw new Error('createClient: a replica needs `wasm`');
    await A.initializeWasm((source instanceof URL ? source.href : source) as Parameters<typeof A.initializeWasm>[0]); // a module does as well, though its type does not say so
  })();
  loading.catch(() => (loading = undefined)); // the network was away: again with the next call
  return loading;
}

export { A };
