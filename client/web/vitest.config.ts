import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    projects: ['sdk', 'worker', 'dispatcher'].map((name) => ({
      root: `./${name}`,
      resolve: { conditions: ['@fieldsync/source'] },
      ssr: { resolve: { conditions: ['@fieldsync/source'] } },
      test: { name, setupFiles: name === 'sdk' ? ['./test/setup.ts'] : [], include: ['src/**/*.test.ts', 'src/**/*.test.tsx', 'test/**/*.test.ts'] },
    })),
    
  },
});
