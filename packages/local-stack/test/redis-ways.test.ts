import { once } from 'node:events';
import { connect } from 'node:net';
import { Redis } from 'ioredis';
import { LocalStackError } from '@darkroom/contracts';
import { describe, expect, inject, test } from 'vitest';
import { freePort, startRedis } from '../src/index.ts';

const nothing = { dir: '/nonexistent/data', cacheDir: '/nonexistent/cache', environment: {} };

describe('a Redis given by URL', () => {
  test('is used, and keeps running', async () => {
    const redis = await startRedis({ ...nothing, url: inject('redisUrl') });
    expect(redis).toMatchObject({ kind: 'url', url: inject('redisUrl'), durable: true });
    await redis.stop();
    await redis.stop();
    const client = new Redis(inject('redisUrl'));
    expect(await client.ping()).toBe('PONG');
    await client.quit();
  });

  test('is asked with the user, password and database of its address', async () => {
    const admin = new Redis(inject('redisUrl'));
    await admin.call('ACL', 'SETUSER', 'stack-test', 'on', '>p%41/?', '+@all', '~*');
    const url = `redis://stack-test:${encodeURIComponent('p%41/?')}@127.0.0.1:${new URL(inject('redisUrl')).port}/3`;
    try {
      expect(await startRedis({ ...nothing, url })).toMatchObject({ kind: 'url', url });
      await expect(startRedis({ ...nothing, url: url.replace('stack-test:', 'stack-test:x') })).rejects.toThrow('does not answer');
    } finally {
      await admin.call('ACL', 'DELUSER', 'stack-test');
      await admin.quit();
    }
  });

  test('has no replacement when it does not answer, and the error hides its password', async () => {
    const url = `redis://user:secret@127.0.0.1:${await freePort()}`;
    const failure: unknown = await startRedis({ ...nothing, url }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(LocalStackError);
    expect(String(failure)).toContain('does not answer');
    expect(String(failure)).not.toContain('secret');
  });
});

test('a given binary that does not run is an error', async () => {
  await expect(startRedis({ ...nothing, binary: '/nonexistent/redis-server' })).rejects.toThrow(
    /"\/nonexistent\/redis-server" does not run/,
  );
});

describe('the Redis in JavaScript', () => {
  test('says that it keeps no data, works, and is gone after a stop', async () => {
    const redis = await startRedis({ ...nothing, only: 'js' });
    try {
      expect(redis).toMatchObject({ kind: 'js', durable: false, notice: expect.stringContaining('keeps nothing') });
      const client = new Redis(redis.url);
      await client.set('key', 'value');
      expect(await client.eval('return redis.call("GET", KEYS[1])', 1, 'key')).toBe('value');
      client.disconnect();
    } finally {
      await Promise.all([redis.stop(), redis.stop()]);
    }
    await expect(startRedis({ ...nothing, url: redis.url })).rejects.toThrow('does not answer');
  });

  // 127.0.0.2 reaches a server that listens on every interface, and none that listens only on 127.0.0.1.
  test.skipIf(process.platform !== 'linux')('listens only on loopback', async () => {
    const redis = await startRedis({ ...nothing, only: 'js' });
    try {
      const socket = connect(Number(new URL(redis.url).port), '127.0.0.2');
      await expect(once(socket, 'connect')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    } finally {
      await redis.stop();
    }
  });
});
