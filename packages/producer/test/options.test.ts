import { ConfigError, createGenerationId, InvalidRequestError } from '@darkroom/contracts';
import { expect, inject, test } from 'vitest';
import { createProducer } from '../src/index.ts';
import { request, setup } from './world.ts';

const problemsOf = async (attempt: () => unknown): Promise<{ type: unknown; paths: string[]; message: string }> => {
  try {
    await attempt();
  } catch (error) {
    if (error instanceof ConfigError || error instanceof InvalidRequestError) {
      return { type: error.constructor, paths: error.problems.map(({ path }) => path), message: error.message };
    }
    throw error;
  }
  throw new Error('nothing was refused');
};

test('all problems of the request and of the options are told at once, and nothing is queued', async () => {
  await using world = await setup();
  const { type, paths } = await problemsOf(() =>
    world.producer.enqueue(
      { positivePrompt: '', numberResults: 21 },
      { generationId: 'x', idempotencyKey: '', deadlineAt: Math.round(Date.now() / 1000), tenant: 'no spaces' },
    ),
  );
  expect(type).toBe(InvalidRequestError);
  expect(paths).toEqual([
    'positivePrompt',
    'numberResults',
    'options.generationId',
    'options.idempotencyKey',
    'options.deadlineAt',
    'options.tenant',
  ]);
  expect(await world.redis.keys(`${world.prefix}:generation:*`)).toEqual([]);
  expect(await world.waitingJobs()).toEqual([]);
});

const DAY_MS = 86_400_000;

test.each([
  { runAt: Math.round(Date.now() / 1000), says: 'in the next 30 days' },
  { runAt: Date.now() + 1000.5, says: 'in the next 30 days' },
  { runAt: new Date(Number.NaN), says: 'in the next 30 days' },
  { runAt: new Date(Date.now() + DAY_MS), deadlineAt: Date.now() + DAY_MS - 1000, says: 'must be before options.deadlineAt' },
])('a time to run that is out of bounds is refused: $runAt, $says', async ({ says, ...options }) => {
  await using world = await setup();
  const { paths, message } = await problemsOf(() => world.producer.enqueue({ positivePrompt: '' }, options));
  expect(paths).toEqual(['positivePrompt', 'options.runAt']);
  expect(message).toContain(says);
});

test.each([
  { generationId: 7 },
  { generationId: {} },
  { generationId: `${createGenerationId(Date.now())}\n` },
  { idempotencyKey: 7 },
  { idempotencyKey: 'half a pair \ud800' },
  { idempotencyKey: 'x'.repeat(257) },
  { idempotencyKey: ' \u00a0\u2003' },
  { idempotencyKey: 'order-7\n' },
  { idempotencyKey: 'order\u0000' },
  { deadlineAt: 'tomorrow' },
  { deadlineAt: Object.create(null) as unknown },
  { runAt: Symbol('now') },
  { tenant: ['acme'] },
  { tenant: 'acme~day' },
  { tenant: 'x'.repeat(129) },
  { tenant: '__proto__\u0000' },
  { tenant: '{darkroom}' },
])('a caller without types is told what is wrong: $#', async (options) => {
  await using world = await setup();
  const { type, paths } = await problemsOf(() => world.producer.enqueue(request, options as never)); // what the types forbid
  expect(type).toBe(InvalidRequestError);
  expect(paths).toEqual([`options.${Object.keys(options)[0]}`]);
});

test('an option that a call does not have is refused with the one that was meant, beside every other problem', async () => {
  await using world = await setup();
  const { type, paths, message } = await problemsOf(
    () => world.producer.enqueue({ positivePrompt: '' }, { idempotencykey: 'k', delay: 60_000, priority: 1 } as never), // what the types forbid
  );
  expect(type).toBe(InvalidRequestError);
  expect(paths).toEqual(['options.idempotencykey', 'options.delay', 'options.priority', 'positivePrompt']);
  expect(message).toContain('(did you mean "idempotencyKey"?)');
  expect(message).toContain('(did you mean "runAt"?)');
  expect(message).toContain('allowed are generationId, idempotencyKey, deadlineAt, runAt, tenant');
  expect(await world.redis.keys(`${world.prefix}:generation:*`)).toEqual([]);
});

test.each<[string, (world: Awaited<ReturnType<typeof setup>>, options: never) => Promise<unknown>]>([
  ['enqueue', ({ producer }, options) => producer.enqueue(request, options)],
  ['enqueueMany', ({ producer }, options) => producer.enqueueMany([request], options)],
  ['generate', ({ producer }, options) => producer.generate(request, options)],
  ['wait', ({ producer }, options) => producer.wait(createGenerationId(Date.now()), options)],
])('%s takes no options that are no object, and none that it does not have', async (_call, act) => {
  await using world = await setup();
  for (const options of [null, 'soon', 7, [], { surprise: 1 }, { timeout: 5 }]) {
    const { type, paths } = await problemsOf(() => act(world, options as never)); // what the types forbid
    expect(type).toBe(InvalidRequestError);
    expect(paths[0]).toMatch(/^options(\.surprise|\.timeout)?$/);
  }
  expect(await world.redis.keys(`${world.prefix}:generation:*`)).toEqual([]);
});

test.each([{ timeoutMs: '10' }, { timeoutMs: -1 }, { timeoutMs: Number.NaN }, { signal: {} }, { onProgress: 'log' }])(
  'a wait with %j is refused, and so is a purchase that would end in it',
  async (options) => {
    await using world = await setup();
    const path = `options.${Object.keys(options)[0]}`;
    const id = createGenerationId(Date.now());
    expect((await problemsOf(() => world.producer.wait(id, options as never))).paths).toEqual([path]); // what the types forbid
    expect((await problemsOf(() => world.producer.generate(request, options as never))).paths).toEqual([path]);
    expect(await world.redis.keys(`${world.prefix}:generation:*`)).toEqual([]);
  },
);

test('what is no id is refused before Redis is asked', async () => {
  await using world = await setup();
  for (const id of [undefined, null, 7, {}, 'x'.repeat(1_000_000)]) {
    for (const act of ['get', 'wait', 'cancel'] as const) {
      const { paths, message } = await problemsOf(() => world.producer[act](id as never)); // what the types forbid
      expect(paths).toEqual(['generationId']);
      expect(message.length).toBeLessThan(500);
    }
  }
});

test('a thousand wrong requests are all named, and the message stays short', async () => {
  await using world = await setup();
  const { paths, message } = await problemsOf(() =>
    world.producer.enqueueMany(Array.from({ length: 1000 }, () => ({ positivePrompt: '' }))),
  );
  expect(paths).toHaveLength(1000);
  expect(message.length).toBeLessThan(10_000);
  expect(message).toMatch(/and 950 more$/);
});

test('two tenants whose names differ in a separator alone have keys of their own', async () => {
  await using world = await setup();
  const tenants = ['a:day', 'a|day', 'a@day', 'a+day', 'a-day'];
  const ids = await Promise.all(tenants.map((tenant) => world.producer.enqueue(request, { tenant, idempotencyKey: 'same' })));
  expect(new Set(ids.map(({ generationId }) => generationId)).size).toBe(tenants.length);
  const periods = await world.redis.keys(`${world.prefix}:spend:tenant:*:day:*`);
  expect(periods).toHaveLength(tenants.length);
  expect(await world.producer.enqueue(request, { tenant: 'a:day', idempotencyKey: 'same' })).toMatchObject({
    generationId: ids[0]?.generationId,
  });
});

test('the number of reference images is a setting', async () => {
  await using world = await setup({ maxReferenceImages: 2 });
  const referenceImages = ['https://example.org/1.jpg', 'https://example.org/2.jpg'];
  expect(await world.producer.enqueue({ ...request, inputs: { referenceImages } })).toMatchObject({ quote: { totalUsd: '0.024' } });
  const three = { ...request, inputs: { referenceImages: [...referenceImages, 'https://example.org/3.jpg'] } };
  expect(await problemsOf(() => world.producer.enqueue(three))).toMatchObject({ paths: ['inputs.referenceImages'] });
});

test('all problems of a producer are told at once, and its address is not repeated', async () => {
  const { type, paths, message } = await problemsOf(() =>
    createProducer({
      redisUrl: 'http://user:hunter2@localhost',
      prefix: 'darkroom',
      tenant: '',
      maxReferenceImages: -1,
      recordSeconds: 60,
      idempotencySeconds: Number.NaN,
    }),
  );
  expect(type).toBe(ConfigError);
  expect(paths).toEqual(['redisUrl', 'prefix', 'tenant', 'maxReferenceImages', 'recordSeconds', 'idempotencySeconds']);
  expect(message).not.toContain('hunter2');
});

test('a producer takes no option that it does not have', async () => {
  const { type, paths, message } = await problemsOf(
    () => createProducer({ redisurl: 'redis://localhost', prefix: '{darkroom}', concurrency: 5 } as never), // what the types forbid
  );
  expect(type).toBe(ConfigError);
  expect(paths).toEqual(['redisurl', 'concurrency', 'redisUrl']);
  expect(message).toContain('(did you mean "redisUrl"?)');
  expect((await problemsOf(() => createProducer('redis://localhost' as never))).paths).toEqual(['']); // what the types forbid
});

test('a tenant of the producer is whose money is spent, unless the call names another', async () => {
  await using world = await setup({ tenant: 'acme', redisUrl: inject('redisUrl') });
  const mine = await world.producer.enqueue(request);
  const theirs = await world.producer.enqueue(request, { tenant: 'umbrella' });
  expect(await world.producer.get(mine.generationId)).toMatchObject({ tenant: 'acme' });
  expect(await world.producer.get(theirs.generationId)).toMatchObject({ tenant: 'umbrella' });
});
