import {
  CorruptRecordError,
  createGenerationId,
  EnqueueManyError,
  InvalidRequestError,
  QueueFullError,
  QueueUnavailableError,
  SpendCapError,
} from '@darkroom/contracts';
import { eventually } from '@darkroom/testing';
import { expect, inject, test } from 'vitest';
import { createProducer } from '../src/index.ts';
import { startFailingProxy } from './failing-proxy.ts';
import { IMAGE_NANO_USD, jobIdsOf, request, setup, type World } from './world.ts';

const requests = (count: number) => Array.from({ length: count }, (_, at) => ({ positivePrompt: `door ${at}` }));
const failureOf = async (call: Promise<unknown>): Promise<EnqueueManyError> => {
  const reason: unknown = await call.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (reason instanceof EnqueueManyError) return reason;
  throw new Error('the call did not fail as it should', { cause: reason });
};
const generationsOf = async ({ redis, prefix }: World): Promise<number> =>
  (await redis.keys(`${prefix}:generation:*`)).filter((key) => !key.endsWith(':request')).length;

test('enqueues many requests at once and returns results in their order', async () => {
  await using world = await setup();
  const enqueued = await world.producer.enqueueMany([{ ...request, numberResults: 3 }, ...requests(249)]);
  expect(enqueued).toHaveLength(250);
  expect(enqueued[0]).toMatchObject({ created: true, quote: { totalUsd: '0.06' } });
  const prompts = await Promise.all(
    [1, 99, 100, 249].map(async (at) => (await world.producer.get(enqueued[at]!.generationId)).request.positivePrompt),
  );
  expect(prompts).toEqual(['door 0', 'door 98', 'door 99', 'door 248']);
  const jobs = enqueued.flatMap(({ generationId }, at) => jobIdsOf(generationId, at === 0 ? 3 : 1));
  expect(await world.waitingJobs()).toEqual(jobs.toSorted());
});

test('a caller that changes its lists during the call changes nothing', async () => {
  await using world = await setup();
  const generationIds = Array.from({ length: 250 }, () => createGenerationId(Date.now()));
  const [given, idempotencyKeys, ids] = [requests(250), generationIds.map((id) => `order ${id}`), [...generationIds]];
  const call = world.producer.enqueueMany(given, { generationIds, idempotencyKeys });
  for (const list of [given, generationIds, idempotencyKeys]) list.fill('changed' as never);
  expect((await call).map(({ generationId }) => generationId)).toEqual(ids);
  expect(await world.producer.findByIdempotencyKey(`order ${ids[249]}`)).toMatchObject({ request: { positivePrompt: 'door 249' } });
});

test('an empty batch sends nothing', async () => {
  await using world = await setup();
  expect(await world.producer.enqueueMany([])).toEqual([]);
});

test('sends requests with twenty images, and large ones, in several chunks', async () => {
  await using world = await setup();
  const inputs = { referenceImages: ['A'.repeat(262_144)] };
  const many = [...requests(6).map((each) => ({ ...each, inputs })), ...requests(15).map((each) => ({ ...each, numberResults: 20 }))];
  const enqueued = await world.producer.enqueueMany(many);
  expect(new Set(enqueued.map(({ generationId }) => generationId)).size).toBe(21);
  expect(await world.waitingJobs()).toHaveLength(6 + 15 * 20);
});

test('if one request is wrong, lists all problems with their index and queues nothing', async () => {
  await using world = await setup();
  const generationId = createGenerationId(Date.now());
  const attempt = world.producer.enqueueMany(
    [request, { positivePrompt: '', numberResults: 21 }, request, { ...request, outputQuality: 7 }, 'none' as never],
    { generationIds: [generationId, 'x', generationId], idempotencyKeys: ['1', '2', '', '4', '5'], tenant: 'no spaces', deadlineAt: 5 },
  );
  const reason = await attempt.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(reason).toBeInstanceOf(InvalidRequestError);
  expect((reason as InvalidRequestError).problems.map(({ path }) => path)).toEqual([
    'options.deadlineAt',
    'options.tenant',
    'options.generationIds',
    'requests[1].positivePrompt',
    'requests[1].numberResults',
    'options.generationIds[1]',
    'options.idempotencyKeys[2]',
    'options.generationIds[2]',
    'requests[3].outputQuality',
    'requests[4]',
  ]);
  expect(await generationsOf(world)).toBe(0);
  expect(await world.waitingJobs()).toEqual([]);
});

test('the same ids a second time change nothing', async () => {
  await using world = await setup();
  const generationIds = requests(5).map(() => createGenerationId(Date.now()));
  const first = await world.producer.enqueueMany(requests(5), { generationIds });
  const second = await world.producer.enqueueMany(requests(5), { generationIds });
  expect(first.map(({ generationId }) => generationId)).toEqual(generationIds);
  expect(second).toEqual(first.map((each) => ({ ...each, created: false })));
  expect(await world.waitingJobs()).toHaveLength(5);
});

test('a key that was used before returns its generation', async () => {
  await using world = await setup();
  const earlier = await world.producer.enqueue({ positivePrompt: 'door 1' }, { idempotencyKey: 'order-1' });
  const enqueued = await world.producer.enqueueMany(requests(3), { idempotencyKeys: ['order-0', 'order-1', 'order-2'] });
  expect(enqueued.map(({ created }) => created)).toEqual([true, false, true]);
  expect(enqueued[1]?.generationId).toBe(earlier.generationId);
  expect(await generationsOf(world)).toBe(3);
});

test('a key of two different requests is a problem before anything is queued; of two equal ones it is one generation', async () => {
  await using world = await setup();
  const [one, other] = [{ positivePrompt: 'door 1' }, { positivePrompt: 'door 2' }];
  await expect(world.producer.enqueueMany([one, other, one], { idempotencyKeys: ['order', 'order', 'order'] })).rejects.toMatchObject({
    code: 'request.invalid',
    problems: [{ path: 'options.idempotencyKeys[1]', message: 'is the key of another of these requests, requests[0]' }],
  });
  expect(await generationsOf(world)).toBe(0);
  const enqueued = await world.producer.enqueueMany([one, { ...one }], { idempotencyKeys: ['order', 'order'] });
  expect(enqueued.map(({ created }) => created)).toEqual([true, false]);
  expect(await generationsOf(world)).toBe(1);
});

test('if Redis goes away midway, reports written, maybe written and not written; the same ids again lose and double nothing', async () => {
  await using world = await setup();
  await using proxy = await startFailingProxy(inject('redisUrl'));
  const producer = createProducer({ redisUrl: proxy.url, prefix: world.prefix });
  try {
    const warm = await producer.enqueue(request);
    // ten in each call of the script, named by the key of its first one: in the middle of the third chunk
    proxy.breakAfter(`${world.prefix}:generation:`, 25);
    const error = await failureOf(producer.enqueueMany(requests(350)));
    const { generationIds, written, maybeWritten, notWritten } = error;
    expect([generationIds.length, written.length + maybeWritten.length, notWritten.length]).toEqual([350, 300, 50]);
    // the jobs of the first chunk were there before the third was sent; those of the second are added meanwhile
    expect([100, 200]).toContain(written.length);
    expect([...written, ...maybeWritten, ...notWritten]).toEqual(generationIds);
    expect(error).toMatchObject({ code: 'queue.partly-enqueued', retryable: true, cause: expect.any(QueueUnavailableError) });
    // Redis may still be at the commands that came before the end of the connection.
    await eventually(async () => expect(await generationsOf(world), 'some of those that may be written are').toBe(1 + 200 + 40));

    proxy.mend();
    const again = await eventually(() => producer.enqueueMany(requests(350), { generationIds }));
    expect(again.map(({ generationId }) => generationId)).toEqual(generationIds);
    expect(again.slice(0, 240).map(({ created }) => created)).toEqual(Array.from({ length: 240 }, () => false));
    const jobs = [warm.generationId, ...generationIds].flatMap((id) => jobIdsOf(id));
    expect(await world.waitingJobs()).toEqual(jobs.toSorted());
  } finally {
    await producer.close();
  }
});

test('if a key of another type stops generations, they may be written; the same ids again double nothing', async () => {
  await using world = await setup();
  await world.redis.set(`${world.prefix}:line`, 'text');
  const { generationIds, maybeWritten, cause } = await failureOf(world.producer.enqueueMany(requests(3)));
  expect(maybeWritten).toEqual(generationIds);
  expect(cause).toBeInstanceOf(CorruptRecordError);
  expect(await generationsOf(world)).toBe(3);
  await world.redis.del(`${world.prefix}:line`);
  const again = await world.producer.enqueueMany(requests(3), { generationIds });
  expect(again.map(({ created }) => created)).toEqual([false, false, false]);
  expect(await world.waitingJobs()).toEqual(generationIds.flatMap((id) => jobIdsOf(id)).toSorted());
});

test('if Redis is away from the start, none is written', async () => {
  await using world = await setup();
  await using proxy = await startFailingProxy(inject('redisUrl'));
  const producer = createProducer({ redisUrl: proxy.url, prefix: world.prefix });
  try {
    await producer.enqueue(request);
    proxy.breakAfter(`${world.prefix}:generation:`, 1);
    await failureOf(producer.enqueueMany(requests(1)));
    const { generationIds, notWritten } = await failureOf(producer.enqueueMany(requests(3)));
    expect(notWritten).toEqual(generationIds);
    expect(generationIds).toHaveLength(3);
  } finally {
    await producer.close();
  }
});

test('if a spend cap is reached midway, the generations before it are queued, and the rest once there is money again', async () => {
  await using world = await setup();
  await world.store.setCaps({ allPerDay: 130 * IMAGE_NANO_USD });
  const error = await failureOf(world.producer.enqueueMany(requests(250)));
  expect([error.written.length, error.maybeWritten.length, error.notWritten.length]).toEqual([130, 0, 120]);
  expect(error.cause).toBeInstanceOf(SpendCapError);
  expect(await world.waitingJobs()).toEqual(error.written.flatMap((id) => jobIdsOf(id)).toSorted());
  await world.store.setCaps({ allPerDay: 1000 * IMAGE_NANO_USD });
  const again = await world.producer.enqueueMany(requests(250), { generationIds: error.generationIds });
  expect(again.filter(({ created }) => created)).toHaveLength(120);
  expect(await generationsOf(world)).toBe(250);
});

test('in a full queue the generations that fit are queued, and the rest once others have ended', async () => {
  await using world = await setup();
  await world.redis.hset(`${world.prefix}:limits`, 'openImages', 130);
  const many = requests(250).map((each, at) => (at === 115 ? { ...each, numberResults: 20 } : each));
  const error = await failureOf(world.producer.enqueueMany(many));
  expect([error.written.length, error.maybeWritten.length, error.notWritten.length]).toEqual([130, 0, 120]);
  expect(error.notWritten[0], 'it alone is too large for what is left').toBe(error.generationIds[115]);
  expect(error).toMatchObject({ retryable: true, cause: { code: 'queue.full', details: { bound: 'openImages', limit: 130 } } });
  expect(error.cause).toBeInstanceOf(QueueFullError);
  const again = await failureOf(world.producer.enqueueMany(many, { generationIds: error.generationIds }));
  expect([again.written, again.cause], 'the known ones are answered, however full the queue is').toEqual([
    error.written,
    expect.any(QueueFullError),
  ]);
  for (const id of error.written) await world.store.cancel(id);
  expect(await world.store.readOpenImages()).toMatchObject({ count: 0 });
  await world.redis.hdel(`${world.prefix}:limits`, 'openImages');
  const rest = await world.producer.enqueueMany(many, { generationIds: error.generationIds });
  expect(rest.filter(({ created }) => created)).toHaveLength(120);
});
