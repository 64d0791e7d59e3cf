import { buildGenerationStore, connectPatient } from '@darkroom/generation-store';
import { createObjectStorage } from '@darkroom/object-storage';
import { createProducer } from '@darkroom/producer';
import { eventually, runApp, startFleet, storesEnvironment } from '@darkroom/testing';
import { expect, onTestFinished, test } from 'vitest';

const USD = 1_000_000_000;

/** Starts workers one after the other, each with its own environment. */
async function setup(...environments: Readonly<Record<string, string>>[]) {
  const fleet = await startFleet({ workers: environments.length, envOfWorker: (at) => environments[at] ?? {} });
  const redis = connectPatient(fleet.redisUrl);
  const storage = createObjectStorage({ ...fleet.s3Config, requestTimeoutMs: 5000, maxImageBytes: 1 }, { now: Date.now });
  onTestFinished(async () => {
    redis.disconnect();
    storage.close();
    await fleet.stop();
  });
  const { prefix, s3Config } = fleet;
  const store = buildGenerationStore(
    { prefix, retention: { recordSeconds: 60, idempotencySeconds: 60 }, pollRate: { perSecond: 1, burst: 1 } },
    redis,
  );
  return {
    fleet,
    redis,
    store,
    storage,
    linesOf: async (at: number, event: string): Promise<Record<string, unknown>[]> =>
      ((await fleet.workers[at]?.log()) ?? '')
        .split('\n')
        .filter((line) => line.includes(`"event":"${event}"`))
        .map((line) => JSON.parse(line) as Record<string, unknown>), // lines of our own log
    differs: async (at: number): Promise<string | undefined> => {
      const page = await (await fetch(`${fleet.workerUrls[at]}/metrics`, { headers: { connection: 'close' } })).text();
      return /^darkroom_settings_differ\S* (\d)$/m.exec(page)?.[1];
    },
    operate: (...words: string[]) => runApp('cli', words, storesEnvironment({ redisUrl: fleet.redisUrl, prefix, s3: s3Config })),
  };
}

test('a worker keeps the caps of an existing store and logs how its environment differs; the command changes them for all', async () => {
  const { store, storage, fleet, redis, linesOf, differs, operate } = await setup(
    { DAILY_CAP_USD: '5', MONTHLY_CAP_USD: '50', TENANT_DAILY_CAP_USD: '1' },
    {},
    { DAILY_CAP_USD: '25', TENANT_MONTHLY_CAP_USD: '7' },
  );
  const caps = { allPerDay: 5 * USD, allPerMonth: 50 * USD, tenantPerDay: 1 * USD };
  expect(await store.findCaps()).toEqual({ revision: 1, caps });
  expect(await storage.findNewestSetting('caps')).toMatchObject({ revision: 1, before: null, after: caps });
  const difference = 'DAILY_CAP_USD names 25 USD, the store has 5 USD; TENANT_MONTHLY_CAP_USD names 7 USD, the store has no such cap';
  await eventually(async () => expect(await linesOf(2, 'settings.differ')).toMatchObject([{ difference }]));
  for (const at of [0, 1]) expect(await linesOf(at, 'settings.differ')).toEqual([]);
  expect([await differs(0), await differs(1), await differs(2)]).toEqual(['0', '0', '1']);
  for (const words of [['status'], ['doctor'], ['caps']]) expect((await operate(...words)).output).toContain(difference);

  for (const [words, said] of [
    [
      ['--day', 'none', '--month', 'plenty', '--tenant-day', '0'],
      /--day must be an amount: .+\n.*--month must be .+got "plenty"\n.*--tenant-day must be/,
    ],
    [['--dya', '25'], /darkroom caps: unknown option "--dya" \(did you mean --day\?\)/],
  ] as const) {
    const refused = await operate('caps', ...words);
    expect(refused).toMatchObject({ code: 2 });
    expect(refused.output).toMatch(said);
  }
  expect(await store.findCaps()).toEqual({ revision: 1, caps });

  const changed = await operate('caps', '--day', '25', '--tenant-month', '7', '--tenant-day', 'none');
  expect(changed.output).toContain('before    day 5 USD, month 50 USD, tenant-day 1 USD, tenant-month none');
  expect(changed.output).toContain('caps      day 25 USD, month 50 USD, tenant-day none, tenant-month 7 USD (revision 2, recorded in S3)');
  const after = { allPerDay: 25 * USD, allPerMonth: 50 * USD, tenantPerMonth: 7 * USD };
  expect(await storage.findNewestSetting('caps')).toMatchObject({ revision: 2, before: caps, after });
  await eventually(async () => {
    expect(await linesOf(1, 'caps.changed')).toMatchObject([
      {
        before: 'day 5 USD, month 50 USD, tenant-day 1 USD, tenant-month none',
        after: 'day 25 USD, month 50 USD, tenant-day none, tenant-month 7 USD',
      },
    ]);
    expect([await differs(0), await differs(1), await differs(2)]).toEqual(['1', '0', '0']);
  });

  // A deleted or evicted key does not switch a cap off: a worker restores it from S3 before it buys.
  await redis.del(`${fleet.prefix}:caps`);
  const producer = createProducer({ redisUrl: fleet.redisUrl, prefix: fleet.prefix });
  onTestFinished(() => producer.close());
  const { generationId } = await producer.enqueue({ positivePrompt: 'a red door', width: 576, height: 1248 });
  expect(await producer.wait(generationId, { timeoutMs: 20_000 })).toMatchObject({ status: 'succeeded' });
  expect(await store.findCaps()).toEqual({ revision: 2, caps: after });
});
