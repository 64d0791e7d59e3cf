import { createGenerationId, parseGrokImagineRequest } from '@darkroom/contracts';
import { buildGenerationStore, connectPatient } from '@darkroom/generation-store';
import { createSubmissions } from '@darkroom/queues';
import { eventually, startTestS3, uniquePrefix } from '@darkroom/testing';
import { expect, inject, onTestFinished, test } from 'vitest';
import { createWorld, spawnCli } from './world.ts';

const IMAGE_NANO_USD = 20_000_000;

/** Creates a store whose purchases wait as if a worker had snoozed them under a pause. */
async function setup() {
  const prefix = uniquePrefix();
  const redis = connectPatient(inject('redisUrl'));
  const retention = { recordSeconds: 60, idempotencySeconds: 60 };
  const store = buildGenerationStore({ prefix, retention, pollRate: { perSecond: 1, burst: 1 } }, redis);
  const submissions = createSubmissions(redis, { prefix });
  onTestFinished(async () => {
    await submissions.close();
    redis.disconnect();
  });
  await store.setCaps({ allPerDay: 50 * IMAGE_NANO_USD });
  const enqueue = async (images: number, delayMs = 60_000): Promise<string> => {
    const generationId = createGenerationId(Date.now());
    const request = parseGrokImagineRequest({ positivePrompt: 'a red door', numberResults: images });
    await store.enqueue({ generationId, tenant: 'acme', request, imageNanoUsd: IMAGE_NANO_USD });
    await submissions.add(
      Array.from({ length: images }, (_, index) => ({ generationId, index, n: 1 })),
      delayMs,
    );
    return generationId;
  };
  const runWith = async (environment: Readonly<Record<string, string>>, ...words: string[]) => {
    const cli = spawnCli(words, { REDIS_URL: inject('redisUrl'), DARKROOM_PREFIX: prefix, ...environment });
    return { code: (await cli.ended).code, output: cli.output() };
  };
  /** Starts an empty bucket. @returns the settings with which an operator uses it. */
  const startBucket = async (): Promise<Record<string, string>> => {
    const s3 = await startTestS3();
    onTestFinished(() => s3.stop());
    const { accessKeyId, secretAccessKey } = s3.credentials;
    return { S3_BUCKET: s3.bucket, S3_ENDPOINT: s3.endpoint, S3_ACCESS_KEY_ID: accessKeyId, S3_SECRET_ACCESS_KEY: secretAccessKey };
  };
  let bucket: Record<string, string> | undefined;
  const run = async (...words: string[]): Promise<string> => {
    const ended = await runWith((bucket ??= await startBucket()), ...words);
    expect(ended).toMatchObject({ code: 0 });
    return ended.output;
  };
  return { store, submissions, enqueue, run, runWith };
}

test('status says that no worker has opened the store yet', async () => {
  const { run } = await setup();
  expect(await run('status')).toContain('NOT OPEN: no worker has started here yet, or Redis lost its memory');
});

test('status says why and since when buying is paused, what to do, what waits, and what was spent', async () => {
  const { store, enqueue, run } = await setup();
  await store.initialise('epoch');
  const generationId = await enqueue(3);
  expect(await run('status')).toContain('buying    is not paused');
  await store.pauseBuying({ kind: 'account', reason: 'insufficientCredits: top up', since: Date.now() - 5 * 60_000 });
  const status = await run('status');
  expect(status).toMatch(
    /buying +PAUSED since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC \(5 min ago\), the provider refused the account: insufficientCredits: top up/,
  );
  expect(status).toContain('what to do: correct the key, permission or balance');
  expect(status).toContain('images bought before still come home');
  expect(status).toMatch(/today +0 USD spent, 0\.06 USD on hold, of at most 1 USD, 0\.94 left; resets \d{4}-\d\d-\d\d 00:00:00 UTC/);
  expect(status).toContain(`open      1 generations; the oldest is ${generationId}, ordered`);
  expect(status).toContain('queue     submissions: 3 delayed');
  expect(status).toContain('queue     settlements: empty');
  expect(await run('spend')).toMatch(/month +0 USD spent, 0\.06 USD on hold, no cap/);
  expect(await run('spend', '--tenant', 'acme')).toMatch(/tenant month +0 USD spent, 0\.06 USD on hold, no cap/);
});

test('status says that the provider is in trouble until it answers', async () => {
  const { store, run } = await setup();
  await store.initialise('epoch');
  for (const generationId of ['a', 'b', 'c', 'd', 'e'])
    await store.reportTrouble({ generationId, tolerated: 5, firstWaitMs: 60_000, maxWaitMs: 60_000 });
  expect(await run('status')).toMatch(
    /provider +IN TROUBLE since .+: the last 5 requests to Runware failed; one trial request goes out at a time/,
  );
  await store.reportAnswer();
  expect(await run('status')).not.toContain('provider');
});

test('pause stops buying for a reason, and resume runs the waiting purchases at once', async () => {
  const { store, submissions, enqueue, run } = await setup();
  await store.initialise('epoch');
  await enqueue(4, 0);
  await submissions.queue.rateLimit(60_000); // as a worker that was told of the pause
  expect(await run('pause', '--reason', 'a new bucket')).toMatch(/PAUSED .*an operator: a new bucket/);
  expect(await run('pause', '--reason', 'lunch')).toContain('an operator had paused buying before; that pause keeps its reason');
  expect(await store.pauses()).toMatchObject([{ kind: 'operator', reason: 'a new bucket' }]);
  expect(await run('resume')).toMatch(/lifted 1 pause\n4 waiting purchases resume\nbuying +is not paused/);
  expect(await submissions.queue.getJobCounts('waiting', 'delayed')).toEqual({ waiting: 4, delayed: 0 });
  expect(await submissions.queue.getRateLimitTtl()).toBeLessThanOrEqual(0);
});

test('without the bucket a pause holds and is not recorded, and is not lifted', async () => {
  const { store, run, runWith } = await setup();
  await store.initialise('epoch');
  const nowhere = { S3_BUCKET: 'gone', S3_ENDPOINT: 'http://127.0.0.1:9', S3_ACCESS_KEY_ID: 'a', S3_SECRET_ACCESS_KEY: 'b' };
  for (const [reason, environment] of Object.entries({ 'no settings': {}, 'S3 is away': nowhere })) {
    const paused = await runWith(environment, 'pause', '--reason', reason);
    expect(paused).toMatchObject({ code: 1, output: expect.stringContaining('the pause is not recorded') as string });
    expect(await store.pauses()).toMatchObject([{ kind: 'operator', reason }]);
    const resumed = await runWith(environment, 'resume');
    expect(resumed).toMatchObject({ code: 1, output: expect.stringContaining('stands until S3 has its end') as string });
    expect(await store.pauses()).toMatchObject([{ kind: 'operator', reason }]);
    expect(await run('resume')).toContain('lifted 1 pause');
  }
});

test('without the bucket a lower cap or limit holds at once and is not recorded, and a higher one waits', async () => {
  const { store, runWith } = await setup();
  await store.initialise('epoch');
  const { caps } = (await store.findCaps()) ?? { caps: { allPerDay: 0 } };
  const usd = (images: number): string => String((caps.allPerDay * images) / 1e9);
  expect(await runWith({}, 'caps', '--day', usd(2), '--tenant-day', '1')).toMatchObject({
    code: 1,
    output: expect.stringMatching(/not recorded \(recorded: false\)[^]+holds in Redis at once[^]+tenant-day 1 USD/) as string,
  });
  expect(await store.findCaps()).toMatchObject({ caps: { ...caps, tenantPerDay: 1_000_000_000 } });
  expect(await runWith({}, 'caps', '--tenant-day', '2')).toMatchObject({
    code: 1,
    output: expect.stringContaining('holds only when S3 has it') as string,
  });
  expect((await runWith({}, 'caps')).output).toContain('not recorded in S3 yet');
  expect(await runWith({}, 'limits', '--tasks', '3')).toMatchObject({ code: 1, output: expect.stringContaining('at once') as string });
  expect(await store.readTasksAtProvider()).toMatchObject({ limit: 3 });
  expect(await store.findCaps()).toMatchObject({ caps: { ...caps, tenantPerDay: 1_000_000_000 } });
});

test('limits shows and changes the number of tasks that the fleet may have at the provider', async () => {
  const { store, run, runWith } = await setup();
  await store.initialise('epoch');
  expect(await run('limits')).toContain('at most 1000 tasks at the provider (the default); 0 are under way');
  expect(await run('limits', '--tasks', '5')).toMatch(
    /before +1000 tasks .+\nlimits +5 tasks at the provider \(revision 1, recorded in S3\)/,
  );
  expect(await store.readTasksAtProvider()).toEqual({ count: 0, limit: 5 });
  expect(await run('limits')).toContain('at most 5 tasks at the provider (revision 1, recorded in S3)');
  expect(await runWith({}, 'limits', '--tasks', '6')).toMatchObject({
    code: 1,
    output: expect.stringContaining('the change is not recorded') as string,
  });
  expect(await runWith({}, 'limits', '--tasks', 'many')).toMatchObject({ code: 2 });
  expect(await store.readTasksAtProvider()).toEqual({ count: 0, limit: 5 });
});

test('resume of one kind leaves the other pause, and wakes nothing', async () => {
  const { store, submissions, enqueue, run } = await setup();
  await store.initialise('epoch');
  await enqueue(2, 0);
  await submissions.queue.rateLimit(60_000);
  await store.pauseBuying({ kind: 'operator', reason: 'maintenance', since: Date.now() });
  await store.pauseBuying({ kind: 'account', reason: 'invalidApiKey', since: Date.now() });
  const resumed = await run('resume', '--kind', 'account');
  expect(resumed).toContain('lifted 1 pause');
  expect(resumed).toContain('an operator: maintenance');
  expect(await submissions.queue.getRateLimitTtl()).toBeGreaterThan(0);
  expect(await run('resume', '--kind', 'account')).toContain('nothing of this kind was paused');
});

test('without REDIS_URL commands find the Redis of a running start, pause it and resume it', async () => {
  const world = createWorld();
  const started = world.start();
  await started.printed('Runs on until Ctrl-C');
  const run = async (...words: string[]): Promise<string> => {
    const cli = spawnCli([...words, '--data-dir', world.dir]);
    expect({ code: (await cli.ended).code, output: cli.output() }).toMatchObject({ code: 0 });
    return cli.output();
  };
  expect(await run('status')).toMatch(
    /the Redis of npm start in .+ \(127\.0\.0\.1:\d+\)\nbuying +is not paused\ntoday +0\.06 USD spent, 0 USD on hold/,
  );
  expect(await run('doctor')).toContain('answers');
  expect(await run('unknown')).toContain('nothing is unknown');
  const release = spawnCli(['unknown', '--release', `${createGenerationId(0)}/0-1`, '--free', '--data-dir', world.dir]);
  expect((await release.ended).code).toBe(1);
  expect(release.output()).toContain('Redis calls it without a record, the bucket without a result');
  await run('pause');
  await eventually(async () => expect(await run('status')).toContain('PAUSED'));
  expect(await run('resume')).toContain('lifted 1 pause');
});

test('a command that finds no Darkroom says where it looked and what to do', async () => {
  const cli = spawnCli(['status', '--data-dir', '/nowhere']);
  expect((await cli.ended).code).toBe(1);
  expect(cli.output()).toContain('cannot find a Darkroom: `npm start` has not run in this folder; run `npm start` here, or set REDIS_URL');
});
