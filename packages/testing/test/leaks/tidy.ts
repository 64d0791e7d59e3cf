import { Redis } from 'ioredis';
import { createServer } from 'node:net';
import { inject, test } from 'vitest';

test('closes what it opens', async () => {
  const redis = new Redis(inject('redisUrl'));
  await redis.ping();
  redis.disconnect();
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  server.close();
  clearInterval(setInterval(() => undefined, 60_000));
});
