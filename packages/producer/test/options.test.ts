import { ConfigError, createGenerationId, InvalidRequestError } from '@darkroom/contracts';
import { expect, test } from 'vitest';
import { createProducer } from '../src/index.ts';
import { problemsOf } from './problems-of.ts';
import { request, setup } from './world.ts';

test('lists all problems of the request and of the options at once, and queues nothing', async () => {
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
])('refuses a runAt out of bounds: $runAt, $says', async ({ says, ...options }) => {
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
  { priority: 1 },
  { tenant: ['acme'] },
  { tenant: 'acme~day' },
  { tenant: 'x'.repeat(129) },
  { tenant: '__proto__\u0000' },
  { tenant: '{darkroom}' },
])('refuses a value that the types forbid: $#', async (options) => {
  await using world = await setup();
  const { type, paths } = await problemsOf(() => world.producer.enqueue(request, options as never)); // a value that the types forbid
  expect(type).toBe(InvalidRequestError);
  expect(paths).toEqual([`options.${Object.keys(options)[0]}`]);
});

test('refuses an unknown option and suggests the likely one, with every other problem', async () => {
  await using world = await setup();
  const { type, paths, message } = await problemsOf(
    () => world.producer.enqueue({ positivePrompt: '' }, { idempotencykey: 'k', delay: 60_000, attempts: 1 } as never), // values that the types forbid
  );
  expect(type).toBe(InvalidRequestError);
  expect(paths).toEqual(['options.idempotencykey', 'options.delay', 'options.attempts', 'positivePrompt']);
  expect(message).toContain('(did you mean "idempotencyKey"?)');
  expect(message).toContain('(did you mean "runAt"?)');
  expect(message).toContain(
    'allowed are generationId, idempotencyKey, deadlineAt, runAt, tags, metadata, priority, withholdFlagged, traceparent, webhookURL, webhookEvents, tenant',
  );
  expect(await world.redis.keys(`${world.prefix}:generation:*`)).toEqual([]);
});

test.each<[string, (world: Awaited<ReturnType<typeof setup>>, options: never) => Promise<unknown>]>([
  ['enqueue', ({ producer }, options) => producer.enqueue(request, options)],
  ['enqueueMany', ({ producer }, options) => producer.enqueueMany([request], options)],
  ['generate', ({ producer }, options) => producer.generate(request, options)],
  ['wait', ({ producer }, options) => producer.wait(createGenerationId(Date.now()), options)],
  ['retry', ({ producer }, options) => producer.retry(createGenerationId(Date.now()), options)],
])('%s refuses options that are no object, and unknown ones', async (_call, act) => {
  await using world = await setup();
  for (const options of [null, 'soon', 7, [], { surprise: 1 }, { timeout: 5 }]) {
    const { type, paths } = await problemsOf(() => act(world, options as never)); // a value that the types forbid
    expect(type).toBe(InvalidRequestError);
    expect(paths[0]).toMatch(/^options(\.surprise|\.timeout)?$/);
  }
  expect(await world.redis.keys(`${world.prefix}:generation:*`)).toEqual([]);
});

test.each([{ timeoutMs: '10' }, { timeoutMs: -1 }, { timeoutMs: Number.NaN }, { signal: {} }, { onProgress: 'log' }])(
  'wait and generate refuse %j',
  async (options) => {
    await using world = await setup();
    const path = `options.${Object.keys(options)[0]}`;
    const id = createGenerationId(Date.now());
    expect((await problemsOf(() => world.producer.wait(id, options as never))).paths).toEqual([path]); // a value that the types forbid
    expect((await problemsOf(() => world.producer.generate(request, options as never))).paths).toEqual([path]);
    expect(await world.redis.keys(`${world.prefix}:generation:*`)).toEqual([]);
  },
);

test('refuses a value that is no id before asking Redis', async () => {
  await using world = await setup();
  for (const id of [undefined, null, 7, {}, 'x'.repeat(1_000_000)]) {
    for (const act of ['get', 'wait', 'cancel', 'retry'] as const) {
      const { paths, message } = await problemsOf(() => world.producer[act](id as never)); // a value that the types forbid
      expect(paths).toEqual(['generationId']);
      expect(message.length).toBeLessThan(500);
    }
  }
});

const anything = <Value>(value: unknown): Value => value as Value; // a value that the types forbid

/** Returns the processor time of a refusal in milliseconds, the least of five runs, and its error. */
async function refusalOf(attempt: () => unknown): Promise<{ cpuMs: number; error: ConfigError | InvalidRequestError }> {
  const times: number[] = [];
  let thrown: unknown;
  // The first runs meet code that is not compiled yet.
  for (let run = 0; run < 5; run += 1) {
    const startedAt = process.cpuUsage();
    thrown = await (async () => attempt())().then(
      () => undefined,
      (error: unknown) => error,
    );
    const { user, system } = process.cpuUsage(startedAt);
    times.push((user + system) / 1000);
  }
  if (thrown instanceof ConfigError || thrown instanceof InvalidRequestError) return { cpuMs: Math.min(...times), error: thrown };
  throw new Error('nothing was refused', { cause: thrown });
}

const unknownKeys = (count: number): object => Object.fromEntries(Array.from({ length: count }, (_, at) => [`unknown${at}`, at]));

test.each<[string, number, (world: Awaited<ReturnType<typeof setup>>) => unknown]>([
  ['20,000 requests', 1, ({ producer }) => producer.enqueueMany(anything(Array.from({ length: 20_000 }).fill({ bad: 1 })))],
  ['as many bad requests as a call takes', 20_000, ({ producer }) => producer.enqueueMany(anything(Array(10_000).fill({ bad: 1 })))],
  ['a request of 20,000 unknown names', 20_001, ({ producer }) => producer.enqueue(anything(unknownKeys(20_000)))],
  ['20,000 unknown names in a group', 20_000, ({ producer }) => producer.enqueue(anything({ ...request, safety: unknownKeys(20_000) }))],
  ['20,000 names with a dot', 20_000, ({ producer }) => producer.enqueue(anything({ ...request, ...dotted(20_000) }))],
  ['20,000 unknown options', 20_000, ({ producer }) => producer.enqueue(request, anything(unknownKeys(20_000)))],
  ['20,000 unknown options of a producer', 20_001, () => createProducer(anything(unknownKeys(20_000)))],
  ['a name of a megabyte', 1, ({ producer }) => producer.enqueue(anything({ ...request, ['x'.repeat(1_000_000)]: 1 }))],
  ['an option of a megabyte', 1, ({ producer }) => producer.enqueue(request, anything({ ['\u0000'.repeat(1_000_000)]: 1 }))],
  ['a prompt of 5 MB', 1, ({ producer }) => producer.enqueue({ positivePrompt: 'x'.repeat(5_000_000) })],
  ['a reference image of 5 MB', 1, ({ producer }) => producer.enqueue(withImage('A'.repeat(5_000_000)))],
  ['an address of 5 MB', 1, ({ producer }) => producer.enqueue(withImage(`https://example.org/${'x'.repeat(5_000_000)}`))],
  [
    'a list of a thousand million images',
    51,
    ({ producer }) => producer.enqueue(anything({ ...request, inputs: { referenceImages: Array(1e9) } })),
  ],
  ['a milliard requests', 1, ({ producer }) => producer.enqueueMany(Array(1e9))],
  ['a milliard keys', 1, ({ producer }) => producer.enqueueMany([request], { idempotencyKeys: Array(1e9) })],
  ['a text for keys', 1, ({ producer }) => producer.enqueueMany([request], anything({ idempotencyKeys: 'k' }))],
])('%s: the refusal is fast, counts all problems and stays small', async (_name, least, attempt) => {
  await using world = await setup();
  const { cpuMs, error } = await refusalOf(() => attempt(world));
  expect(error.problemCount).toBeGreaterThanOrEqual(least);
  expect(error.problems.length).toBeLessThanOrEqual(50);
  expect(Buffer.byteLength(JSON.stringify([error, error.message]))).toBeLessThanOrEqual(32 * 1024);
  // Twice that of a quiet machine; work for each pair of problems would take seconds.
  expect(cpuMs).toBeLessThan(400);
  expect(await world.redis.keys(`${world.prefix}:generation:*`)).toEqual([]);
});

const dotted = (count: number): object => Object.fromEntries(Array.from({ length: count }, (_, at) => [`safety.mode${at}`, at]));
const withImage = (image: string) => ({ ...request, inputs: { referenceImages: [image] } });

test('other work of the process continues while a batch is checked', async () => {
  await using world = await setup();
  let turns = 0;
  const timer = setInterval(() => (turns += 1), 0);
  try {
    await expect(world.producer.enqueueMany(anything(Array(10_000).fill({ bad: 1 })))).rejects.toMatchObject({ problemCount: 20_000 });
  } finally {
    clearInterval(timer);
  }
  expect(turns).toBeGreaterThan(3);
});

test('enqueues a list as it was, though its caller changes it during the check', async () => {
  await using world = await setup();
  const requests = Array.from({ length: 150 }, () => ({ ...request }));
  const runAt = new Date(Date.now() + 3_600_000);
  const call = world.producer.enqueueMany(requests, { runAt });
  requests[149] = { positivePrompt: '' };
  requests.length = 150;
  requests.push(request);
  runAt.setTime(0);
  const enqueued = await call;
  expect(enqueued).toHaveLength(150);
});

test('two tenants whose names differ only in a separator have separate idempotency keys', async () => {
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

test('inherited options are checked too, and each option is read once', async () => {
  await using world = await setup();
  class Later {
    get delay(): number {
      return 60_000;
    }
  }
  for (const options of [Object.create({ delay: 5 }), new Later(), { [Symbol('delay')]: 5 }])
    expect((await problemsOf(() => world.producer.enqueue(request, options))).paths[0]).toMatch(/^options\..*delay/);
  expect((await problemsOf(() => world.producer.enqueue(Object.create({ ...request, steps: 5 })))).paths).toEqual(['steps']);
  expect(await world.redis.keys(`${world.prefix}:generation:*`)).toEqual([]);
  let reads = 0;
  const options = {
    get tenant(): string {
      reads += 1;
      return reads === 1 ? 'acme' : '{darkroom}';
    },
  };
  const { generationId } = await world.producer.enqueue(request, options);
  expect(await world.producer.get(generationId)).toMatchObject({ tenant: 'acme' });
});

test('every call refuses an argument that throws when read, without repeating its error', async () => {
  await using world = await setup();
  const { proxy, revoke } = Proxy.revocable<never[]>([], {});
  revoke();
  const thrower = Object.defineProperty({}, 'tenant', {
    get: () => {
      throw new Error('hunter2');
    },
  });
  const id = createGenerationId(Date.now());
  const { producer } = world;
  for (const hostile of [proxy, thrower]) {
    for (const attempt of [
      () => producer.enqueue(anything(hostile)),
      () => producer.enqueue(anything({ ...request, safety: hostile })),
      () => producer.enqueue(request, anything(hostile)),
      () => producer.enqueue(request, anything({ runAt: hostile })),
      () => producer.enqueueMany(anything(hostile)),
      () => producer.enqueueMany([anything(hostile)]),
      () => producer.enqueueMany([request], anything({ idempotencyKeys: hostile })),
      () => producer.enqueueMany([request], anything(hostile)),
      () => producer.generate(request, anything(hostile)),
      () => producer.get(anything(hostile)),
      () => producer.get(id, anything(hostile)),
      () => producer.wait(id, anything(hostile)),
      () => producer.cancel(id, anything(hostile)),
      () => createProducer(anything(hostile)),
    ])
      expect((await problemsOf(attempt)).message, String(attempt)).not.toContain('hunter2');
  }
  expect(await world.redis.keys(`${world.prefix}:generation:*`)).toEqual([]);
});

test.each(['get', 'wait', 'cancel'] as const)('%s refuses unknown options, in a message that says nothing of buying', async (call) => {
  await using world = await setup();
  const { generationId } = await world.producer.enqueue(request);
  for (const attempt of [
    () => world.producer[call](generationId, anything({ reasn: 'x' })),
    () => world.producer[call](generationId, anything('soon')),
    () => world.producer[call](anything(7)),
  ])
    expect((await problemsOf(attempt)).message).not.toMatch(/queued|bought/);
  expect((await problemsOf(() => world.producer.enqueue(anything(7)))).message).toContain('nothing was queued or bought');
  expect(await world.producer.get(generationId)).toMatchObject({ status: 'queued' });
});
