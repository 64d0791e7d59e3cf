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
      { generationId: 'x', idempotencyKey: '', deadlineAt: Date.now() - 1, tenant: 'no spaces' },
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
  { runAt: Date.now() - 1, says: 'in the next 30 days' },
  { runAt: Date.now() + 31 * DAY_MS, says: 'in the next 30 days' },
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
  { deadlineAt: 'tomorrow' },
  { deadlineAt: Object.create(null) as unknown },
  { runAt: Symbol('now') },
  { tenant: ['acme'] },
  { tenant: 'acme:day' },
  { tenant: '__proto__\u0000' },
  { tenant: '{darkroom}' },
])('a caller without types is told what is wrong: $#', async (options) => {
  await using world = await setup();
  const { type, paths } = await problemsOf(() => world.producer.enqueue(request, options as never)); // what the types forbid
  expect(type).toBe(InvalidRequestError);
  expect(paths).toEqual([`options.${Object.keys(options)[0]}`]);
});

test.each([-6, 6])('a generation id that was minted %i minutes from now is refused', async (minutes) => {
  await using world = await setup();
  const generationId = createGenerationId(Date.now() + minutes * 60_000);
  const { paths } = await problemsOf(() => world.producer.enqueue(request, { generationId }));
  expect(paths).toEqual(['options.generationId']);
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

test('a tenant of the producer is whose money is spent, unless the call names another', async () => {
  await using world = await setup({ tenant: 'acme', redisUrl: inject('redisUrl') });
  const mine = await world.producer.enqueue(request);
  const theirs = await world.producer.enqueue(request, { tenant: 'umbrella' });
  expect(await world.producer.get(mine.generationId)).toMatchObject({ tenant: 'acme' });
  expect(await world.producer.get(theirs.generationId)).toMatchObject({ tenant: 'umbrella' });
});
