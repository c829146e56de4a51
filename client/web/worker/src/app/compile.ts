import * as A from '@automerge/automerge/slim';

// The worker of wasm.ts: it is told an address, and answers with what is there, compiled, or with what went wrong.
addEventListener('message', (e: MessageEvent<string>) => {
  compile(e.data).then(
    (module) => postMessage(module),
    (error: unknown) => postMessage(String(error)),
  );
});

async function compile(address: string): Promise<WebAssembly.Module> {
  const module = await WebAssembly.compileStreaming(fetch(address));
  await A.initializeWasm(module as unknown as Parameters<typeof A.initializeWasm>[0]);
  rehearse();
  return module;
}

/** Chromium compiles a function at its first call, and the code goes with the module. So what a page does first with a document is done here first, with one that is thrown away. */
function rehearse(): void {
  const at = new Date();
  const made = A.from<Record<string, unknown>>({ kind: new A.ImmutableString('job'), title: 'A title', description: 'A text.', count: 1, done: false, at, status_log: { a: { status: 'published', happened_at: at } }, list: ['x'] });
  const changed = A.change(made, (d) => {
    A.splice(d, ['description'], 2, 0, 'longer ');
    (d['status_log'] as Record<string, unknown>)['b'] = { status: 'started', happened_at: at, after: ['a'] };
    d['title'] = 'Another';
  });
  const loaded = A.loadIncremental(A.init<Record<string, unknown>>(), A.save(changed));
  const heads = A.getHeads(loaded);
  A.hasHeads(loaded, heads);
  A.inspectChange(loaded, heads[0]!);
  A.getConflicts(loaded, 'title');
  A.diff(loaded, A.getHeads(made), heads);
  A.saveSince(loaded, A.getHeads(made));
  A.change(A.clone(loaded), (d) => void (d['title'] = 'A third'));
  const [state, message] = A.generateSyncMessage(loaded, A.initSyncState());
  A.decodeSyncState(A.encodeSyncState(state));
  if (message) {
    A.decodeSyncMessage(message);
    const [, other, answer] = A.receiveSyncMessage(A.clone(made), A.initSyncState(), message);
    A.generateSyncMessage(A.clone(made), other);
    void answer;
  }
}
