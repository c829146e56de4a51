import { gzipSync } from 'node:zlib';
import type { Plugin } from 'vite';

type Output = { type: 'chunk'; fileName: string; code: string; isEntry: boolean; imports: string[]; name: string; viteMetadata?: { importedCss: Set<string> } } | { type: 'asset'; fileName: string; source: string | Uint8Array };

/**
 * Fails a build whose first load is larger than limit bytes of gzip: the page, and every script and style that is there before a worker can work: the entry,
 * and the chunks that `first` names by their module (they are imported lazily, after the first paint). Automerge's WebAssembly is not counted.
 */
export function budget({ limit, first }: { limit: number; first: string[] }): Plugin {
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
        const wanted = new Set<string>();
        const visit = (file: string): void => {
          const f = files[file];
          if (!f || wanted.has(file)) return;
          wanted.add(file);
          if (f.type !== 'chunk') return;
          f.imports.forEach(visit);
          f.viteMetadata?.importedCss.forEach(visit);
        };
        start.forEach((c) => visit(c.fileName));
        let sum = 0;
        const rows: [string, number][] = [];
        for (const file of wanted) {
          const f = files[file]!;
          if (file.endsWith('.wasm')) continue;
          const size = gzipSync(f.type === 'chunk' ? f.code : f.source, { level: 9 }).length;
          sum += size;
          rows.push([file, size]);
        }
        rows.sort((a, b) => b[1] - a[1]);
        const told = `first load ${(sum / 1024).toFixed(1)} KiB gzip of ${(limit / 1024).toFixed(0)} KiB: ${rows.map(([f, n]) => `${f} ${(n / 1024).toFixed(1)}`).join(', ')}`;
        if (sum > limit) this.error(`the worker app is too large: ${told}`);
        console.log(told);
      },
    },
  };
}
