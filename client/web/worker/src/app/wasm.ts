import address from '@automerge/automerge/automerge.wasm?url';
import compile from './compile.ts?entry';

/** Automerge's WebAssembly, compiled by a thread of its own: on the page's, a slow phone would answer no tap for a quarter of a second. Its address, where that fails. */
export async function compiled(): Promise<WebAssembly.Module | string> {
  let worker: Worker | undefined;
  try {
    const compiler = (worker = new Worker(compile, { type: 'module', name: 'compile' }));
    return await new Promise<WebAssembly.Module>((resolve, reject) => {
      compiler.onmessage = (e: MessageEvent<unknown>) => (e.data instanceof WebAssembly.Module ? resolve(e.data) : reject(new Error(String(e.data))));
      compiler.onerror = compiler.onmessageerror = () => reject(new Error('the worker did not start'));
      compiler.postMessage(new URL(address, location.href).href);
    });
  } catch {
    return address; // the page compiles it, or tells what is wrong
  } finally {
    worker?.terminate();
  }
}
