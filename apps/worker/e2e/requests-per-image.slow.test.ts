import { once } from 'node:events';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { createProducer } from '@darkroom/producer';
import { eventually, startFleet } from '@darkroom/testing';
import { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { z } from 'zod';

const GENERATIONS = 20;
/** Commands that a fleet without work sends as well: it waits for jobs, looks for stalled ones and keeps connections alive. */
const IDLE = new Set([
  'bzpopmin',
  'ping',
  'info',
  'client',
  'hello',
  'subscribe',
  'psubscribe',
  'unsubscribe',
  'monitor',
  'script',
  'select',
  'set',
  'hmset',
]);

const perGeneration = (names: readonly string[]): string => {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].map(([name, count]) => `${name} ${(count / GENERATIONS).toFixed(2)}`).join(', ');
};

/**
 * Opens a connection that receives every command of all clients (Redis docs, "MONITOR"). It does not use ioredis 6.0, which throws
 * if a command arrives in one packet with the answer to MONITOR.
 */
async function openMonitor(redisUrl: string) {
  const { hostname, port } = new URL(redisUrl);
  const socket = connect(Number(port), hostname);
  const lines = createInterface({ input: socket });
  socket.write('MONITOR\r\n');
  await once(lines, 'line');
  return {
    onCommand(listener: (words: string[], source: string) => void): void {
      lines.on('line', (line) => {
        const [, source = '', command = ''] = /^\+[\d.]+ \[\d+ (\S+)\] (.*)$/.exec(line) ?? [];
        listener(
          Array.from(command.matchAll(/"((?:[^"\\]|\\.)*)"/g), ([, word = '']) => word),
          source,
        );
      });
    },
    close(): void {
      lines.close();
      socket.destroy();
    },
  };
}

interface Limits {
  faults: Readonly<Record<string, unknown>>;
  maxRedis: number;
  maxS3: number;
  maxQuestions: number;
}

/** Fleets by their settings, with the orders of arrival to measure on each. */
const fleets: { env: Readonly<Record<string, string>>; orders: Readonly<Record<string, Limits>> }[] = [
  {
    // The waits of production: with the short ones of other tests a busy machine would look before the webhook arrives.
    env: { TIMING_UPLOAD_POLL_MS: '1000', TIMING_UPLOAD_WINDOW_MS: '60000', TIMING_FIRST_POLL_MS: '20000', TIMING_MAX_POLL_MS: '60000' },
    orders: {
      // An idle machine needs 16 and 5. A busy one looks once more now and then, and the worker lists its bucket every ten seconds.
      'upload first': { faults: { uploadBeforeWebhookRate: 1 }, maxRedis: 20, maxS3: 5.2, maxQuestions: 0 },
      // The usual order: the first look finds no upload yet, and the run parks the job until the upload should be there.
      'webhook first, upload a second later': { faults: { uploadDelayMs: [800, 1200] }, maxRedis: 40, maxS3: 8, maxQuestions: 0 },
    },
  },
  {
    // Each image needs a question: ten at once, then five a second. An image that waits for its turn sends no request to S3.
    env: { WEBHOOK_BASE_URL: '', WORKER_POLLS_PER_SECOND: '5', TIMING_FIRST_POLL_MS: '500' },
    // A busy machine asks for an image once more now and then.
    orders: {
      'without webhooks, a backlog at five questions a second': { faults: {}, maxRedis: 40, maxS3: 6, maxQuestions: 1 + 5 / GENERATIONS },
    },
  },
];

/** Returns the number of questions that the provider got about tasks. */
async function countQuestions(emulatorUrl: string): Promise<number> {
  const response = await fetch(`${emulatorUrl}/_emulator/stats`);
  return z.object({ polls: z.number() }).parse(await response.json()).polls;
}

const quick = { executionMs: [20, 60], uploadDelayMs: [20, 100], webhookFirstRetryMs: 50, webhookMaxRetryMs: 500 };

for (const { env, orders } of fleets) {
  test(`an image takes few trips to Redis and S3 (${Object.keys(orders).join('; ')})`, async () => {
    const s3: string[] = [];
    const commands: string[] = [];
    const fleet = await startFleet({
      workerEnv: env,
      onS3Request: ({ operation = 'other', key }) => {
        const [folder = ''] = key.split('/');
        // The count leaves out the provider's own upload, and the sums of the ledger, which a worker writes at most once a minute.
        const isOfAnImage = (operation !== 'PutObject' || folder !== 'staging') && !key.startsWith('records/sums/');
        if (isOfAnImage) s3.push(`${operation} ${folder}`);
      },
    });
    const producer = createProducer({ redisUrl: fleet.redisUrl });
    const listener = new Redis(fleet.redisUrl);
    // The next pass of the reconciler is minutes away.
    await eventually(async () => expect(await listener.exists(`${fleet.prefix}:last-pass`)).toBe(1));
    const monitor = await openMonitor(fleet.redisUrl);
    let succeeded = 0;
    try {
      // Buys one image before counting, so that scripts are loaded and connections are open.
      const warm = await producer.enqueue({ positivePrompt: 'warm', width: 1024, height: 1024 });
      await producer.wait(warm.generationId, { timeoutMs: 20_000 });
      await listener.psubscribe(`${fleet.prefix}:events:*`);
      listener.on('pmessage', (_pattern: string, _channel: string, message: string) => {
        if (message.includes('generation.succeeded')) succeeded += 1;
      });
      monitor.onCommand(([name = '', script = '', ...rest], source) => {
        // Each process looks at its Redis every three seconds, with work and without.
        const isLook = rest.includes(`${fleet.prefix}:alive`) || (name === 'exists' && script === `${fleet.prefix}:epoch`);
        if (source !== 'lua' && !isLook && !IDLE.has(name.toLowerCase()))
          commands.push(name.toLowerCase() === 'evalsha' ? `script ${script.slice(0, 6)}` : name);
      });
      for (const [order, limits] of Object.entries(orders)) {
        await fleet.setFaults({ ...quick, ...limits.faults });
        const askedBefore = await countQuestions(fleet.emulatorUrl);
        succeeded = commands.length = s3.length = 0;
        for (let at = 0; at < GENERATIONS; at += 1) await producer.enqueue({ positivePrompt: `image ${at}`, width: 1024, height: 1024 });
        await eventually(() => expect(succeeded).toBe(GENERATIONS), { withinMs: 30_000 });
        const redisPerImage = commands.length / GENERATIONS;
        const s3PerImage = s3.length / GENERATIONS;
        // Each generation has one image, and its request is written once.
        expect(
          s3.filter((name) => name === 'PutObject requests'),
          order,
        ).toHaveLength(GENERATIONS);
        const questions = ((await countQuestions(fleet.emulatorUrl)) - askedBefore) / GENERATIONS;
        console.info(
          `${order}: redis ${redisPerImage.toFixed(1)} (${perGeneration(commands)}); s3 ${s3PerImage.toFixed(1)} (${perGeneration(s3)}); questions ${questions.toFixed(2)}`,
        );
        expect(redisPerImage, order).toBeLessThanOrEqual(limits.maxRedis);
        expect(s3PerImage, order).toBeLessThanOrEqual(limits.maxS3);
        expect(questions, order).toBeLessThanOrEqual(limits.maxQuestions);
      }
    } finally {
      monitor.close();
      listener.disconnect();
      await producer.close();
      await fleet.stop();
    }
  });
}
