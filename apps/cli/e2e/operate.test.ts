import { expect, test } from 'vitest';
import { setup } from './operate-world.ts';
import { spawnCli } from './world.ts';

test('status says that no worker has opened the store yet', async () => {
  const { runWith } = await setup();
  expect(await runWith({}, 'status')).toMatchObject({
    code: 3,
    output: expect.stringContaining('NOT OPEN: no worker has started here yet, or Redis lost its memory') as string,
  });
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
  expect(status).toMatch(new RegExp(`open {6}1 generations; the oldest was ordered .*: darkroom show ${generationId}`));
  expect(status).toContain('queue     submissions: 3 delayed');
  expect(status).toContain('queue     settlements: empty');
  expect(await run('spend')).toMatch(/month +0 USD spent, 0\.06 USD on hold, no cap/);
  expect(await run('spend')).toContain('most today, with money on hold: acme 0.06 USD');
  expect(await run('spend', '--tenant', 'acme')).toMatch(/tenant month +0 USD spent, 0\.06 USD on hold, no cap/);
});

test('status says that the provider is in trouble until it answers', async () => {
  const { store, run } = await setup();
  await store.initialise('epoch');
  for (const generationId of ['a', 'b', 'c', 'd', 'e'])
    await store.reportTrouble({ generationId, tolerated: 5, firstWaitMs: 60_000, maxWaitMs: 60_000, code: 'rateLimitExceeded' });
  expect(await run('status')).toMatch(
    /provider +IN TROUBLE since .+: the last 5 requests to Runware failed \(lastly rateLimitExceeded\); one trial request goes out at a time/,
  );
  await store.reportAnswer();
  expect(await run('status')).not.toContain('provider');
});

test('pause stops buying for a reason, and resume runs the waiting purchases at once', async () => {
  const { store, submissions, enqueue, run } = await setup();
  await store.initialise('epoch');
  await enqueue(4, 0);
  await submissions.queue.rateLimit(60_000); // as a worker that was told of the pause
  expect(await run('pause', '--reason', 'a new bucket', '--by', 'alice')).toMatch(/PAUSED .*an operator \(alice\): a new bucket/);
  expect(await run('pause', '--reason', 'lunch')).toContain('an operator had paused buying before; that pause keeps its reason');
  expect(await store.pauses()).toMatchObject([{ kind: 'operator', reason: 'a new bucket', by: 'alice' }]);
  expect(await run('status')).toMatch(/PAUSED .*an operator \(alice\): a new bucket/);
  expect(await run('resume')).toMatch(/lifted 1 pause\n4 waiting purchases resume\nbuying +is not paused/);
  expect(await submissions.queue.getJobCounts('waiting', 'delayed')).toEqual({ waiting: 4, delayed: 0 });
  expect(await submissions.queue.getRateLimitTtl()).toBeLessThanOrEqual(0);
});

test('cancel, retry and erase note who asks for them and why, before they change anything; a preview notes nothing', async () => {
  const { store, enqueue, run } = await setup();
  await store.initialise('epoch');
  const generationId = await enqueue(2);
  await run('cancel', '--tenant', 'acme', '--reason', 'sold out', '--dry-run');
  expect(await store.readActs(10)).toEqual([]);
  await run('cancel', '--tenant', 'acme', '--status', 'queued', '--reason', 'sold out');
  await run('retry', '--code', 'generation.cancelled', '--created-from', '2026-01-01', '--reason', 'back in stock');
  await run('erase', generationId, '--yes', '--retries', '--cancel', '--reason', 'asked by its user');
  expect(await store.readActs(10)).toMatchObject([
    { act: 'erase', on: generationId, reason: 'asked by its user', who: expect.any(String) as string },
    { act: 'retry', on: 'code generation.cancelled, createdFrom 2026-01-01T00:00:00.000Z', reason: 'back in stock' },
    { act: 'cancel', on: 'tenant acme, status ["queued"]', reason: 'sold out' },
  ]);
  await run('cancel', generationId);
  expect(await store.readActs(10), 'without a reason').toHaveLength(3);
});

test('limits shows and changes the number of tasks that the fleet may have at the provider', async () => {
  const { store, run, runWith } = await setup();
  await store.initialise('epoch');
  expect(await run('limits')).toContain('at most 1000 tasks at the provider (the default); 0 are under way');
  expect(await run('limits', '--tasks', '5')).toMatch(
    /before +1000 tasks .+\nlimits +5 tasks at the provider \(revision 1, recorded in S3\)/,
  );
  expect(await store.readTasksAtProvider()).toEqual({ count: 0, limit: 5 });
  expect(await run('limits')).toMatch(/at most 5 tasks at the provider \(revision 1, recorded in S3\).+\n +no bound on open images/);
  expect(await run('limits', '--open-images', '900', '--open-images-per-tenant', '40')).toContain(
    'limits    5 tasks at the provider, at most 900 open images, at most 40 open images of each tenant (revision 2',
  );
  expect(await run('limits', '--open-images', 'none')).toContain(
    '5 tasks at the provider, at most 40 open images of each tenant (revision 3',
  );
  expect(await runWith({}, 'limits', '--tasks', '6')).toMatchObject({
    code: 1,
    output: expect.stringContaining('the change is not recorded') as string,
  });
  expect(await runWith({}, 'limits', '--tasks', 'many')).toMatchObject({ code: 2 });
  expect(await store.readTasksAtProvider()).toEqual({ count: 0, limit: 5 });
});

test('tenant shows and changes the rules of one tenant, and holds what restricts without the bucket', async () => {
  const { store, run, runWith } = await setup();
  await store.initialise('epoch');
  expect(await run('tenant', 'acme')).toContain(
    'tenant    "acme": require-safety-check off, withhold-flagged off, weight 1, retain-requests-days none, retain-images-days none (never changed)',
  );
  expect(await run('tenant', 'acme', '--withhold-flagged', 'on', '--weight', '3', '--retain-images-days', '30')).toMatch(
    /before +require-safety-check off.+\ntenant +"acme": .*withhold-flagged on, weight 3, .*retain-images-days 30 \(revision 1, recorded in S3\)/,
  );
  expect(await run('tenant', 'acme', '--retain-images-days', 'none')).toContain('retain-images-days none (revision 2');
  const away = await runWith({}, 'tenant', 'acme', '--require-safety-check', 'on', '--weight', '9');
  expect(away).toMatchObject({ code: 1, output: expect.stringContaining('what is switched on holds in Redis at once') as string });
  expect(await store.findTenantRules('acme')).toMatchObject({ rules: { requireSafetyCheck: true, withholdFlagged: true, weight: 3 } });
  expect(await runWith({}, 'tenant', 'acme', '--withhold-flagged', 'off')).toMatchObject({
    code: 1,
    output: expect.stringContaining('the rules stay as they are until S3 has the change') as string,
  });
  expect(await run('tenant', 'acme')).toContain('not recorded in S3 yet');
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

test('resume does not say that nothing was paused while Redis may have forgotten a pause', async () => {
  const { redis, prefix, store, run, runAnyhow } = await setup();
  await store.initialise('epoch');
  await run('pause', '--reason', 'maintenance');
  await redis.del(...(await redis.keys(`${prefix}:*pause*`)));
  await redis.set(`${prefix}:server-run`, 'another run');
  expect(await runAnyhow('resume')).toMatchObject({ code: 1, output: expect.stringContaining('is not lifted until then') as string });
});

test('a command that finds no Darkroom says where it looked and what to do', async () => {
  const cli = spawnCli(['status', '--data-dir', '/nowhere']);
  expect((await cli.ended).code).toBe(1);
  expect(cli.output()).toContain('cannot find a Darkroom: `npm start` has not run in this folder; run `npm start` here, or set REDIS_URL');
});

test('with --json each command prints one line of JSON to standard output, and nothing else there', async () => {
  const { store, enqueue, run, runWith } = await setup();
  await store.initialise('epoch');
  const generationId = await enqueue(2);
  await run('caps', '--month', '300', '--by', 'bob', '--reason', 'a launch'); // starts the bucket
  const read = async (...words: string[]): Promise<unknown> => {
    const { results, output } = await runWith({}, ...words, '--json');
    expect(results.trimEnd().split('\n'), output).toHaveLength(1);
    return JSON.parse(results);
  };
  expect(await read('status')).toMatchObject({
    isOpen: true,
    pauses: [],
    openGenerations: { count: 1, oldest: { generationId } },
    unknownOutcomes: 0,
    queues: [{ queue: 'submissions', states: { delayed: 2 } }, { queue: 'settlements' }],
  });
  expect(await read('caps')).toMatchObject({ changed: { who: 'bob', reason: 'a launch' } });
  expect(await run('caps')).toMatch(/set \d{4}-.+ by bob: a launch/);
  expect(await read('spend')).toMatchObject({ periods: [{ spentUsd: '0', heldUsd: '0.04', capUsd: '1' }, { capUsd: '300' }] });
  expect(await read('caps')).toMatchObject({ capsUsd: { day: '1', month: '300', 'tenant-day': null }, recorded: true });
  expect(await read('limits')).toMatchObject({ tasksAtProvider: 1000, underWay: 0 });
  expect(await read('unknown')).toEqual({ count: 0, oldest: [] });
  expect(await read('pause', '--reason', 'lunch')).toMatchObject({ pauses: [{ kind: 'operator', reason: 'lunch' }], recorded: false });
  expect(await read('doctor')).toMatchObject({
    checks: [{ check: 'redis', kind: 'trouble' }, { check: 'workers' }, { check: 'bucket' }, {}, {}, {}, {}],
  });
  expect(await read('resume', '--kind', 'account')).toMatchObject({ lifted: 0, pauses: [{ kind: 'operator' }] });
  expect(await read('reconcile')).toMatchObject({ error: { code: 'config.invalid' } });
  const refusal = `cannot release image 0 of generation ${generationId}: it is not withheld; it is "open"`;
  expect(await read('release', generationId, '0')).toEqual({ error: { message: refusal } });
});
