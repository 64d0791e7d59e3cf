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
    /** The private Redis of this run; every test file uses a key prefix of its own. */
    redisUrl: string;
    /** "js" keeps no data: tests that restart Redis with its data are skipped by name. */
    redisKind: RedisKind;
  }
}

/** Long enough for a slow connection. Only the first run waits, because the copy stays under `.local`. */
const DOWNLOAD_LIMIT_MS = 120_000;
/** Time for processes to end after a signal. */
const END_LIMIT_MS = 3_000;

/**
 * Starts one private Redis for the whole run, and fails the run if it leaves processes behind. It ignores `REDIS_URL`: tests never
 * leave this machine, whatever the environment holds.
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
  // Every process started from here on inherits this mark, which identifies left-over processes.
  process.env['DARKROOM_TEST_RUN'] = run;

  return async () => {
    await redis.stop();
    await rm(dir, { recursive: true, force: true });
    const left = await waitForNone(() => findLeftOvers(run));
    if (left.length === 0) return;
    // Vitest prints an error of a teardown but still exits with 0.
    process.exitCode = 1;
    const lines = left.map(({ pid, commandLine }) => `  ${pid} ${commandLine}`);
    throw new Error(`the run left ${left.length} processes behind:\n${lines.join('\n')}`);
  };
}

/** Finds processes that still run after the limit; Vitest's own workers end at the same moment. */
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
