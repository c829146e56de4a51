import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import type { Plugin } from 'vite';

const compressible = /\.(css|html|js|json|svg|txt|wasm|webmanifest)$/;

/** Puts FILE.br and FILE.gz beside each built file that gets smaller by it; the server sends them as they are. */
export function precompress(): Plugin {
  let outDir = '';
  return {
    name: 'fieldsync-precompress',
    apply: 'build',
    enforce: 'post',
    configResolved(config) {
      outDir = config.build.outDir;
    },
    closeBundle: {
      order: 'post',
      sequential: true,
      async handler() {
        for (const entry of await readdir(outDir, { recursive: true, withFileTypes: true })) {
          // index.html gets its nonce when it is served, and is small
          if (!entry.isFile() || !compressible.test(entry.name) || entry.name === 'index.html') continue;
          const file = join(entry.parentPath, entry.name);
          const bytes = await readFile(file);
          const br = brotliCompressSync(bytes, {
            params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
          });
          const gz = gzipSync(bytes, { level: 9 });
          if (br.length < bytes.length * 0.95) await writeFile(file + '.br', br);
          if (gz.length < bytes.length * 0.95) await writeFile(file + '.gz', gz);
        }
      },
    },
  };
}
