import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { LongestFirst } from './packages/testing/src/longest-first.ts';

// Workspace packages are read from source, in tests and in the global setup, which runs in an environment of its own.
const conditions = ['@darkroom/source'];
const shared = {
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  environments: { __vitest__: { resolve: { conditions } } },
};

// What takes minutes, or starts whole processes: run by `npm run test:slow` alone.
const slow = ['{apps,packages}/*/{src,test}/**/*.slow.test.ts', '{apps,packages}/*/e2e/**/*.test.ts', 'scripts/**/*.slow.test.ts'];

// Slow tests that keep every processor busy by themselves, and prove by chance: each runs alone.
const slowAlone = ['packages/testing/e2e/{crash-points,fault-run}.slow.test.ts'];

// Proofs that CI has no time for: run by `npm run prove` alone, which is no part of `npm run verify`.
const prove = ['{apps,packages}/*/{src,test,e2e}/**/*.prove.test.ts'];

// Tests wait about half of their time: four files at a time keep two processors busy.
const maxWorkers = Math.max(4, availableParallelism());

// Slow tests start several processes each.
const maxSlowWorkers = Math.max(3, Math.ceil(availableParallelism() / 2));

// Of projects whose files share the processes of their workers.
const sharedProcess = ['packages/testing/src/fetch-of-node.ts', 'packages/testing/src/leak-check.ts'];

const env = {
  // Printed by every process that loads the SDK; the last version for Node 20 is pinned (docs/decisions/0001-toolchain.md).
  AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
};

export default defineConfig({
  ...shared,
  test: {
    globalSetup: ['packages/testing/src/global-setup.ts'],
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        ...shared,
        test: {
          name: 'packages',
          env,
          include: ['{apps,packages}/*/{src,test}/**/*.test.ts', 'scripts/**/*.test.ts'],
          exclude: [...slow, ...prove],
          setupFiles: sharedProcess,
          // Loading the libraries anew took each of 260 files a second of processor time. A file leaves nothing behind: see leak-check.
          isolate: false,
          // A second or two on an idle machine; a busy one is no reason to fail.
          testTimeout: 60_000,
          hookTimeout: 60_000,
          maxWorkers,
        },
      },
      {
        ...shared,
        test: {
          name: 'slow',
          env,
          include: slow,
          exclude: [...slowAlone, ...prove],
          setupFiles: sharedProcess,
          // As above: loading everything anew took each of 71 files more than a second of processor time.
          isolate: false,
          testTimeout: 900_000,
          hookTimeout: 120_000,
          maxWorkers: maxSlowWorkers,
          sequence: { groupOrder: 1 },
        },
      },
      {
        ...shared,
        test: {
          name: 'slow-alone',
          env,
          include: slowAlone,
          setupFiles: ['packages/testing/src/leak-check.ts'],
          testTimeout: 900_000,
          hookTimeout: 120_000,
          fileParallelism: false,
          sequence: { groupOrder: 2 },
          // Of the tests of a file that say so: more than the processor has work for are in one another's way.
          maxConcurrency: 5,
        },
      },
      {
        ...shared,
        test: {
          name: 'prove',
          env,
          include: prove,
          setupFiles: ['packages/testing/src/leak-check.ts'],
          testTimeout: 3_600_000,
          hookTimeout: 120_000,
          fileParallelism: false,
          sequence: { groupOrder: 3 },
          maxConcurrency: 4,
        },
      },
    ],
  },
});
