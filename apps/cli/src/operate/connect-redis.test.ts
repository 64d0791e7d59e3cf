import { reserveRedis } from '@darkroom/testing';
import { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { connectRedis } from './connect-redis.ts';

const connectTo = (url: string) => connectRedis({ environment: { REDIS_URL: url }, dataDir: undefined, root: '/nowhere' });

test('the error about a Redis that refuses gives its reason, and neither the password nor the advice to start one', async () => {
  await using own = await reserveRedis();
  await using primary = await reserveRedis();
  await Promise.all([own.start(), primary.start()]);
  const admin = new Redis(own.url);
  await admin.call('ACL', 'SETUSER', 'operator', 'on', '>right', '~*', '&*', '+@all');
  const wrong = connectTo(own.url.replace('redis://', 'redis://operator:wrong-one@'));
  await expect(wrong).rejects.toThrow(/cannot be used \(unauthenticated\): WRONGPASS[^]*correct user and password/);
  await expect(wrong).rejects.not.toThrow(/wrong-one|npm start/);
  await expect(connectTo(`${own.url}/999`)).rejects.toThrow('wrong-database');
  await admin.replicaof('127.0.0.1', Number(new URL(primary.url).port));
  await expect(connectTo(own.url)).rejects.toThrow(/read-only[^]*must lead to the primary/);
  admin.disconnect();
  await own.stop();
  await expect(connectTo(own.url)).rejects.toThrow(/does not answer \(refused\); run `npm start` here/);
});
