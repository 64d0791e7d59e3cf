import { createGenerationId, parseGrokImagineRequest } from '@darkroom/contracts';
import { jobIdOf } from '@darkroom/queues';
import { createLogger } from '@darkroom/service-runtime';
import { eventually } from '@darkroom/testing';
import { expect, inject, onTestFinished, test } from 'vitest';
import { followEnds } from '../src/follow-ends.ts';
import { IMAGE_NANO_USD, openStore } from './open-store.ts';

const DAY_MS = 86_400_000;

test('an order that is cancelled before its time leaves no job in the queue, and others keep theirs', async () => {
  const world = await openStore(inject('redisUrl'));
  onTestFinished(() => world.close());
  const request = parseGrokImagineRequest({ positivePrompt: 'a red door', numberResults: 2 });
  const order = async (runAt: number) => {
    const generationId = createGenerationId(Date.now());
    await world.store.enqueue({ generationId, tenant: 'default', request, imageNanoUsd: IMAGE_NANO_USD, runAt });
    const refs = [0, 1].map((index) => ({ generationId, index, n: 1 }));
    await world.submissions.add(refs, DAY_MS);
    return { generationId, jobs: refs.map(jobIdOf).toSorted() };
  };
  const now = await world.store.readTime();
  const [cancelled, kept, due] = [await order(now + DAY_MS), await order(now + DAY_MS), await order(now)];
  let log = '';
  const ends = followEnds(
    world.store,
    world.submissions,
    createLogger({ name: 'test', level: 'info' }, { write: (line) => (log += line) }),
  );
  onTestFinished(() => ends.stop());
  await ends.start();

  for (const { generationId } of [cancelled, due]) await world.store.cancel(generationId);
  await eventually(() => expect(log.split('\n').filter((line) => line.includes('generation.ended'))).toHaveLength(2));
  const delayed = async () => (await world.submissions.queue.getDelayed()).map(({ id }) => id).toSorted();
  // a due job runs at once, and its worker ends it
  await eventually(async () => expect(await delayed()).toEqual([...kept.jobs, ...due.jobs].toSorted()));
});
