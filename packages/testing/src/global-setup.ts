import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startRedis, type RedisKind } from '@darkroom/local-stack';
import type { TestProject } from 'vitest/node';
import { findMarkedProcesses, type RunProcess } from './run-processes.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The private Redis of this run; every test file keeps to a key prefix of its own. */
    redisUrl: string;
    /** "js" keeps nothing: what needs a restart with its data is skipped by name. */
    redisKind: RedisKind;
  }
}

/** Long enough for a slow line; the copy is kept under `.local`, so only the first run ever waits for it. */
const DOWNLOAD_LIMIT_MS = 120_000;
/** How long processes that were told to end may take. */
const END_LIMIT_MS = 3_000;

/**
 * Starts one private Redis for the whole run, and fails the run when it leaves processes behind. `REDIS_URL` is not looked
 * at: tests never leave this machine, whatever the environment holds.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const run = randomUUID();
  const dir = await mkdtemp(join(tmpdir(), 'darkroom-test-redis-'));
  const redis = await startRedis({
    dir,
    cacheDir: join(project.config.root, '.local'),
    environment: process.env,
    appendfsync: 'off',
    downloadLimitMs: DOWNLOAD_LIMIT_MS,
  });
  project.provide('redisUrl', redis.url);
  project.provide('redisKind', redis.kind);
  // Everything started from here on inherits it, which is how what is left over is found.
  process.env['DARKROOM_TEST_RUN'] = run;

  return async () => {
    await redis.stop();
    await rm(dir, { recursive: true, force: true });
    const left = await waitForNone(() => findLeftOvers(run));
    if (left.length === 0) return;
    // Vitest prints an error of a teardown, and still exits with 0.
    process.exitCode = 1;
    const lines = left.map(({ pid, commandLine }) => `  ${pid} ${commandLine}`);
    throw new Error(`the run left ${left.length} processes behind:\n${lines.join('\n')}`);
  };
}

/** Vitest ends its own workers at the same moment. */
async function findLeftOvers(run: string): Promise<RunProcess[]> {
  const marked = await findMarkedProcesses(`DARKROOM_TEST_RUN=${run}`);
  return marked.filter(({ commandLine }) => !/[\\/]vitest[\\/]dist[\\/]/.test(commandLine));
}

async function waitForNone(find: () => Promise<RunProcess[]>): Promise<RunProcess[]> {
  const deadline = performance.now() + END_LIMIT_MS;
  for (;;) {
    const found = await find();
    if (found.length === 0 || performance.now() > deadline) return found;
    await delay(50);
  }
}
