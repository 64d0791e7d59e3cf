import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { expect, onTestFinished, test } from 'vitest';
import { reserveFailOverRedis } from '../../src/fleet/fail-over-redis.ts';

async function setup() {
  const dir = await mkdtemp(join(tmpdir(), 'darkroom-fail-over-'));
  const redis = await reserveFailOverRedis(dir);
  await redis.start();
  const connect = (): Redis => {
    const client = new Redis(redis.url, { maxRetriesPerRequest: 1, retryStrategy: () => null });
    client.on('error', () => undefined);
    onTestFinished(() => client.disconnect());
    return client;
  };
  onTestFinished(async () => {
    await redis[Symbol.asyncDispose]();
    await rm(dir, { recursive: true });
  });
  return { redis, connect };
}

test('after a failover an open connection can only read, from the demoted node, and a new one can also write', async () => {
  const { redis, connect } = await setup();
  const standing = connect();
  await standing.set('kept', 'yes');
  const endDemoted = await redis.failOver();
  expect(await standing.get('kept')).toBe('yes');
  await expect(standing.set('kept', 'no')).rejects.toThrow('READONLY');
  const fresh = connect();
  expect(await fresh.get('kept')).toBe('yes');
  expect(await fresh.set('kept', 'still')).toBe('OK');
  await endDemoted();
  expect(await connect().get('kept')).toBe('still');
});

test('a full Redis refuses writes until it has room again', async () => {
  const { redis, connect } = await setup();
  const client = connect();
  const empty = await redis.fill();
  await expect(client.set('one', 'more')).rejects.toThrow('OOM');
  await empty();
  expect(await client.set('one', 'more')).toBe('OK');
});

test('writes survive a kill after a failover', async () => {
  const { redis, connect } = await setup();
  await (
    await redis.failOver()
  )();
  await connect().set('kept', 'yes');
  await redis.kill();
  await redis.start();
  expect(await connect().get('kept')).toBe('yes');
});

test('a replica that is behind lacks the last writes of the old node', async () => {
  const { redis, connect } = await setup();
  const standing = connect();
  let [written, isOver] = [0, false];
  const writing = (async () => {
    while (!isOver)
      await standing.set('count', written + 1).then(
        () => (written += 1),
        () => (isOver = true),
      );
  })();
  await redis.failOver(300);
  isOver = true;
  await writing;
  const kept = Number(await connect().get('count'));
  expect(kept).toBeGreaterThan(0);
  expect(kept).toBeLessThan(written);
});
