import { fileURLToPath } from 'node:url';
import type { Plugin } from 'vite';

const script = fileURLToPath(new URL('script.ts', import.meta.url));
const screen = '<main id="boot" class="boot" aria-busy="true"><h1>fieldsync</h1><div class="boot-told" role="status" dir="auto"><p>This takes long. Is there a network?</p><a href="">Try again</a></div></main>';

/** Puts the boot screen onto an app's page, in the place of `<!-- boot -->`, and the script that watches over the start before the app's own. */
export function boot(): Plugin {
  let base = '';
  return {
    name: 'fieldsync-boot',
    apply: 'build',
    configResolved(config) {
      base = config.base;
    },
    buildStart() {
      this.emitFile({ type: 'chunk', id: script, name: 'boot' });
    },
    transformIndexHtml: {
      order: 'post',
      handler(html, { bundle }) {
        const file = Object.values(bundle!).find((f) => f.type === 'chunk' && f.facadeModuleId === script)!.fileName;
        return {
          html: html.replace('<!-- boot -->', screen),
          tags: [{ tag: 'script', attrs: { type: 'module', crossorigin: true, src: base + file }, injectTo: 'head-prepend' }],
        };
      },
    },
  };
}
