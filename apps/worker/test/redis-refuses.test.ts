import { setTimeout as delay } from 'node:timers/promises';
import { createGenerationId, defaultTiming } from '@darkroom/contracts';
import { connectPatient } from '@darkroom/generation-store';
import type { Purchase } from '@darkroom/purchase';
import { createSettlements, createSubmissions } from '@darkroom/queues';
import { createLogger } from '@darkroom/service-runtime';
import { eventually, reserveRedis, uniquePrefix } from '@darkroom/testing';
import { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { startWorkers } from './start-workers.ts';

const WATCHED_MS = 3000;

test.each([
  ['full', ['CONFIG', 'SET', 'maxmemory', '1'], ['CONFIG', 'SET', 'maxmemory', '0']],
  ['no-permission', ['ACL', 'SETUSER', 'worker', '-@scripting'], ['ACL', 'SETUSER', 'worker', '+@scripting']],
])(
  'a worker asks a Redis that says "%s" seldom, logs few lines, and runs jobs when it takes commands again',
  async (reason, break_, mend) => {
    await using own = await reserveRedis();
    await own.start();
    const admin = new Redis(own.url);
    await admin.call('ACL', 'SETUSER', 'worker', 'on', '>secret', '~*', '&*', '+@all');
    const connection = connectPatient(own.url.replace('redis://', 'redis://worker:secret@'));
    const queue = { prefix: uniquePrefix() };
    const submissions = createSubmissions(connection, queue);
    const settlements = createSettlements(connection, queue);
    const lines: { reason?: string }[] = [];
    const logger = createLogger(
      { name: 'test', level: 'warn' },
      { write: (line) => void lines.push(JSON.parse(line) as { reason?: string }) },
    );
    const workers = startWorkers(
      { connection, queue, timing: { ...defaultTiming, stalledIntervalMs: 500 }, submitConcurrency: 4, settleConcurrency: 16 },
      // The run of a job throws, and the job goes back, which shows that it ran.
      { purchase: {} as Purchase, submissions, settlements, logger },
    );
    try {
      await Promise.all(workers.map((worker) => worker.waitUntilReady()));
      const ref = { generationId: createGenerationId(Date.now()), index: 0, n: 1 };
      await admin.call(break_[0]!, ...break_.slice(1));
      // An idle worker blocks on a command that needs no memory. A marker, which is a key that exists, makes it fetch.
      await eventually(() => expect(lines.some((line) => line.reason === reason)).toBe(true), { withinMs: 8000 });
      const commandsOf = async (): Promise<number> => Number(/total_commands_processed:(\d+)/.exec(await admin.info('stats'))?.[1]);
      const [before, linesBefore] = [await commandsOf(), lines.length];
      await delay(WATCHED_MS); // the test counts a rate
      expect((await commandsOf()) - before, 'commands in three seconds').toBeLessThan(150);
      expect(lines.length - linesBefore, 'lines in three seconds').toBeLessThan(6);
      await admin.call(mend[0]!, ...mend.slice(1));
      await submissions.add([ref]);
      await eventually(
        async () =>
          expect((await submissions.queue.getJob((await submissions.queue.getJobs())[0]?.id ?? ''))?.attemptsStarted).toBeGreaterThan(0),
        {
          withinMs: 10_000,
        },
      );
    } finally {
      await admin.config('SET', 'maxmemory', '0');
      await Promise.all(workers.map((worker) => worker.close()));
      await Promise.all([submissions.close(), settlements.close()]);
      connection.disconnect();
      admin.disconnect();
    }
  },
  40_000,
);
