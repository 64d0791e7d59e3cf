import { Redis } from 'ioredis';
import { inject, test } from 'vitest';

test('leaves a connection open', async () => {
  await new Redis(inject('redisUrl')).ping();
});
