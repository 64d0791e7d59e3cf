import { QueueUnavailableError } from '@darkroom/contracts';
import { buildGenerationStore, defaultRetention } from '@darkroom/generation-store';
import { createProducer, createWebhookEndpoints, type Producer } from '@darkroom/producer';
import { uniquePrefix } from '@darkroom/testing';
import { Redis } from 'ioredis';
import { expect, inject, onTestFinished, test } from 'vitest';
import { enqueueOnce, followOrder } from '../src/images/insist.ts';
import { untilRecorded } from '../src/webhooks/until-done.ts';

const request = { positivePrompt: 'a lighthouse' };
const insisting = { signal: new AbortController().signal, restMs: 0 };

async function setup() {
  const [redisUrl, prefix] = [inject('redisUrl'), uniquePrefix()];
  const redis = new Redis(redisUrl);
  const store = buildGenerationStore({ prefix, retention: defaultRetention, pollRate: { perSecond: 1, burst: 1 } }, redis);
  await store.setCaps({ allPerDay: 1_000_000_000 });
  await store.initialise('epoch');
  const producer = createProducer({ redisUrl, prefix });
  const endpoints = createWebhookEndpoints({ redisUrl, prefix, allowLoopback: true });
  onTestFinished(async () => {
    await Promise.all([producer.close(), endpoints.close()]);
    redis.disconnect();
  });
  return { producer, endpoints, redis, prefix };
}

/** Loses the answers to the first calls. @param reached What their errors say. */
const losing = ({ enqueue }: Producer, count: number, reached: 'no' | 'maybe'): Pick<Producer, 'enqueue'> => {
  let left = count;
  return {
    async enqueue(...call) {
      left -= 1;
      if (left < 0) return enqueue(...call);
      const { generationId } = reached === 'no' ? { generationId: 'never' } : await enqueue(...call);
      throw new QueueUnavailableError('lost', { reached, generationId });
    },
  };
};

test('an order that may have arrived is sent again under its id, and one that did not is not', async () => {
  const { producer } = await setup();
  const { generationId, created } = await enqueueOnce(losing(producer, 2, 'maybe'), request, {}, insisting);
  expect(created).toBe(true);
  const list = async () => (await producer.list()).generations.map((each) => each.generationId);
  expect(await list()).toEqual([generationId]);
  await expect(enqueueOnce(losing(producer, 1, 'no'), request, {}, insisting)).rejects.toMatchObject({ message: 'lost' });
  const never = enqueueOnce(losing(producer, Infinity, 'maybe'), request, {}, insisting);
  await expect(never).rejects.toThrow(/may be queued.*darkroom show [0-9a-f-]{36} tells/);
  expect(await list()).toHaveLength(2);
});

test('an order is followed through an outage, and made again if Redis has lost it', async () => {
  const { producer, redis, prefix } = await setup();
  const { generationId } = await producer.enqueue(request);
  await redis.del(`${prefix}:generation:${generationId}`);
  let isAway = true;
  const watch: Producer['watch'] = (...call) => {
    if (!isAway) return producer.watch(...call);
    isAway = false;
    throw new QueueUnavailableError('away', { reached: 'no' });
  };
  const again = async (id: string) => (await producer.enqueue(request, { generationId: id })).generationId;
  const seen: string[] = [];
  for await (const { status } of followOrder({ watch }, generationId, again, insisting)) {
    seen.push(status);
    if (status === 'queued') await producer.cancel(generationId);
  }
  expect(seen).toEqual(['queued', 'cancelled']);
  const gone = followOrder({ watch: () => producer.watch('no-id') }, generationId, () => Promise.reject(new Error('again')), insisting);
  await expect(gone.next()).rejects.toThrow('again');
});

test('a change of a webhook endpoint that Redis loses is not said to be recorded', async () => {
  const { endpoints, redis, prefix } = await setup();
  const { endpointId } = await endpoints.create({ url: 'http://127.0.0.1:9/hook' });
  const key = (await redis.keys(`${prefix}:*${endpointId}*`))[0] ?? '';
  const before = await redis.dumpBuffer(key);
  const rotated = await endpoints.rotateSecret(endpointId);
  await redis.hset(key, 'isRecorded', 1);
  expect(await untilRecorded(endpoints, rotated)).toBe('recorded');
  await redis.restore(key, 0, before, 'REPLACE');
  await redis.hset(key, 'isRecorded', 1);
  expect(await untilRecorded(endpoints, rotated)).toBe('changed');
});
