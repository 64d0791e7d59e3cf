import { DarkroomError } from '@darkroom/contracts';
import { describe, expect, inject, test } from 'vitest';
import { createEvents, createProducer, type Producer } from '../src/index.ts';
import { createImages } from '../src/images/index.ts';
import { enqueueOptions } from '../src/options.ts';
import { createTestingProducer } from '../src/testing/index.ts';
import { drawPng, setupImages } from './images-world.ts';
import { bringHome, refsOf, request, setup } from './world.ts';

// Callers without types may pass anything anywhere. Each call answers, or throws one typed error; it repeats nothing that may be a secret.

const SECRET = 'a-secret-in-a-getter';
const trap = (): never => {
  throw new Error(SECRET);
};
const cyclic: Record<string, unknown> = {};
cyclic['self'] = cyclic;
const odd: Readonly<Record<string, unknown>> = {
  null: null,
  true: true,
  zero: 0,
  'minus one': -1,
  half: 0.5,
  NaN: Number.NaN,
  infinity: Infinity,
  'a large number': 2 ** 60,
  'a bigint': 1n,
  'a symbol': Symbol('x'),
  'an empty text': '',
  blanks: '   ',
  NUL: '\u0000',
  'half a pair': '\uD800',
  'a long text': 'x'.repeat(300_000),
  'a line': 'a\r\nb: c',
  'a glob': '*[a-z]?',
  'an upper-case id': '01A22B40-91CD-795B-BF54-6820AEC174A7',
  'a path': '../../settings/caps/1.json',
  'a name of objects': '__proto__',
  'an array': [],
  'arrays in arrays': [[[]]],
  'a sparse array': Object.assign([], { 7: 'x' }),
  'an object': {},
  'a cycle': cyclic,
  'no prototype': Object.create(null) as unknown,
  'its own prototype': JSON.parse('{"__proto__":"x","constructor":"y"}') as unknown,
  'a wrong date': new Date(Number.NaN),
  'a map': new Map([['a', 'b']]),
  'a function': () => 1,
  'a proxy': new Proxy({}, { get: trap, has: trap, ownKeys: trap, getOwnPropertyDescriptor: trap, getPrototypeOf: trap }),
  'a getter': Object.defineProperty({}, 'tenant', { get: trap, enumerable: true }),
};

/** Runs a call with each odd value. @returns what is neither an answer nor one typed error without the secret. */
async function tryAll(names: readonly string[], call: (name: string, value: never) => unknown): Promise<string[]> {
  const wrong: string[] = [];
  for (const name of names)
    for (const [kind, value] of Object.entries(odd))
      try {
        await call(name, value as never);
      } catch (error) {
        const isOurs = error instanceof DarkroomError && !`${error.message}${JSON.stringify(error.details)}`.includes(SECRET);
        const isDoubtful = isOurs && error.code === 'queue.unavailable';
        if (!isOurs || isDoubtful) wrong.push(`${name}: ${kind}: ${String(error).slice(0, 200)}`);
      }
  return wrong;
}

const options = [
  'generationId',
  'idempotencyKey',
  'deadlineAt',
  'runAt',
  'tags',
  'metadata',
  'priority',
  'withholdFlagged',
  'traceparent',
  'webhookURL',
  'webhookEvents',
  'tenant',
  'generationIds',
  'idempotencyKeys',
];
const filters = ['status', 'code', 'tag', 'metadata', 'createdFrom', 'finishedBefore', 'tenant', 'limit', 'cursor'];
const fields = ['positivePrompt', 'width', 'numberResults', 'inputs', 'safety', 'model', 'ttl', 'taskUUID', 'outputFormat', 'outputType'];

/** Tries each argument of each call of a producer. */
async function tryProducer(producer: Producer, generationId: string): Promise<string[]> {
  const wait = { timeoutMs: 0 };
  return [
    ...(await tryAll(options, (name, value) => producer.enqueue(request, { [name]: value }))),
    ...(await tryAll(options, (name, value) => producer.enqueueMany([request, request], { [name]: value }))),
    ...(await tryAll(fields, (name, value) => producer.enqueue({ ...request, [name]: value }))),
    ...(await tryAll(filters, (name, value) => producer.list({ [name]: value }))),
    ...(await tryAll(['signal', 'onProgress'], (name, value) => producer.wait(generationId, { ...wait, [name]: value }))),
    ...(await tryAll(['signal'], (name, value) => producer.watch(generationId, { [name]: value }).next())),
    ...(await tryAll(['images', 'mayPayAgain', 'reason', 'generationId', 'priority'], (name, value) =>
      producer.retry(generationId, { [name]: value }),
    )),
    ...(await tryAll(['cancel', 'retries'], (name, value) => producer.erase('01a22b40-91cd-795b-bf54-6820aec174a7', { [name]: value }))),
    ...(await tryAll(['tenant', 'tag'], (name, value) => producer.erase({ [name]: value }))),
    ...(await tryAll(
      ['enqueue', 'enqueueMany', 'get', 'timeline', 'cancel', 'retry', 'erase', 'erasure', 'findByIdempotencyKey', 'list'] as const,
      (name, value) => producer[name as 'get'](value),
    )),
    ...(await tryAll(['enqueue', 'enqueueMany'] as const, (name, value) => producer[name as 'enqueue'](request, value))),
    ...(await tryAll(['get', 'timeline', 'cancel', 'retry', 'wait'] as const, (name, value) =>
      producer[name as 'get'](generationId, value),
    )),
    ...(await tryAll(['wait', 'generate'] as const, (name, value) => producer[name as 'wait'](value, wait))),
  ];
}

describe('whatever stands in an argument', () => {
  test('a producer answers, or throws one typed error', { timeout: 60_000 }, async () => {
    await using world = await setup();
    const { generationId } = await world.producer.enqueue(request);
    await bringHome(world.store, refsOf(generationId)[0]!);
    expect(await tryProducer(world.producer, generationId)).toEqual([]);
    expect(await world.producer.get(generationId), 'and the one that is there stays').toMatchObject({ status: 'succeeded' });
    const { generations } = await world.producer.list({ limit: 1000 });
    expect(generations.length).toBeGreaterThan(10);
  });

  test('so does a testing producer', { timeout: 60_000 }, async () => {
    const producer = createTestingProducer();
    const { generationId } = await producer.generate(request);
    expect(await tryProducer(producer, generationId)).toEqual([]);
    await producer.close();
  });

  test('images and what makes readers do the same', async () => {
    await using world = await setupImages();
    const { generation } = await world.keep();
    const image = world.images.image(generation, 0);
    expect([
      ...(await tryAll(['image', 'read', 'toRunwareResponse'] as const, (name, value) => world.images[name as 'image'](value, 0))),
      ...(await tryAll(['image', 'read'] as const, (name, value) => world.images[name as 'image'](generation, value))),
      ...(await tryAll(['ttlSeconds', 'downloadName'], (name, value) => image.url({ [name]: value }))),
      ...(await tryAll(['downloadName'], (name, value) => world.images.read(generation, 0, { [name]: value }))),
      ...(await tryAll(['image'], (_name, value) => world.images.putReferenceImage(value))),
      ...(await tryAll(['tenant'], async (name, value) => world.images.putReferenceImage(await drawPng(), { [name]: value }))),
      ...(await tryAll(
        [
          'bucket',
          'region',
          'endpoint',
          'publicEndpoint',
          'cdnUrl',
          'credentials',
          'requestTimeoutMs',
          'tenant',
          'maxReferenceImageBytes',
          'now',
        ],
        (name, value) => createImages({ bucket: 'darkroom', [name]: value }).close(),
      )),
      ...(await tryAll(
        ['redisUrl', 'prefix', 'tenant', 'maxReferenceImages', 'recordSeconds', 'idempotencySeconds', 'allowLoopbackWebhooks', 'now'],
        (name, value) => createProducer({ redisUrl: inject('redisUrl'), [name]: value }).close(),
      )),
      ...(await tryAll(['redisUrl', 'prefix', 'group', 'consumer', 'from', 'tenant', 'takeOverMs'], (name, value) =>
        createEvents({ redisUrl: inject('redisUrl'), group: 'mail', [name]: value }).close(),
      )),
      ...(await tryAll(['all'], (_name, value) => createImages(value).close())),
      ...(await tryAll(['all'], (_name, value) => createProducer(value).close())),
      ...(await tryAll(['all'], (_name, value) => createEvents(value).close())),
      ...(await tryAll(['all'], (_name, value) => createTestingProducer(value).close())),
    ]).toEqual([]);
  });
});

test('what is unusual and allowed comes back as it was given', async () => {
  await using world = await setup();
  const { producer } = world;
  const words = ['*', '{a}:b', '</script>', 'é e\u0301', '\u{1F3A8}'.repeat(64)];
  const metadata = { constructor: 'x', 'a b': '', '%s "\\': '\u2028', '\u{1F3A8}': 'y'.repeat(900) };
  const prompt = `NUL \u0000, a line\n, ${'\u{1F3A8}'.repeat(500)} ${'"\\'.repeat(500)}`;
  for (const tenant of ['.', '..', '|', '+@:', `a${'|'.repeat(127)}`, 'all', 'tenant:all']) {
    const key = `${tenant}${'\u{1F3A8}'.repeat(60)}`;
    const given = { tenant, idempotencyKey: key, tags: words, metadata, priority: 'low' as const };
    const { generationId } = await producer.enqueue({ positivePrompt: prompt }, given);
    const view = await producer.get(generationId);
    expect(view).toMatchObject({ tenant, tags: words, metadata, priority: 'low', request: { positivePrompt: prompt } });
    expect(await producer.findByIdempotencyKey(key, { tenant })).toMatchObject({ generationId });
    const filter = { tenant, tag: words[4]!, metadata, status: 'queued' as const, createdFrom: 1_600_000_000_000 };
    expect(
      (await producer.list(filter)).generations.map((each) => each.generationId),
      tenant,
    ).toEqual([generationId]);
    expect((await producer.list({ tenant })).generations).toHaveLength(1);
    expect(await producer.cancel(generationId)).toBe('cancelled');
  }
});

test('an option that stands in the request is refused with the place where it belongs', async () => {
  const producer = createTestingProducer();
  const order = (name: string, value: never) => producer.enqueue({ ...request, [name]: value });
  for (const name of enqueueOptions) {
    const message = name === 'webhookURL' ? 'the option webhookURL of the enqueue' : 'as an option, beside the request';
    await expect(order(name, 'x' as never), name).rejects.toMatchObject({
      code: 'request.invalid',
      message: expect.stringContaining(message),
    });
  }
  await producer.close();
});

test('a cursor is a place and no right: in another list, of another tenant or forged it shows nothing of others', async () => {
  await using world = await setup();
  await using other = {
    producer: createProducer({ redisUrl: inject('redisUrl'), prefix: world.prefix, tenant: 'beta' }),
    [Symbol.asyncDispose]: () => other.producer.close(),
  };
  for (const tenant of ['acme', 'acme', 'beta']) await world.producer.enqueue(request, { tenant, tags: [tenant] });
  const { nextCursor = '' } = await world.producer.list({ tenant: 'acme', limit: 1 });
  const forged = [
    'czzzzzzzzzzz_01a22b40-91cd-795b-bf54-6820aec174a7',
    'c0_01a22b40-91cd-795b-bf54-6820aec174a7',
    nextCursor.replace(/_.*/, '_ffffffff-ffff-7fff-bfff-ffffffffffff'),
  ];
  for (const cursor of [nextCursor, ...forged])
    for (const filter of [
      {},
      { tag: 'acme' },
      { tag: 'beta' },
      { status: 'queued' as const },
      { metadata: {} },
      { code: 'provider.refused', tag: 'acme' },
    ]) {
      const { generations } = await other.producer.list({ ...filter, cursor });
      expect(generations.filter(({ tenant }) => tenant !== 'beta')).toEqual([]);
    }
  for (const cursor of ['', 'c', `${nextCursor} `, `f${nextCursor.slice(1)}`, nextCursor.toUpperCase(), 'c1_../../etc'])
    await expect(other.producer.list({ cursor }), cursor).rejects.toMatchObject({ code: 'request.invalid' });
});

test('an aborted signal ends a wait and a watch before they ask, and a close in the middle ends everything once', async () => {
  await using world = await setup();
  const { producer } = world;
  const { generationId } = await producer.enqueue(request);
  const reason = new Error('left');
  const signal = AbortSignal.abort(reason);
  await expect(producer.wait(generationId, { signal })).rejects.toBe(reason);
  await expect(producer.watch(generationId, { signal }).next()).rejects.toBe(reason);
  await expect(producer.generate(request, { signal })).rejects.toBe(reason);
  expect((await producer.list()).generations, 'nothing was bought for it').toHaveLength(1);

  const busy = createProducer({ redisUrl: inject('redisUrl'), prefix: world.prefix });
  const calls = [
    busy.wait(generationId),
    busy.watch(generationId).next(),
    busy.enqueue(request),
    busy.enqueueMany(Array.from({ length: 300 }, () => request)),
    busy.list(),
    busy.get(generationId),
    busy.erase({ tag: 'none' }),
  ];
  const closes = [busy.close(), busy.close()];
  const ended = await Promise.allSettled(calls);
  await Promise.all([...closes, busy.close()]);
  const codes = ended.flatMap((each) => (each.status === 'rejected' ? [each.reason as { code?: string }] : [])).map(({ code }) => code);
  expect(codes.filter((code) => !['queue.unavailable', 'queue.partly-enqueued'].includes(code ?? ''))).toEqual([]);
  await expect(busy.get(generationId)).rejects.toMatchObject({ code: 'queue.unavailable', details: { reason: 'producer-closed' } });
});
