import { join } from 'node:path';
import { eventually, startFleet, type Fleet } from '@darkroom/testing';
import { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { findLeaks, type Canary, type Written } from './canaries/canary.ts';
import { operatorWords, readAllPages, runCli, openDashboard, startWrongly } from './canaries/look-around.ts';
import { placeOrders } from './canaries/orders.ts';
import { startParrot } from './canaries/parrot.ts';
import { findSentSecrets, given, secrets } from './canaries/secrets.ts';
import { readFiles, readObjects, readRedis } from './canaries/written-places.ts';

/**
 * Proves I8. Every secret and every prompt is a text that appears nowhere else. The test lets every part fail, with the most verbose log
 * level and a provider that repeats whole requests. It then searches everything written for these texts: plain, in hex and in base64.
 */
test('after failures, kills and retries nothing written holds a secret or a prompt', async () => {
  const orders = 32;
  const run = await runDarkroom({ orders, env: { LOG_LEVEL: 'debug' } });
  // The search covers each kind of text: failed jobs, logged errors, pauses, dashboard pages, errors of callers, refused settings.
  const signs = [
    'stacktrace',
    'run put back after an error',
    'submission.answered',
    'provider.in-trouble',
    'BUYS NOTHING',
    '"isFailed":true',
    'while Redis is away',
    'DAILY_CAP_USD',
    'notification.attempted',
  ];
  for (const sign of signs)
    expect(
      run.written.some(({ place, text }) => `${place} ${text}`.includes(sign)),
      sign,
    ).toBe(true);
  expect(findLeaks(run.written, [...run.secrets, ...run.prompts, ...run.webhooks])).toEqual([]);
  expect(findLeaks(run.holdsPrompts, run.secrets)).toEqual([]);
  // The search can find: each prompt stands in Redis and in the object of its request.
  expect(findLeaks(run.holdsPrompts, run.prompts).length).toBeGreaterThanOrEqual(2 * orders);
  expect(findLeaks(run.holdsPrompts, run.webhooks).length).toBeGreaterThanOrEqual(2 * orders);
});

test('with LOG_PROMPTS only the logs of the workers hold prompts, and nothing holds secrets', async () => {
  const run = await runDarkroom({ orders: 8, env: { LOG_LEVEL: 'debug', LOG_PROMPTS: 'true' } });
  const leaks = findLeaks(run.written, run.prompts);
  expect(leaks.filter((leak) => !/ in worker-\d: /.test(leak))).toEqual([]);
  expect(leaks.length).toBeGreaterThanOrEqual(8);
  expect(findLeaks([...run.written, ...run.holdsPrompts], run.secrets)).toEqual([]);
  expect(findLeaks(run.written, run.webhooks)).toEqual([]);
});

interface Run {
  /** Texts that must hold neither secrets nor prompts. */
  written: Written[];
  /** Requests in Redis and in S3, which hold prompts. */
  holdsPrompts: Written[];
  secrets: Canary[];
  prompts: readonly Canary[];
  webhooks: readonly Canary[];
}

async function runDarkroom({ orders: count, env }: { orders: number; env: Readonly<Record<string, string>> }): Promise<Run> {
  let fleet: Fleet | undefined;
  const parrot = await startParrot(() => fleet?.emulatorUrl ?? '');
  let s3Refuses = 0;
  try {
    fleet = await startFleet({
      workers: 2,
      notifiers: 1,
      secrets,
      env,
      workerEnv: {
        RUNWARE_URL: `${parrot.url}/v1`,
        TIMING_HORIZON_MS: '20000',
        TIMING_RESEND_WINDOW_MS: '15000',
        TIMING_REQUEST_TIMEOUT_MS: '3000',
      },
      faults: { submitResetAfterRate: 0.1, submit503Rate: 0.1, failProviderErrorRate: 0.2, uploadHtmlRate: 0.1, uploadNeverRate: 0.1 },
      disturbS3: () => ({ delayMs: 0, refuses: Math.random() < s3Refuses ? 'the request' : 'nothing' }),
    });
    const running = fleet;
    const status = (): Promise<Written> => runCli(running, parrot.url, 'status');
    const orders = await placeOrders(fleet, count);
    const dashboard = await openDashboard(fleet, env);
    const seen = await orders.refused();
    try {
      s3Refuses = 0.2;
      for (const victim of [...fleet.workers, ...fleet.receivers, fleet.emulator]) {
        // A worker may end at its start because S3 refuses it; an orchestrator starts it again.
        await eventually(
          async () => {
            await victim.kill();
            await victim.start();
          },
          { withinMs: 60_000, everyMs: 200 },
        );
      }
      await fleet.redis.kill();
      seen.push(...(await orders.tryWhile('Redis is away')), await status());
      await fleet.redis.start();
      parrot.refuseAccount(true);
      await orders.place();
      seen.push(
        await eventually(async () => mustSay(await status(), 'BUYS NOTHING'), { withinMs: 30_000 }),
        await runCli(fleet, parrot.url, 'doctor'),
      );
      parrot.refuseAccount(false);
      s3Refuses = 0;
      await orders.allOver();
      for (const word of operatorWords) seen.push(await runCli(fleet, parrot.url, word));
      seen.push(...(await readAllPages(fleet, dashboard.url)), ...(await startWrongly(fleet)), {
        place: 'dashboard',
        text: await dashboard.log(),
      });
    } finally {
      await dashboard.kill();
      await orders.close();
    }
    const { capabilities, signatures } = findSentSecrets(parrot.heard);
    expect(Math.min(capabilities.length, signatures.length), 'secrets that were sent').toBeGreaterThanOrEqual(count);
    return {
      ...(await readWritten(fleet, seen)),
      secrets: [...Object.values(given), ...orders.keys(), ...capabilities, ...signatures],
      prompts: orders.prompts(),
      webhooks: orders.webhooks(),
    };
  } finally {
    await fleet?.stop();
    await parrot.stop();
  }
}

function mustSay(written: Written, word: string): Written {
  if (!written.text.includes(word)) throw new Error(`${written.place} does not say "${word}" yet: ${written.text}`);
  return written;
}

/** Reads everything written, except for the provider's own files. */
async function readWritten(fleet: Fleet, seen: readonly Written[]): Promise<Pick<Run, 'written' | 'holdsPrompts'>> {
  const redis = new Redis(fleet.redisUrl);
  const records = await readRedis(redis);
  redis.disconnect();
  const processes = [...fleet.workers, ...fleet.receivers, ...fleet.notifiers];
  const logs = await Promise.all(processes.map(async (process) => ({ place: process.name, text: await process.log() })));
  const objects = await readObjects(join(fleet.directory, 's3/buckets', fleet.s3Config.bucket));
  const all = [...logs, ...seen, ...records, ...objects];
  const isRequest = ({ place }: Written): boolean =>
    /^redis \S+:generation:\S+:request (?:request|webhook)$/.test(place) || /^s3 requests\/.+\.json$/.test(place);
  // The files of Redis hold every request that it ever got.
  const redisFiles = await readFiles(join(fleet.directory, 'redis'));
  return { written: all.filter((each) => !isRequest(each)), holdsPrompts: [...all.filter(isRequest), ...redisFiles] };
}
