import { InvalidRequestError, type GrokImagineRequestInput } from '@darkroom/contracts';
import { createProducer, type Producer } from '@darkroom/producer';
import { eventually, readBilledTasks, startFleet, type Fleet } from '@darkroom/testing';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { invalidRequests } from './invalid-requests/table.ts';

/** What is wrong is said before anything is queued: at the end of this file Redis is as it was, and the bill is empty. */

let fleet: Fleet;
let producer: Producer;
let redis: Redis;
let before: Record<string, string>;

beforeAll(async () => {
  fleet = await startFleet();
  producer = createProducer({ redisUrl: fleet.redisUrl });
  redis = new Redis(fleet.redisUrl);
  // Without workers nothing moves in Redis, once the marks have gone that they leave for a few seconds.
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

/** Every key of Darkroom with its content, but for the sign of life that the worker writes every few seconds. */
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
  throw new Error('it was not refused', { cause: reason });
};
const problemsOf = async (call: Promise<unknown>): Promise<InvalidRequestError['problems']> => (await refusalOf(call)).problems;

// The types forbid most of these; callers without types, and a JSON body, do not know.
const given = (request: unknown): GrokImagineRequestInput => request as GrokImagineRequestInput;
const titleOf = (request: unknown): string => JSON.stringify(request).slice(0, 90);

test.each(invalidRequests.map(([request, path, message], at) => ({ at, title: titleOf(request), request, path, message })))(
  '$at: $title is refused',
  async ({ request, path, message }) => {
    const problem = { path, message: expect.stringMatching(message) };
    const problems = await problemsOf(producer.enqueue(given(request)));
    expect(problems).toEqual([expect.objectContaining(problem)]);
    expect(await problemsOf(producer.generate(given(request)))).toEqual(problems);
    expect(JSON.stringify(problems), 'what is secret is not repeated').not.toMatch(/secret garden|example\.org|AAAA/);
  },
);

test('all of them at once are refused together, and a good one among them is not queued', async () => {
  const requests = [{ positivePrompt: 'a good one' }, ...invalidRequests.map(([request]) => given(request))];
  const { problems, problemCount } = await refusalOf(producer.enqueueMany(requests));
  const expected = invalidRequests.map(([, path], at) => `requests[${at + 1}]${path === '' ? '' : `.${path}`}`);
  expect(problems.map(({ path }) => path)).toEqual(expected.slice(0, problems.length));
  expect(problems.length).toBeGreaterThanOrEqual(Math.min(20, expected.length));
  expect(problemCount).toBe(expected.length);
});

test('afterwards Redis is as it was and nothing was bought', async () => {
  expect(invalidRequests.length).toBeGreaterThanOrEqual(40);
  expect(Object.keys(before).length, 'there is something to compare').toBeGreaterThan(0);
  expect(await keyspace()).toEqual(before);
  expect((await readBilledTasks(fleet.billFile)).size).toBe(0);
});
