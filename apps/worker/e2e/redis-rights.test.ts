import { readFile } from 'node:fs/promises';
import { createProducer } from '@darkroom/producer';
import { startFleet } from '@darkroom/testing';
import { Redis } from 'ioredis';
import { expect, onTestFinished, test } from 'vitest';

test('worker, receiver and producer need no right that infra/redis/darkroom.acl does not name', async () => {
  const file = await readFile(new URL('../../../infra/redis/darkroom.acl', import.meta.url), 'utf8');
  const [, , ...rules] = file.trim().split(/\s+/);
  let address = '';
  const fleet = await startFleet({
    redisAddress: async (url) => {
      const admin = new Redis(url);
      await admin.call('ACL', 'SETUSER', 'darkroom', ...rules);
      admin.disconnect();
      address = url.replace('redis://', 'redis://darkroom:CHANGE-ME@');
      return address;
    },
  });
  const admin = new Redis(fleet.redisUrl);
  const producer = createProducer({ redisUrl: address, prefix: fleet.prefix });
  onTestFinished(async () => {
    await producer.close();
    admin.disconnect();
    await fleet.stop();
  });
  const { generationId } = await producer.enqueue({ positivePrompt: 'a lighthouse at dusk', width: 1280, height: 896 });
  expect(await producer.wait(generationId)).toMatchObject({ status: 'succeeded' });
  await producer.cancel(generationId);
  expect(await admin.call('ACL', 'LOG'), 'denials').toEqual([]);
});
