import { InvalidRequestError, type GrokImagineRequestInput } from '@darkroom/contracts';
import { createProducer, type Producer } from '@darkroom/producer';
import { eventually, readBilledTasks, startFleet, type Fleet } from '@darkroom/testing';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { invalidRequests } from './invalid-requests/table.ts';

/** Proves that a request is checked before it is queued: at the end of this file Redis is unchanged, and the bill is empty. */

let fleet: Fleet;
let producer: Producer;
let redis: Redis;
let before: Record<string, string>;

beforeAll(async () => {
  fleet = await startFleet();
  producer = createProducer({ redisUrl: fleet.redisUrl });
  redis = new Redis(fleet.redisUrl);
  // Without workers nothing changes in Redis, once the marks are gone that the workers leave for a few seconds.
  await Promise.all(fleet.workers.map((worker) => worker.stop()));
  await eventually(async () => expect(Object.keys(await keyspace()).filter((key) => key.includes('stalled-check'))).toEqual([]), {
    withinMs: 20_000,
  });
  before = await keyspace();
});
afterAll(async () => {
  redis.disconnect();
  await producer.close();
  await fleet.stop();
});

/** Returns every key of Darkroom with its content, except for the sign of life that a worker writes every few seconds. */
async function keyspace(): Promise<Record<string, string>> {
  const keys = (await redis.keys('*')).filter((key) => !key.endsWith(':alive')).toSorted();
  const dumps = await Promise.all(keys.map((key) => redis.dumpBuffer(key)));
  return Object.fromEntries(keys.map((key, at) => [key, dumps[at]?.toString('base64') ?? '']));
}

const refusalOf = async (call: Promise<unknown>): Promise<InvalidRequestError> => {
  const reason: unknown = await call.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (reason instanceof InvalidRequestError) return reason;
  throw new Error('the producer took an invalid request', { cause: reason });
};
const problemsOf = async (call: Promise<unknown>): Promise<InvalidRequestError['problems']> => (await refusalOf(call)).problems;

// The types forbid most of these requests; a caller without types, or with a JSON body, may still pass them.
const given = (request: unknown): GrokImagineRequestInput => request as GrokImagineRequestInput;
const titleOf = (request: unknown): string => JSON.stringify(request).slice(0, 90);

test.each(invalidRequests.map(([request, path, message], at) => ({ at, title: titleOf(request), request, path, message })))(
  '$at: the producer refuses $title',
  async ({ request, path, message }) => {
    const problem = { path, message: expect.stringMatching(message) };
    const problems = await problemsOf(producer.enqueue(given(request)));
    expect(problems).toEqual([expect.objectContaining(problem)]);
    expect(await problemsOf(producer.generate(given(request)))).toEqual(problems);
    expect(JSON.stringify(problems), 'the error repeats no secret').not.toMatch(/secret garden|example\.org|AAAA/);
  },
);

test('the producer refuses all of them in one call, and queues no valid one among them', async () => {
  const requests = [{ positivePrompt: 'a good one' }, ...invalidRequests.map(([request]) => given(request))];
  const { problems, problemCount } = await refusalOf(producer.enqueueMany(requests));
  const expected = invalidRequests.map(([, path], at) => `requests[${at + 1}]${path === '' ? '' : `.${path}`}`);
  expect(problems.map(({ path }) => path)).toEqual(expected.slice(0, problems.length));
  expect(problems.length).toBeGreaterThanOrEqual(Math.min(20, expected.length));
  expect(problemCount).toBe(expected.length);
});

test('afterwards Redis is unchanged and the bill is empty', async () => {
  expect(invalidRequests.length).toBeGreaterThanOrEqual(40);
  expect(Object.keys(before).length, 'there is something to compare').toBeGreaterThan(0);
  expect(await keyspace()).toEqual(before);
  expect((await readBilledTasks(fleet.billFile)).size).toBe(0);
});
