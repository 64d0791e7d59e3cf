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

  test('returns after a kill on its port with every acknowledged write', async () => {
    const first = await start();
    await ask(first, (client) => client.set('bought', 'image'));
    await first.kill?.();

    const second = await start({ port: portOf(first) });
    expect(second.url).toBe(first.url);
    expect(second.pid).not.toBe(first.pid);
    expect(await ask(second, (client) => client.get('bought'))).toBe('image');
  });

  test('has ended when a stop resolves, also with two stops at the same time', async () => {
    const redis = await start();
    await Promise.all([redis.stop(), redis.stop()]);
    await redis.stop();
    expect(() => process.kill(redis.pid ?? 0, 0)).toThrow('ESRCH');
  });

  test('does not start on another server’s folder, whose file it would destroy', async () => {
    await start();
    await expect(start({ only: inject('redisKind') })).rejects.toThrow(new RegExp(`process ${process.pid} uses it`));
  });

  test('does not start on a taken port; the error holds the server’s message', async () => {
    const first = await start();
    const other = join(dir, 'other');
    await expect(start({ dir: other, port: portOf(first), only: inject('redisKind') })).rejects.toThrow(/in use/i);
    // The failed start has unlocked the folder.
    await start({ dir: other });
  });

  test('takes over the folder of a dead owner, and does not end a process that is no Redis of this folder', async () => {
    const left = { owner: { pid: process.pid, startedAt: 0 }, programs: [{ pid: process.pid, mark: 'no part of any command line' }] };
    await writeFile(join(dir, 'processes.json'), JSON.stringify(left));
    const redis = await start();
    const { programs } = JSON.parse(await readFile(join(dir, 'processes.json'), 'utf8')) as typeof left;
    expect(programs).toEqual([{ pid: redis.pid, mark: String(portOf(redis)) }]);
  });
});
