import { mkdtemp, rename, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { runProgram, storesEnvironment } from '@darkroom/local-stack';
import { createProducer } from '@darkroom/producer';
import { Redis } from 'ioredis';
import { expect, onTestFinished, test } from 'vitest';
import { builtAppsFolder } from '../src/built-apps/built-apps.ts';
import { bundleApps, type Breakage } from '../src/built-apps/bundle-apps.ts';
import { createTap } from '../src/crash-points/tap.ts';
import { eventually } from '../src/eventually.ts';
import { countExecutions, readBilledTasks } from '../src/fleet/bill.ts';
import { startFleet } from '../src/fleet/fleet.ts';
import { baseEnvironment } from '../src/fleet/test-place.ts';

const WORDS = 'holds a store of format 2, and this process knows formats up to 1: upgrade this process first';
const STOP_LIMIT_MS = 10_000;
const request = { positivePrompt: 'a lighthouse at dusk', width: 1280, height: 896 } as const;

/** The next version: it knows one more format, in which the end of a submission has a field that earlier processes would misread. */
const nextVersion: readonly Breakage[] = [
  { file: 'contracts/dist/stored-format.js', find: /STORED_FORMAT = 1;/, replace: 'STORED_FORMAT = 2;' },
  {
    file: 'generation-store/dist/purchase/settle.js',
    find: /redis\.call\('HSET', submissionKey, 'status', status,[^\n]*\n/,
    replace: `redis.call('HSET', submissionKey, 'status', status, 'code', code, 'result', result, 'settledAt', int(now))
if tonumber(redis.call('GET', prefix .. ':format') or '1') >= 2 then redis.call('HSET', submissionKey, 'form', 2) end
`,
  },
];

/** A folder of apps that leads to one build, and later to another one. */
async function switchableApps(first: string): Promise<{ folder: string; switchTo: (build: string) => Promise<void> }> {
  const dir = await mkdtemp(join(tmpdir(), 'darkroom-rolling-'));
  onTestFinished(() => rm(dir, { recursive: true }));
  const folder = join(dir, 'apps-of-now');
  await symlink(first, folder);
  return {
    folder,
    async switchTo(build) {
      await symlink(build, join(dir, 'next'));
      await rename(join(dir, 'next'), folder);
    },
  };
}

test('a fleet rolls under load to a version with a further format, which is written once an operator ends the upgrade', async () => {
  const next = await mkdtemp(join(tmpdir(), 'darkroom-next-version-'));
  onTestFinished(() => rm(next, { recursive: true }));
  await bundleApps(next, nextVersion, 'all');
  const { folder, switchTo } = await switchableApps(builtAppsFolder());
  const fleet = await startFleet({
    workers: 2,
    receivers: 2,
    erasers: 1,
    apis: 1,
    notifiers: 1,
    env: { DAILY_CAP_USD: '1000' },
    runtime: { node: process.execPath, folder },
  });
  const { redisUrl, prefix } = fleet;
  const producer = createProducer({ redisUrl, prefix });
  const redis = new Redis(redisUrl);
  onTestFinished(async () => {
    await producer.close();
    redis.disconnect();
    await fleet.stop();
  });

  const ids: string[] = [];
  let isRolling = true;
  const load = (async () => {
    for (; isRolling; await delay(100)) ids.push((await producer.enqueue(request)).generationId);
  })();
  await eventually(() => expect(ids.length).toBeGreaterThan(5));
  await switchTo(next);
  const stops: number[] = [];
  for (const each of [...fleet.workers, ...fleet.receivers, ...fleet.erasers, ...fleet.apis, ...fleet.notifiers]) {
    const stoppedAt = performance.now();
    expect(await each.stop(), each.name).toBe(0);
    stops.push(performance.now() - stoppedAt);
    await each.start();
  }
  isRolling = false;
  await load;
  for (const id of ids) expect(await producer.wait(id, { timeoutMs: 60_000 })).toMatchObject({ status: 'succeeded' });
  const billed = await readBilledTasks(fleet.billFile);
  expect([...billed.values()].filter(({ executions }) => executions > 1)).toEqual([]);
  expect(countExecutions(billed)).toBe(ids.length);
  expect(Math.max(...stops)).toBeLessThan(STOP_LIMIT_MS);

  const formOf = (id: string): Promise<string | null> => redis.hget(`${prefix}:submission:${id}:0-1`, 'form');
  expect(await redis.get(`${prefix}:format`), 'the earlier version may run').toBe('1');
  expect(await formOf(ids.at(-1) ?? '')).toBeNull();
  const env = { ...baseEnvironment(), ...storesEnvironment({ redisUrl, prefix, s3: fleet.s3Config }) };
  const cli = (build: string, args: readonly string[], more: Readonly<Record<string, string>> = {}) =>
    runProgram({ name: 'cli', args: [join(build, 'apps/cli/dist/main.js'), ...args], environment: { ...env, ...more } });
  const tap = createTap(fleet.directory, 'cli', { redis: redisUrl, s3: fleet.s3Config.endpoint, provider: fleet.emulatorUrl });
  const recording = `s3 PUT /${fleet.s3Config.bucket}/settings/format/2.json`;
  await tap.order({ kind: 'die', at: { request: recording, occurrence: 1, moment: 'after' } });
  const killed = await cli(next, ['upgrade', '--finish'], tap.environment);
  expect((await tap.read()).died, killed.output).toMatchObject({ request: recording });
  expect(await redis.get(`${prefix}:format`), 'S3 has the number, and Redis has not').toBe('1');
  const early = await cli(builtAppsFolder(), ['reconcile']);
  expect(early).toMatchObject({ code: 1, output: expect.stringContaining(`the bucket ${WORDS}`) as unknown });
  const later = await producer.enqueue(request, { runAt: Date.now() + 10_000 });
  const ended = await cli(next, ['upgrade', '--finish']);
  expect(ended, ended.output).toMatchObject({
    code: 0,
    output: expect.stringContaining('earlier versions use this store no more') as unknown,
  });
  await eventually(async () => expect(await redis.hget(`${prefix}:generation:${later.generationId}`, 'status')).toBe('succeeded'), {
    withinMs: 30_000,
  });
  expect(await formOf(later.generationId)).toBe('2');
  await expect(producer.get(later.generationId)).rejects.toMatchObject({ code: 'store.newer-format' });

  // a worker of the next version may give Redis its number back before the command looks
  await redis.flushall();
  expect(await cli(builtAppsFolder(), ['rebuild'])).toMatchObject({ code: 1, output: expect.stringContaining(WORDS) as unknown });
  expect(await redis.exists(`${prefix}:epoch`)).toBe(0);
  const rebuilt = await cli(next, ['rebuild']);
  expect(rebuilt.code, rebuilt.output).toBe(0);
  expect(await redis.get(`${prefix}:format`), 'Redis has it from S3').toBe('2');
  const longest = Math.round(Math.max(...stops));
  process.stdout.write(
    `rolled ${stops.length} processes under ${ids.length} orders: 0 failed, 0 bought twice, SIGTERM to exit ${longest} ms at most\n`,
  );
}, 300_000);
