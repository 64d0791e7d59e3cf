import { ConfigError } from '@darkroom/contracts';
import { expect, inject, test } from 'vitest';
import { createProducer } from '../src/index.ts';
import { problemsOf } from './problems-of.ts';
import { request, setup } from './world.ts';

test('the maximum number of reference images is a setting', async () => {
  await using world = await setup({ maxReferenceImages: 2 });
  const referenceImages = ['https://example.org/1.jpg', 'https://example.org/2.jpg'];
  expect(await world.producer.enqueue({ ...request, inputs: { referenceImages } })).toMatchObject({ quote: { totalUsd: '0.024' } });
  const three = { ...request, inputs: { referenceImages: [...referenceImages, 'https://example.org/3.jpg'] } };
  expect(await problemsOf(() => world.producer.enqueue(three))).toMatchObject({ paths: ['inputs.referenceImages'] });
});

test('lists all problems of a producer at once, without repeating its address', async () => {
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

test('bounds the reference images, so that an image whose records are damaged has a highest price', async () => {
  const { message } = await problemsOf(() => createProducer({ redisUrl: 'redis://127.0.0.1:1', maxReferenceImages: 17 }));
  expect(message).toContain('maxReferenceImages: must be a whole number from 0 to 16, got 17');
});

test.each(['redis://h?keyPrefix=hunter2', 'redis://h/3x', 'redis://h/1/2', `redis://${'hunter2'.repeat(150_000)}`])(
  'refuses an address that a client would have to guess at: %.30s',
  async (redisUrl) => {
    const { type, paths, message } = await problemsOf(() => createProducer({ redisUrl }));
    expect({ type, paths }).toEqual({ type: ConfigError, paths: ['redisUrl'] });
    expect(message).not.toContain('hunter2');
  },
);

test('refuses an unknown option', async () => {
  const { type, paths, message } = await problemsOf(
    () => createProducer({ redisurl: 'redis://localhost', prefix: '{darkroom}', concurrency: 5 } as never), // values that the types forbid
  );
  expect(type).toBe(ConfigError);
  expect(paths).toEqual(['redisurl', 'concurrency', 'redisUrl']);
  expect(message).toContain('(did you mean "redisUrl"?)');
  expect((await problemsOf(() => createProducer('redis://localhost' as never))).paths).toEqual(['']); // a value that the types forbid
});

test('spends the money of the tenant that the call names, or else of "default"', async () => {
  await using world = await setup({ redisUrl: inject('redisUrl') });
  const mine = await world.producer.enqueue(request);
  const theirs = await world.producer.enqueue(request, { tenant: 'umbrella' });
  expect(await world.producer.get(mine.generationId)).toMatchObject({ tenant: 'default' });
  expect(await world.producer.get(theirs.generationId)).toMatchObject({ tenant: 'umbrella' });
});

test("spends the money of the producer's tenant, and of no other", async () => {
  await using world = await setup({ tenant: 'acme', redisUrl: inject('redisUrl') });
  const { generationId } = await world.producer.enqueue(request, { tenant: 'acme' });
  expect(await world.producer.get(generationId)).toMatchObject({ tenant: 'acme' });
  expect((await problemsOf(() => world.producer.enqueue(request, { tenant: 'umbrella' }))).paths).toEqual(['options.tenant']);
});

test.each(['darkroom', '{}', '{a}*', '{a} b', '{a}{b}', '{a', '', `{${'a'.repeat(10_000)}}`, 5])(
  'refuses the prefix %.20s, as a worker does',
  async (prefix) => {
    const { type, paths, message } = await problemsOf(() => createProducer({ redisUrl: 'redis://localhost', prefix } as never)); // values that the types forbid
    expect({ type, paths }).toEqual({ type: ConfigError, paths: ['prefix'] });
    expect(message).toContain('one hash tag');
    expect(message.length).toBeLessThan(500);
  },
);
