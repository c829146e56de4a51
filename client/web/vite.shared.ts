import react from '@vitejs/plugin-react';
import { fileURLToPath } from 'node:url';
import { defineConfig, type UserConfig } from 'vite';
import { boot } from './boot/plugin.ts';
import { precompress } from './precompress.ts';

/** What both apps are built with: app is the folder's name and that of the output, base the address that it is served at. */
export function application(app: 'worker' | 'dispatcher', base: string, more: UserConfig = {}): UserConfig {
  const server = process.env['FIELDSYNC_SERVER'] ?? 'http://127.0.0.1:8080';
  return defineConfig({
    base,
    ...more,
    // cbor-x tries whether it may make code: the page's policy forbids it, and the browser reports each try. It has a build that does not.
    resolve: { conditions: ['@fieldsync/source', 'module', 'browser', 'development|production'], alias: { 'cbor-x': 'cbor-x/index-no-eval' }, ...more.resolve },
    // The server puts a fresh nonce in its place with each page (client/web/serve.go): Mantine makes <style> elements.
    html: { cspNonce: 'FIELDSYNC_CSP_NONCE' },
    build: {
      outDir: fileURLToPath(new URL(`dist/${app}`, import.meta.url)),
      emptyOutDir: true,
      target: 'es2022',
      assetsInlineLimit: 0, // nothing as a data: address: it would be allowed nowhere
      sourcemap: false,
      ...more.build,
    },
    server: { proxy: Object.fromEntries(['/api', '/sync'].map((path) => [path, { target: server, ws: true }])), ...more.server },
    plugins: [react(), boot(), ...(more.plugins ?? []), precompress()],
  });
}
