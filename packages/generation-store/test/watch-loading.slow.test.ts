import { randomBytes } from 'node:crypto';
import { eventually, reserveRedis, uniquePrefix } from '@darkroom/testing';
import { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { connectPatient, watchConnection } from '../src/index.ts';

test('a Redis that loads its data is told as that, over the reason from before', async () => {
  await using primary = await reserveRedis();
  await using own = await reserveRedis();
  await Promise.all([primary.start(), own.start()]);
  const source = new Redis(primary.url);
  const admin = new Redis(own.url);
  await source.config('SET', 'repl-diskless-sync-delay', '0');
  for (let each = 0; each < 60; each += 1) await source.set(`key${each}`, randomBytes(4000));
  // A replica loads the data of its primary; here so slowly that it is met meanwhile.
  await admin.config('SET', 'key-load-delay', '200000', 'loading-process-events-interval-bytes', '1024');
  await admin.replicaof('127.0.0.1', new URL(primary.url).port);
  await eventually(async () => expect(await admin.info('persistence')).toContain('loading:1'), { withinMs: 10_000 });
  const redis = connectPatient(own.url);
  const watch = watchConnection(redis, { prefix: uniquePrefix(), look: 'ping' });
  try {
    await eventually(() => expect(watch.state()).toMatchObject({ kind: 'lost', trouble: { reason: 'loading' } }), { withinMs: 8000 });
    await admin.config('SET', 'key-load-delay', '0');
    await eventually(() => expect(watch.state()).toMatchObject({ kind: 'usable' }), { withinMs: 20_000 });
  } finally {
    watch.close();
    for (const each of [redis, source, admin]) each.disconnect();
  }
}, 60_000);
