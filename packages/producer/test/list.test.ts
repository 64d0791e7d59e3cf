import { defined } from '@darkroom/contracts';
import { describe, expect, inject, test } from 'vitest';
import { createProducer, QueueFullError, SpendCapError, type ListOptions } from '../src/index.ts';
import { problemsOf } from './problems-of.ts';
import { bringHome, IMAGE_NANO_USD, refsOf, request, setup } from './world.ts';

describe('a list', () => {
  test('shows all generations over pages, the newest first', async () => {
    await using world = await setup();
    const made = await world.producer.enqueueMany(Array.from({ length: 7 }, () => request));
    const [first] = made;
    await world.producer.cancel(first?.generationId ?? '');
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await world.producer.list(defined({ limit: 3, cursor }));
      expect(page.generations.length).toBeLessThanOrEqual(3);
      seen.push(...page.generations.map(({ generationId }) => generationId));
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    expect(seen.toSorted()).toEqual(made.map(({ generationId }) => generationId).toSorted());
    const { generations } = await world.producer.list({ status: 'cancelled' });
    expect(generations).toMatchObject([
      { generationId: first?.generationId, codes: ['generation.cancelled'], images: ['failed'], costUsd: '0' },
    ]);
    expect((await world.producer.list({ status: ['queued', 'running', 'queued'] })).generations).toHaveLength(6);
    expect((await world.producer.list({ code: 'generation.cancelled', createdFrom: new Date(Date.UTC(2021)) })).generations).toHaveLength(
      1,
    );
  });

  test('tells every problem of its options at once', async () => {
    await using world = await setup();
    const wrong = { status: ['done'], limit: 0, cursor: 'x', createdFrom: 'yesterday', code: 'No Code', stauts: 'queued', tenant: 'a b' };
    const { paths } = await problemsOf(() => world.producer.list(wrong as unknown as ListOptions)); // a caller without types
    expect(paths.toSorted()).toEqual([
      'options.code',
      'options.createdFrom',
      'options.cursor',
      'options.limit',
      'options.status',
      'options.stauts',
      'options.tenant',
    ]);
    const { nextCursor = '' } = await (async () => {
      await world.producer.enqueueMany([request, request]);
      return world.producer.list({ limit: 1 });
    })();
    const other = await problemsOf(() => world.producer.list({ cursor: nextCursor, finishedFrom: new Date() }));
    expect(other.paths).toEqual(['options.cursor']);
  });
});

describe('a producer with a tenant', () => {
  test('sees and changes that tenant alone', async () => {
    await using world = await setup();
    const [mine, theirs] = await Promise.all(
      ['acme', 'globex'].map((tenant) => world.producer.enqueue(request, { tenant, idempotencyKey: 'one' })),
    );
    if (mine === undefined || theirs === undefined) throw new Error('two were enqueued');
    const bound = createProducer({ redisUrl: inject('redisUrl'), prefix: world.prefix, tenant: 'acme' });
    try {
      expect((await bound.list()).generations.map(({ generationId }) => generationId)).toEqual([mine.generationId]);
      expect(await bound.get(mine.generationId)).toMatchObject({ tenant: 'acme' });
      for (const call of [bound.get, bound.cancel, bound.wait] as const)
        await expect(call(theirs.generationId)).rejects.toMatchObject({ code: 'generation.not-found' });
      expect(await world.producer.get(theirs.generationId)).toMatchObject({ status: 'queued' });
      expect(await bound.findByIdempotencyKey('one')).toMatchObject({ generationId: mine.generationId });
      await expect(bound.enqueue(request, { generationId: theirs.generationId })).rejects.toMatchObject({ code: 'request.conflict' });
      for (const call of [
        () => bound.enqueue(request, { tenant: 'globex' }),
        () => bound.enqueueMany([request], { tenant: 'globex' }),
        () => bound.list({ tenant: 'globex' }),
        () => bound.findByIdempotencyKey('one', { tenant: 'globex' }),
      ])
        expect((await problemsOf(call)).message).toContain('options.tenant: must be "acme", the tenant of this producer');
      expect((await world.producer.list()).generations).toHaveLength(2);
    } finally {
      await bound.close();
    }
  });
});

describe('a producer with a tenant, above a cap', () => {
  test('reads neither the cap for all tenants nor their spend', async () => {
    await using world = await setup();
    const bound = createProducer({ redisUrl: inject('redisUrl'), prefix: world.prefix, tenant: 'acme' });
    try {
      await world.producer.enqueue(request, { tenant: 'globex' });
      await world.store.setCaps({ allPerDay: IMAGE_NANO_USD });
      const refused: unknown = await bound.enqueue(request).catch((error: unknown) => error);
      expect(refused).toMatchObject({ code: 'spend.cap-reached', details: { period: expect.stringMatching(/^all:day:/) } });
      if (!(refused instanceof SpendCapError)) throw new Error('a cap is reached');
      expect([Object.keys(refused.details), refused.cause]).toEqual([['period'], undefined]);
      expect(refused.message).toMatch(
        /^generation ".{36}" would cost up to 0\.02 USD, and the store's cap "all:day:[\d-]+" is reached; it resets at \S+Z; nothing was queued or bought$/,
      );
      await expect(bound.enqueueMany([request, request])).rejects.not.toThrow(/spent or held/);
    } finally {
      await bound.close();
    }
  });

  test('reads its own cap and its own spend', async () => {
    await using world = await setup();
    const bound = createProducer({ redisUrl: inject('redisUrl'), prefix: world.prefix, tenant: 'acme' });
    try {
      await world.store.setCaps({ allPerDay: 1000 * IMAGE_NANO_USD, tenantPerDay: IMAGE_NANO_USD });
      await bound.enqueue(request);
      await expect(bound.enqueue(request)).rejects.toMatchObject({ details: { capUsd: '0.02', usedUsd: '0.02' } });
    } finally {
      await bound.close();
    }
  });
});

describe('an idempotency key', () => {
  test('leads to its generation, open and final, and an unknown one to none', async () => {
    await using world = await setup();
    const { generationId } = await world.producer.enqueue(request, { idempotencyKey: 'order 7' });
    expect(await world.producer.findByIdempotencyKey('order 7')).toMatchObject({ generationId, status: 'queued' });
    for (const ref of refsOf(generationId)) await bringHome(world.store, ref);
    expect(await world.producer.findByIdempotencyKey('order 7')).toMatchObject({ generationId, status: 'succeeded' });
    expect(await world.producer.findByIdempotencyKey('order 8')).toBeUndefined();
    // Redis may have forgotten the key until it is compared with S3.
    const run = await world.redis.getset(`${world.prefix}:server-run`, 'another run');
    await expect(world.producer.findByIdempotencyKey('order 8')).rejects.toMatchObject({
      code: 'queue.unavailable',
      reached: 'no',
      details: { reason: 'recovering' },
    });
    expect(await world.producer.findByIdempotencyKey('order 7')).toMatchObject({ generationId });
    await world.redis.set(`${world.prefix}:server-run`, run ?? '');
    expect(await world.producer.findByIdempotencyKey('order 7', { tenant: 'acme' })).toBeUndefined();
    expect((await problemsOf(() => world.producer.findByIdempotencyKey(' '))).paths).toEqual(['idempotencyKey']);
  });
});

describe('a watch', () => {
  test('yields a generation as it is and after each change, and ends with its end', async () => {
    await using world = await setup();
    const { generationId } = await world.producer.enqueue(request);
    const statuses: string[] = [];
    for await (const generation of world.producer.watch(generationId)) {
      statuses.push(`${generation.status} ${generation.images[0]?.submissionStatus}`);
      if (statuses.length === 1) for (const ref of refsOf(generationId)) await bringHome(world.store, ref);
    }
    expect(statuses[0]).toBe('queued planned');
    expect(statuses.at(-1)).toBe('succeeded succeeded');
  });

  test('ends with the loop, with its signal and with the producer', async () => {
    await using world = await setup();
    const { generationId } = await world.producer.enqueue(request);
    for await (const generation of world.producer.watch(generationId)) {
      expect(generation.status).toBe('queued');
      break;
    }
    const leave = new AbortController();
    const watched = async (): Promise<void> => {
      for await (const generation of world.producer.watch(generationId, { signal: leave.signal })) {
        expect(generation.status).toBe('queued');
        leave.abort(new Error('left'));
      }
    };
    await expect(watched()).rejects.toThrow('left');
    const kept = (async (): Promise<void> => {
      for await (const generation of world.producer.watch(generationId)) {
        expect(generation.status).toBe('queued');
        void world.producer.close();
      }
    })();
    await expect(kept).rejects.toMatchObject({ code: 'queue.unavailable', details: { reason: 'producer-closed' } });
  });

  test('ends with an error if the generation is unknown', async () => {
    await using world = await setup();
    const [none] = refsOf('01a22903-aa35-7d62-a007-f36295ae2781');
    await expect(world.producer.watch(none?.generationId ?? '').next()).rejects.toMatchObject({ code: 'generation.not-found' });
  });
});

test('a producer with a tenant is told of the bound on the images of all no numbers, and of its own bound all', async () => {
  await using world = await setup();
  const bound = createProducer({ redisUrl: inject('redisUrl'), prefix: world.prefix, tenant: 'acme' });
  const limits = `${world.prefix}:limits`;
  const refusalOf = async (numberResults: number): Promise<QueueFullError> => {
    const refused: unknown = await bound.enqueue({ ...request, numberResults }).catch((error: unknown) => error);
    if (refused instanceof QueueFullError) return refused;
    throw new Error('the queue is not full', { cause: refused });
  };
  try {
    await world.redis.hset(limits, 'openImages', 3);
    await world.producer.enqueue({ ...request, numberResults: 3 }, { tenant: 'globex' });
    const full = await refusalOf(2);
    expect([full.details, full.cause, full.retryable]).toEqual([{ bound: 'openImages' }, undefined, true]);
    expect(full.message).toMatch(/with 2 images: the queue is full; nothing was queued or bought; call again when some have ended$/);
    expect(await refusalOf(4)).toMatchObject({ retryable: false, details: { bound: 'openImages' } });
    await world.redis.hset(limits, 'openImages', 100, 'openImagesPerTenant', 2);
    await bound.enqueue(request);
    expect(await refusalOf(2)).toMatchObject({ details: { bound: 'openImagesPerTenant', limit: 2, open: 1 } });
  } finally {
    await bound.close();
  }
});
