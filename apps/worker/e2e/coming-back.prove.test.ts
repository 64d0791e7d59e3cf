import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually, startFleet, startSlowBucket, type Fleet, type SlowBucket } from '@darkroom/testing';
import { Redis } from 'ioredis';
import { afterAll, expect, test } from 'vitest';
import { z } from 'zod';
import { fillStore, type Forgotten } from './coming-back-world.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
/** Answer time of the bucket. */
const REQUEST_TAKES_MS = 30;
/** Redis is away for so long; a worker tries to connect again and again meanwhile, with growing pauses. */
const AWAY_MS = 3 * SECOND;

interface Case extends Forgotten {
  withinSeconds: number;
}

// Some ten purchases a second were forgotten, as long as those are few.
const cases: Case[] = [
  { rolledBackMs: 5 * SECOND, open: 1000, purchases: 50, ended: 50, history: 50_000, withinSeconds: 10 },
  { rolledBackMs: 10 * MINUTE, open: 1000, purchases: 600, ended: 500, history: 50_000, withinSeconds: 10 },
  { rolledBackMs: 10 * MINUTE, open: 1000, purchases: 6000, ended: 500, history: 50_000, withinSeconds: 120 },
  { rolledBackMs: 30 * HOUR, open: 1000, purchases: 3000, ended: 500, history: 0, withinSeconds: 60 },
  { rolledBackMs: 5 * SECOND, open: 100_000, purchases: 50, ended: 50, history: 50_000, withinSeconds: 120 },
  { rolledBackMs: 10 * MINUTE, open: 100_000, purchases: 600, ended: 500, history: 50_000, withinSeconds: 120 },
  { rolledBackMs: 30 * HOUR, open: 100_000, purchases: 3000, ended: 500, history: 0, withinSeconds: 180 },
];
const rows: string[] = [];

afterAll(() => void process.stdout.write(['', ...rows, ''].join('\n')));

test.each(cases)(
  'with $open open, a Redis that forgot $rolledBackMs ms and $purchases purchases: the worker buys again within $withinSeconds s',
  async (given) => {
    let bucket: SlowBucket | undefined;
    const fleet = await startFleet({
      isAsShipped: true,
      startBucket: async (name) => (bucket = await startSlowBucket(name, REQUEST_TAKES_MS)),
      workerEnv: { DAILY_CAP_USD: '100000' },
    });
    try {
      const [worker] = fleet.workers;
      if (worker === undefined || bucket === undefined) throw new Error('the fleet has no worker or no bucket');
      // What the worker does after its first start is over, such as a pass of its reconciler.
      await eventually(async () => expect(await readEvents(fleet, 'reconcile.pass')).not.toEqual([]), { withinMs: MINUTE });
      const awaySince = Date.now();
      await fleet.redis.kill();
      const filled = bucket;
      await fleet.redis.changeAway((client) => fillStore(client, fleet.prefix, filled, given));
      await delay(Math.max(0, awaySince + AWAY_MS - Date.now()));
      const before = { ...bucket.requests };

      const answered = untilRedisAnswers(fleet.redisUrl);
      await fleet.redis.start();
      const answersAt = await answered;
      const first = await eventually(
        async () => {
          const [acceptance] = await readAcceptances(fleet);
          if (acceptance === undefined) throw new Error('no purchase yet');
          return acceptance;
        },
        { withinMs: 10 * MINUTE, everyMs: 50 },
      );
      const { list, get } = bucket.requests;
      const seconds = (first.at - answersAt) / 1000;
      const [comparison] = await readEvents(fleet, 'buying.goes-on');
      rows.push(
        [
          `back by ${given.rolledBackMs / 1000} s, ${given.open} open, ${given.purchases} purchases forgotten, ${given.history} in the history`,
          `first purchase after ${seconds.toFixed(1)} s`,
          `compared in ${((comparison?.ms ?? NaN) / 1000).toFixed(1)} s`,
          `${list - before.list} lists, ${get - before.get} reads`,
        ].join(': '),
      );
      expect(comparison).toMatchObject({ restored: given.purchases + given.ended, damaged: 0 });
      expect(comparison?.checkpointAgeMs).toBeGreaterThanOrEqual(given.rolledBackMs);
      expect(first.at).toBeGreaterThanOrEqual(comparison?.time ?? Infinity);
      expect(seconds).toBeLessThan(given.withinSeconds);
    } finally {
      await fleet.stop();
    }
  },
);

/** Resolves with the time at which Redis answers, its data loaded. */
async function untilRedisAnswers(url: string): Promise<number> {
  const redis = new Redis(url, { retryStrategy: () => 10 });
  redis.on('error', () => undefined); // it is away at first
  await new Promise((resolve) => redis.once('ready', resolve));
  const answersAt = Date.now();
  redis.disconnect();
  return answersAt;
}

const acceptanceSchema = z.object({ at: z.number() });

/** Reads the purchases that the provider acknowledged, in order. */
async function readAcceptances({ billFile }: Fleet): Promise<z.infer<typeof acceptanceSchema>[]> {
  const lines = (await readFile(billFile, 'utf8').catch(() => '')).split('\n').slice(0, -1);
  return lines.filter((line) => line.includes('"kind":"acceptance"')).map((line) => acceptanceSchema.parse(JSON.parse(line)));
}

const eventSchema = z.looseObject({
  time: z.iso.datetime().transform((text) => Date.parse(text)),
  ms: z.number(),
  checkpointAgeMs: z.number().optional(),
});

/** Reads the worker's log lines of an event, in order. */
async function readEvents({ workers: [worker] }: Fleet, event: string): Promise<z.infer<typeof eventSchema>[]> {
  const lines = ((await worker?.log()) ?? '').split('\n').filter((line) => line.includes(`"event":"${event}"`));
  return lines.map((line) => eventSchema.parse(JSON.parse(line)));
}
