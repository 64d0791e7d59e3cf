import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { taskUuidOf } from '@darkroom/contracts';
import { startRedis } from '@darkroom/local-stack';
import { Redis } from 'ioredis';
import { expect, onTestFinished, test } from 'vitest';
import { cloneImage } from '../src/made/clone-image.ts';
import { repositoryRoot } from '../src/repository-root.ts';

const generationId = '019a0000-0000-7000-8000-000000000001';
const taskUUID = taskUuidOf({ generationId, index: 0, n: 1 });
const CREATED_AT = 1_790_000_000_000;

async function setup() {
  const directory = await mkdtemp(join(tmpdir(), 'clone-image-'));
  const server = await startRedis({ dir: directory, cacheDir: join(repositoryRoot, '.local'), environment: { PATH: process.env['PATH'] } });
  const redis = new Redis(server.url);
  onTestFinished(async () => {
    redis.disconnect();
    await server.stop();
    await rm(directory, { recursive: true, force: true });
  });
  return redis;
}

test('a clone has its own keys and its place in each index, an earlier time for each, and no job that wakes', async () => {
  const redis = await setup();
  await redis.hset(`generation:${generationId}`, { id: generationId, createdAt: CREATED_AT, images: 1 });
  await redis.expire(`generation:${generationId}`, 1000);
  await redis.hset(`settlements:${taskUUID}`, { data: JSON.stringify({ generationId, index: 0 }) });
  await redis.zadd('list', CREATED_AT, generationId);
  const delayed = (Date.now() + 20_000) * 4096;
  await redis.zadd('settlements:delayed', delayed, taskUUID);
  await redis.hset('ledger', 'reserved', 7);

  const clones = [
    ...(await cloneImage(redis, { generationId, taskUUID }, 2)),
    ...(await cloneImage(redis, { generationId, taskUUID }, 1, 2)),
  ];

  expect(await redis.zcard('list')).toBe(4);
  for (const [at, clone] of clones.entries()) {
    expect(clone.taskUUID).toBe(taskUuidOf({ generationId: clone.generationId ?? '', index: 0, n: 1 }));
    expect(await redis.hgetall(`generation:${clone.generationId}`)).toEqual({
      id: clone.generationId,
      createdAt: String(CREATED_AT - at),
      images: '1',
    });
    expect(await redis.ttl(`generation:${clone.generationId}`)).toBeGreaterThan(900);
    expect(await redis.hget(`settlements:${clone.taskUUID}`, 'data')).toContain(clone.generationId);
    expect(await redis.zscore('list', clone.generationId ?? '')).toBe(String(CREATED_AT - at));
    expect(Number(await redis.zscore('settlements:delayed', clone.taskUUID))).toBe(delayed + 86_400_000 * 4096);
  }
  expect(await redis.hgetall('ledger')).toEqual({ reserved: '7' });
});
