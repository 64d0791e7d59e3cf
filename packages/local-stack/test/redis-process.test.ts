import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest';
import { startRedis, type LocalRedis, type StartRedisOptions } from '../src/index.ts';

const cacheDir = fileURLToPath(new URL('../../../.local', import.meta.url));

let dir: string;
const started: LocalRedis[] = [];
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'local-stack-redis-'));
});
afterEach(async () => {
  for (const redis of started.splice(0)) await redis.stop();
  await rm(dir, { recursive: true });
});

async function start(more: Partial<StartRedisOptions> = {}): Promise<LocalRedis> {
  const redis = await startRedis({ dir, cacheDir, environment: process.env, ...more });
  started.push(redis);
  return redis;
}

async function ask<T>({ url }: LocalRedis, question: (client: Redis) => Promise<T>): Promise<T> {
  const client = new Redis(url);
  try {
    return await question(client);
  } finally {
    client.disconnect();
  }
}

const portOf = ({ url }: LocalRedis): number => Number(new URL(url).port);

describe.skipIf(inject('redisKind') === 'js')('a Redis in a process of its own (needs valkey, redis or Debian packages)', () => {
  test('listens on loopback, evicts nothing, and writes every command to the disk', async () => {
    const redis = await start();
    expect(redis.durable).toBe(true);
    expect(redis.detail).toMatch(/^(redis|valkey) \d+\.\d+/);
    const settings = await ask(redis, (client) => client.config('GET', 'bind', 'maxmemory-policy', 'appendonly', 'appendfsync'));
    expect(settings).toEqual(expect.arrayContaining(['127.0.0.1', 'noeviction', 'yes', 'always']));
  });

  test('that is killed comes back on its port with everything it acknowledged', async () => {
    const first = await start();
    await ask(first, (client) => client.set('bought', 'image'));
    process.kill(first.pid ?? 0, 'SIGKILL');
    await first.stop();

    const second = await start({ port: portOf(first) });
    expect(second.url).toBe(first.url);
    expect(second.pid).not.toBe(first.pid);
    expect(await ask(second, (client) => client.get('bought'))).toBe('image');
  });

  test('that is stopped has ended when the stop is over, also twice and at the same moment', async () => {
    const redis = await start();
    await Promise.all([redis.stop(), redis.stop()]);
    await redis.stop();
    expect(() => process.kill(redis.pid ?? 0, 0)).toThrow('ESRCH');
  });

  test('is not started on the folder of another, which would destroy its file', async () => {
    await start();
    await expect(start({ only: inject('redisKind') })).rejects.toThrow(new RegExp(`process ${process.pid} uses it`));
  });

  test('is not started on a port that is taken; the error holds what the server said', async () => {
    const first = await start();
    const other = join(dir, 'other');
    await expect(start({ dir: other, port: portOf(first), only: inject('redisKind') })).rejects.toThrow(/in use/i);
    // The folder was given free.
    await start({ dir: other });
  });

  test('takes over the folder of an owner that is dead, and leaves a process alone that is no Redis of this folder', async () => {
    await writeFile(join(dir, 'owner.json'), JSON.stringify({ pid: process.pid, startedAt: 0 }));
    await writeFile(join(dir, 'server.json'), JSON.stringify({ pid: process.pid, url: inject('redisUrl') }));
    const redis = await start();
    expect(JSON.parse(await readFile(join(dir, 'server.json'), 'utf8'))).toEqual({ pid: redis.pid, url: redis.url });
  });
});
