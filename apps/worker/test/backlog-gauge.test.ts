import { createGenerationId } from '@darkroom/contracts';
import { createMetrics } from '@darkroom/service-runtime';
import { expect, inject, onTestFinished, test } from 'vitest';
import { addQueueGauges } from '../src/metrics/queue-gauges.ts';
import { openStore } from './open-store.ts';

const HOUR_MS = 3_600_000;

test('the number for autoscaling counts what may be sent now: prioritized and due jobs, not delayed ones, and none while buying is paused', async () => {
  const world = await openStore(inject('redisUrl'));
  onTestFinished(() => world.close());
  let now = Date.now();
  const metrics = createMetrics({ process: 'worker' });
  addQueueGauges(metrics, { ...world, connection: world.redis, now: () => now });
  const backlog = async (): Promise<string | undefined> => /^darkroom_backlog\S* (.*)$/m.exec((await metrics.render()).text)?.[1];
  const refs = (count: number) =>
    Array.from({ length: count }, (_, index) => ({ generationId: createGenerationId(Date.now()), index, n: 1 }));

  expect(await backlog()).toBe('0');
  await world.submissions.add(refs(4), HOUR_MS);
  expect(await backlog(), 'delayed').toBe('0');
  await world.submissions.queue.add('submit', {}, { priority: 3 });
  await world.submissions.add(refs(2));
  expect(await backlog(), 'prioritized and waiting').toBe('3');
  now += HOUR_MS + 1000;
  expect(await backlog(), 'due, and no worker has moved them').toBe('7');
  await world.store.pauseBuying({ kind: 'operator', reason: 'a test', since: 0 });
  expect(await backlog(), 'paused').toBe('0');
  await world.store.resumeBuying(['operator']);
  expect(await backlog(), 'resumed').toBe('7');
});
