import { defineConfig } from 'vitest/config';

const shared = {
  resolve: { conditions: ['@darkroom/source'] },
  ssr: { resolve: { conditions: ['@darkroom/source'], externalConditions: ['@darkroom/source'] } },
};

export default defineConfig({
  test: {
    globalSetup: ['packages/testing/src/global-setup.ts'],
    projects: [
      {
        ...shared,
        test: {
          name: 'packages',
          include: ['{apps,packages}/*/{src,test}/**/*.test.ts', 'scripts/**/*.test.ts'],
          setupFiles: ['packages/testing/src/leak-check.ts'],
        },
      },
      {
        ...shared,
        test: {
          name: 'e2e',
          include: ['{apps,packages}/*/e2e/**/*.test.ts'],
          setupFiles: ['packages/testing/src/leak-check.ts'],
          testTimeout: 120_000,
          hookTimeout: 60_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
