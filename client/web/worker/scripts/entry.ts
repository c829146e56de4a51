import type { Plugin } from 'vite';

const suffix = '?entry';

/**
 * `import address from './x.ts?entry'` is the address of x as a script that a worker runs. It is part of the page's own graph and shares its chunks, which the
 * phone has then once; a bundle of its own (Vite's `?worker`) would bring them again.
 */
export function entry(): Plugin {
  let builds = false;
  return {
    name: 'fieldsync-entry',
    enforce: 'pre',
    configResolved(config) {
      builds = config.command === 'build';
    },
    async resolveId(source, importer) {
      if (!source.endsWith(suffix)) return undefined;
      const found = await this.resolve(source.slice(0, -suffix.length), importer);
      return found && `${found.id}${suffix}`;
    },
    load(id) {
      if (!id.endsWith(suffix)) return undefined;
      const file = id.slice(0, -suffix.length);
      if (!builds) return `export { default } from ${JSON.stringify(`${file}?worker&url`)};`;
      return `export default import.meta.ROLLUP_FILE_URL_${this.emitFile({ type: 'chunk', id: file })};`;
    },
  };
}
