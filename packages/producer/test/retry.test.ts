import { createGenerationId, type SubmissionRef } from '@darkroom/contracts';
import { eventually } from '@darkroom/testing';
import { expect, inject, test } from 'vitest';
import { createProducer, InvalidRequestError } from '../src/index.ts';
import { startFailingProxy } from './failing-proxy.ts';
import { problemsOf } from './problems-of.ts';
import { jobIdsOf, request, setup, type World } from './world.ts';

/** Makes a generation whose images fail, as a worker does. */
async function failed({ producer, store }: World, images = 1, tenant = 'default'): Promise<string> {
  const { generationId } = await producer.enqueue({ ...request, numberResults: images }, { tenant });
  for (let index = 0; index < images; index += 1) await fail(store, { generationId, index, n: 1 });
  return generationId;
}

async function fail(store: World['store'], ref: SubmissionRef): Promise<void> {
  const commitment = await store.commit(ref, `token-${Math.random()}`);
  if (commitment.kind === 'stop') throw new Error(`the commit was stopped: ${commitment.reason}`);
  const { taskUUID, reservation } = commitment.intent;
  await store.recordVerdict(ref, commitment.send, 'accepted');
  const fault = { code: 'provider.task-failed', message: 'it broke' };
  await store.settle(ref, {
    result: {
      version: 1,
      ...ref,
      taskUUID,
      reservation,
      settledAt: commitment.now,
      status: 'failed',
      costSource: 'none',
      costNanoUsd: 0,
      fault,
    },
    code: 'provider.task-failed',
    countsAsFailure: true,
    mayResubmit: false,
    maxSubmissions: 2,
  });
}

test('refuses wrong options with all problems at once, before anything is asked', async () => {
  await using world = await setup();
  const id = createGenerationId(Date.now());
  const cases: [unknown, string[]][] = [
    [{ images: [] }, ['options.images']],
    [{ images: [0, 0] }, ['options.images']],
    [{ images: [-1] }, ['options.images']],
    [{ images: [0.5] }, ['options.images']],
    [{ images: 'all' }, ['options.images']],
    [{ images: Array.from({ length: 21 }, (_, index) => index) }, ['options.images']],
    [{ mayPayAgain: true }, ['options.reason']],
    [{ mayPayAgain: false, reason: 'x' }, ['options.mayPayAgain']],
    [{ reason: 'x' }, ['options.reason']],
    [{ mayPayAgain: true, reason: '  ' }, ['options.reason']],
    [{ mayPayAgain: true, reason: 'x\ny' }, ['options.reason']],
    [{ mayPayAgain: true, reason: 'x'.repeat(201) }, ['options.reason']],
    [{ generationId: 'x', images: [], idempotencyKey: 'y' }, ['options.idempotencyKey', 'options.images', 'options.generationId']],
  ];
  for (const [options, paths] of cases) {
    const problems = await problemsOf(() => world.producer.retry(id, options as never)); // values that the types forbid
    expect(problems).toMatchObject({ type: InvalidRequestError, paths });
  }
});

test('a retry whose reply is lost is answered with the same generation, and its jobs are there', async () => {
  await using world = await setup();
  const original = await failed(world, 2);
  await using proxy = await startFailingProxy(inject('redisUrl'));
  const producer = createProducer({ redisUrl: proxy.url, prefix: world.prefix });
  try {
    // Redis then knows the script: the lost reply is that of the change itself
    await producer.retry(await failed(world));
    proxy.loseReplyTo('"numberResults":2');
    // the connection is made anew, and the command sent again
    const { generationId } = await eventually(() => producer.retry(original));
    const made = (await world.producer.list({ status: 'queued' })).generations.filter(({ retryOf }) => retryOf === original);
    expect(made.map((each) => each.generationId)).toEqual([generationId]);
    expect(await producer.retry(original)).toMatchObject({ generationId, created: false, replaces: [0, 1] });
    expect(await world.waitingJobs()).toEqual(expect.arrayContaining(jobIdsOf(generationId, 2)));
  } finally {
    await producer.close();
  }
});

test('a call that died between entry and jobs is completed by the next one', async () => {
  await using world = await setup();
  const original = await failed(world);
  const { generationId } = await world.producer.retry(original);
  await world.submissions.queue.remove(jobIdsOf(generationId)[0] ?? '');
  expect(await world.producer.retry(original)).toMatchObject({ generationId, created: false });
  expect(await world.waitingJobs()).toEqual(expect.arrayContaining(jobIdsOf(generationId)));
});

test('an id of another tenant is not free for a retry, and no more is told of it', async () => {
  await using world = await setup();
  const original = await failed(world);
  const { generationId } = await world.producer.enqueue({ positivePrompt: 'of another' }, { tenant: 'beta' });
  const error: unknown = await world.producer.retry(original, { generationId }).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: 'request.conflict', message: expect.stringContaining('not free'), details: {} });
  expect(String(error)).not.toContain('another request');
});

test('fifty callers at once make one retry', async () => {
  await using world = await setup();
  const original = await failed(world, 3);
  // on a busy machine a reply may come too late, and its caller calls again
  const all = await Promise.all(Array.from({ length: 50 }, () => eventually(() => world.producer.retry(original))));
  expect(new Set(all.map(({ generationId }) => generationId)).size).toBe(1);
  const retries = (await world.producer.list()).generations.filter(({ retryOf }) => retryOf === original);
  expect(retries.map(({ generationId }) => generationId)).toEqual([all[0]?.generationId]);
});

test('a generation of another tenant does not exist', async () => {
  await using world = await setup();
  const original = await failed(world, 1, 'alice');
  const bob = createProducer({ redisUrl: inject('redisUrl'), prefix: world.prefix, tenant: 'bob' });
  const alice = createProducer({ redisUrl: inject('redisUrl'), prefix: world.prefix, tenant: 'alice' });
  try {
    await expect(bob.retry(original)).rejects.toMatchObject({ code: 'generation.not-found' });
    const { generationId } = await alice.retry(original);
    expect(await alice.get(generationId)).toMatchObject({ tenant: 'alice' });
    await expect(bob.retry(generationId)).rejects.toMatchObject({ code: 'generation.not-found' });
  } finally {
    await bob.close();
    await alice.close();
  }
});

test('while Redis is not compared with S3, every retry is refused as not sent, also of a generation that it does not know', async () => {
  await using world = await setup();
  const original = await failed(world);
  await world.redis.set(`${world.prefix}:server-run`, 'another');
  for (const id of [original, createGenerationId(Date.now())])
    await expect(world.producer.retry(id)).rejects.toMatchObject({
      code: 'queue.unavailable',
      reached: 'no',
      details: { reason: 'recovering' },
    });
});

test('refuses a request that an earlier version took and that costs more than any of this one', async () => {
  await using world = await setup({ maxReferenceImages: 16 });
  const { producer, store, redis, prefix } = world;
  const referenceImages = Array.from({ length: 16 }, (_, at) => `https://example.com/${at}.jpg`);
  const { generationId } = await producer.enqueue({ positivePrompt: 'a red door', inputs: { referenceImages } });
  await fail(store, { generationId, index: 0, n: 1 });
  const key = `${prefix}:generation:${generationId}:request`;
  const stored = JSON.parse((await redis.hget(key, 'request')) ?? '') as { inputs: { referenceImages: string[] } };
  stored.inputs.referenceImages.push('https://example.com/16.jpg');
  await redis.hset(key, 'request', JSON.stringify(stored));
  const error: unknown = await producer.retry(generationId).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(InvalidRequestError);
  expect((error as InvalidRequestError).problems).toEqual([
    { path: 'request', message: expect.stringMatching(/costs 0\.054 USD an image, and this version takes requests of at most 0\.052 USD/) },
  ]);
  stored.inputs.referenceImages.pop();
  await redis.hset(key, 'request', JSON.stringify(stored));
  expect(await producer.retry(generationId)).toMatchObject({ created: true, quote: { totalUsd: '0.052' } });
});
