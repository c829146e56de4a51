import { gzipSync } from 'node:zlib';
import type { Plugin } from 'vite';

type Output = { type: 'chunk'; fileName: string; code: string; isEntry: boolean; imports: string[]; name: string; viteMetadata?: { importedCss: Set<string> } } | { type: 'asset'; fileName: string; source: string | Uint8Array };

/**
 * Fails a build whose first load is larger than limit bytes of gzip: the page, and every script and style that is there before a worker can work: the entry,
 * and the chunks that `first` names by their module (they are imported lazily, after the first paint). Automerge's WebAssembly is not counted.
 * What a phone needs until somebody can sign in, the entry with its own, may be `entry` bytes.
 */
export function budget({ limit, entry, first }: { limit: number; entry: number; first: string[] }): Plugin {
  return {
    name: 'fieldsync-budget',
    apply: 'build',
    enforce: 'post',
    generateBundle: {
      order: 'post',
      handler(_options, bundle) {
        const files = bundle as unknown as Record<string, Output>;
        const chunks = Object.values(files).filter((f): f is Extract<Output, { type: 'chunk' }> => f.type === 'chunk');
        const start = chunks.filter((c) => c.isEntry || first.includes(c.name));
        if (!start.some((c) => c.isEntry)) return; // the service worker's own build
        for (const name of first) if (!start.some((c) => c.name === name)) this.error(`there is no chunk "${name}" any more: scripts/budget.ts counts too little`);
        for (const [what, from, most] of [['sign-in', start.filter((c) => c.isEntry && c.name === 'index'), entry], ['first load', start, limit]] as const) {
          const rows = sizes(files, from);
          const sum = rows.reduce((n, [, size]) => n + size, 0);
          const told = `${what} ${(sum / 1024).toFixed(1)} KiB gzip of ${(most / 1024).toFixed(0)} KiB: ${rows.map(([f, n]) => `${f} ${(n / 1024).toFixed(1)}`).join(', ')}`;
          if (from.length === 0 || sum > most) this.error(`the worker app is too large: ${told}`);
          console.log(told);
        }
      },
    },
  };
}

/** What these chunks and all that they import take, the largest first. */
function sizes(files: Record<string, Output>, from: readonly Output[]): [string, number][] {
  const wanted = new Set<string>();
  const visit = (file: string): void => {
    const f = files[file];
    if (!f || wanted.has(file)) return;
    wanted.add(file);
    if (f.type !== 'chunk') return;
    f.imports.forEach(visit);
    f.viteMetadata?.importedCss.forEach(visit);
  };
  from.forEach((f) => visit(f.fileName));
  return [...wanted]
    .filter((file) => !file.endsWith('.wasm'))
    .map((file): [string, number] => {
      const f = files[file]!;
      return [file, gzipSync(f.type === 'chunk' ? f.code : f.source, { level: 9 }).length];
    })
    .sort((a, b) => b[1] - a[1]);
}
