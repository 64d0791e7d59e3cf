import { createProducer } from '@darkroom/producer';
import { eventually, startFleet } from '@darkroom/testing';
import { Redis } from 'ioredis';
import { expect, test } from 'vitest';

const GENERATIONS = 20;
const perGeneration = (names: readonly string[]): string => {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].map(([name, count]) => `${name} ${(count / GENERATIONS).toFixed(2)}`).join(', ');
};

/** Commands that a fleet without work sends as well: waiting for jobs, looking for stalled ones, keeping connections. */
const IDLE = new Set([
  'bzpopmin',
  'ping',
  'info',
  'client',
  'hello',
  'subscribe',
  'unsubscribe',
  'monitor',
  'script',
  'select',
  'xtrim',
  'hmset',
  'set',
]);

for (const [order, faults] of Object.entries({
  'upload first': { uploadBeforeWebhookRate: 1 },
  'webhook first': { uploadDelayMs: [20, 60] },
})) {
  test(`an image takes few trips to Redis and S3 (${order})`, async () => {
    const s3: string[] = [];
    const fleet = await startFleet({
      faults,
      onS3Request: ({ operation = 'other', key }) => s3.push(`${operation} ${key.split('/')[0] ?? ''}`),
    });
    const producer = createProducer({ redisUrl: fleet.redisUrl });
    const observer = new Redis(fleet.redisUrl);
    const listener = new Redis(fleet.redisUrl);
    const commands: string[] = [];
    const monitor = await observer.monitor();
    try {
      // once before counting: scripts are loaded, connections are open
      const warm = await producer.enqueue({ positivePrompt: 'warm', width: 1024, height: 1024 });
      await producer.wait(warm.generationId, { timeoutMs: 20_000 });
      s3.length = 0;
      let succeeded = 0;
      await listener.psubscribe(`${fleet.prefix}:events:*`);
      listener.on(
        'pmessage',
        (_pattern: string, _channel: string, message: string) => (succeeded += message.includes('generation.succeeded') ? 1 : 0),
      );
      monitor.on('monitor', (_time: string, args: string[], source: string) => {
        const [name = '', script = ''] = args;
        if (source !== 'lua' && !IDLE.has(name.toLowerCase()))
          commands.push(name.toLowerCase() === 'evalsha' ? `evalsha ${script.slice(0, 6)}` : name);
      });
      for (let at = 0; at < GENERATIONS; at += 1) await producer.enqueue({ positivePrompt: `image ${at}`, width: 1024, height: 1024 });
      await eventually(() => expect(succeeded).toBe(GENERATIONS), { withinMs: 30_000 });
      console.info(
        `${order}: redis ${(commands.length / GENERATIONS).toFixed(1)} (${perGeneration(commands)}); s3 ${(s3.length / GENERATIONS).toFixed(1)} (${perGeneration(s3)})`,
      );
      expect(s3.length / GENERATIONS).toBeLessThanOrEqual(order === 'upload first' ? 4 : 6);
    } finally {
      monitor.disconnect();
      observer.disconnect();
      listener.disconnect();
      await producer.close();
      await fleet.stop();
    }
  });
}
