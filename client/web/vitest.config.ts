import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    projects: ['sdk', 'worker', 'dispatcher'].map((name) => ({
      root: `./${name}`,
      resolve: { conditions: ['@fieldsync/source'] },
      ssr: { resolve: { conditions: ['@fieldsync/source'] } },
      // A watchdog, for machines that do much else: no test depends on how fast it is.
      test: { name, testTimeout: 240_000, hookTimeout: 240_000, setupFiles: name === 'sdk' ? ['./test/setup.ts'] : [], include: ['src/**/*.test.ts', 'src/**/*.test.tsx', 'test/**/*.test.ts'] },
    })),
  },
});
