import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import { createVitest } from 'vitest/node';

const root = fileURLToPath(new URL('fixtures/leaks/', import.meta.url));
const leakCheck = fileURLToPath(new URL('../src/leak-check.ts', import.meta.url));

describe('the leak check', () => {
  let failures: Map<string, string[]>;
  beforeAll(async () => {
    failures = await runLeaks();
  }, 30_000);

  test.each([
    ['server.ts', '1 listening server (TCPServerWrap)'],
    ['timer.ts', '1 timer (Timeout)'],
    ['child.ts', '1 child process (ProcessWrap)'],
    ['socket.ts', '1 socket (TCPSocketWrap)'],
  ])('fails a file that leaves something open: %s', (file, leak) => {
    expect(failures.get(file)).toEqual([expect.stringContaining(leak)]);
  });

  test('passes a file that closes what it opens', () => {
    expect(failures.get('tidy.ts')).toEqual([]);
  });
});

/** Runs the files of `fixtures/leaks/` in a Vitest of their own. @returns the failures beside their tests, by file. */
async function runLeaks(): Promise<Map<string, string[]>> {
  const vitest = await createVitest('test', {
    root,
    config: false,
    watch: false,
    include: ['*.ts'],
    setupFiles: [leakCheck],
    provide: { redisUrl: inject('redisUrl'), leakCheckLimitMs: 200 },
    reporters: [{}],
  });
  const exitCode = process.exitCode;
  try {
    const { testModules } = await vitest.start();
    return new Map(testModules.map((module) => [module.relativeModuleId, module.errors().map(({ message }) => message)]));
  } finally {
    await vitest.close();
    // The inner run fails on purpose, so it sets an exit code that does not belong to this process.
    process.exitCode = exitCode;
  }
}
