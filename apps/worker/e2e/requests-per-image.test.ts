import { once } from 'node:events';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { createProducer } from '@darkroom/producer';
import { eventually, startFleet } from '@darkroom/testing';
import { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { z } from 'zod';

const GENERATIONS = 20;
/** Commands that a fleet without work sends as well: waiting for jobs, looking for stalled ones, keeping connections. */
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
 * What all clients ask of Redis (Redis docs, "MONITOR"). Not by ioredis 6.0: what comes in one packet with the answer to MONITOR it
 * takes for an answer, and throws.
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

/** Orders of what comes, by the settings of the fleet that meets them. */
const fleets: { env: Readonly<Record<string, string>>; orders: Readonly<Record<string, Limits>> }[] = [
  {
    // The shipped waits: with the quick ones of other tests a busy machine looks before the webhook has come.
    env: { TIMING_UPLOAD_POLL_MS: '1000', TIMING_UPLOAD_WINDOW_MS: '60000', TIMING_FIRST_POLL_MS: '20000', TIMING_MAX_POLL_MS: '60000' },
    orders: {
      // 16 and 4 on an idle machine; a busy one takes a look more now and then, and the worker one at its bucket every ten seconds.
      'upload first': { faults: { uploadBeforeWebhookRate: 1 }, maxRedis: 20, maxS3: 4.2, maxQuestions: 0 },
      // The usual order: the first look finds no upload yet, and the job is parked again until it may be there.
      'webhook first, upload a second later': { faults: { uploadDelayMs: [800, 1200] }, maxRedis: 40, maxS3: 7, maxQuestions: 0 },
    },
  },
  {
    // Each image is asked about, ten at once and then five a second. What waits for its turn has nothing to do with S3 meanwhile.
    env: { WEBHOOK_BASE_URL: '', WORKER_POLLS_PER_SECOND: '5', TIMING_FIRST_POLL_MS: '500' },
    orders: { 'without webhooks, a backlog at five questions a second': { faults: {}, maxRedis: 40, maxS3: 5, maxQuestions: 1 } },
  },
];

/** How often the provider was asked about a task. */
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
        // The provider's own upload is no request of ours, and the sums of the ledger are written once a minute, whatever comes.
        const isOfAnImage = (operation !== 'PutObject' || folder !== 'staging') && !key.startsWith('records/sums/');
        if (isOfAnImage) s3.push(`${operation} ${folder}`);
      },
    });
    const producer = createProducer({ redisUrl: fleet.redisUrl });
    const listener = new Redis(fleet.redisUrl);
    // The next pass of the reconciler comes in minutes.
    await eventually(async () => expect(await listener.exists(`${fleet.prefix}:last-pass`)).toBe(1));
    const monitor = await openMonitor(fleet.redisUrl);
    let succeeded = 0;
    try {
      // once before counting: scripts are loaded, connections are open
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
