import { createGenerationId } from '@darkroom/contracts';
import { eventLogKey } from '@darkroom/generation-store';
import { createEvents } from '@darkroom/producer';
import { eventually, reserveRedis, startSwitchingProxy, uniquePrefix } from '@darkroom/testing';
import { Redis } from 'ioredis';
import { expect, test } from 'vitest';

test('a consumer leaves a primary that was isolated: it answers for good, and hears nothing', async () => {
  await using old = await reserveRedis();
  await using next = await reserveRedis();
  await Promise.all([old.start(), next.start()]);
  await using proxy = await startSwitchingProxy(old.url);
  const prefix = uniquePrefix();
  const [before, after] = [new Redis(old.url), new Redis(next.url)];
  const events = createEvents({ redisUrl: proxy.url, prefix, group: 'mail', from: 'oldest' });
  const heard: string[] = [];
  const reading = (async () => {
    for await (const event of events) heard.push(event.event);
  })();
  try {
    const tell = (redis: Redis, event: string) =>
      redis.xadd(
        eventLogKey(prefix),
        '*',
        'event',
        event,
        'id',
        createGenerationId(Date.now()),
        'at',
        Date.now(),
        'revision',
        3,
        'tenant',
        'acme',
      );
    await Promise.all([before, after].map((redis) => redis.set(`${prefix}:epoch`, 'epoch-1')));
    await tell(before, 'generation.succeeded');
    await eventually(() => expect(heard).toEqual(['generation.succeeded']), { withinMs: 10_000 });
    proxy.moveTo(next.url);
    await tell(after, 'generation.failed');
    await eventually(() => expect(heard).toEqual(['generation.succeeded', 'generation.failed']), { withinMs: 30_000 });
  } finally {
    await events.close();
    await reading;
    before.disconnect();
    after.disconnect();
  }
});
