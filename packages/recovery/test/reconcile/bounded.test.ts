import { createGenerationId, taskUuidOf } from '@darkroom/contracts';
import type { PassProgress } from '@darkroom/generation-store';
import { photograph } from '@darkroom/testing';
import { expect, test } from 'vitest';
import type { Reconciler } from '../../src/index.ts';
import { setup } from './world.ts';

/** No time is left after the first page. */
const ONE_PAGE = { openMs: -1, storedMs: -1 };

test('a pass looks at what is open and at S3 for a bounded time, and the next one goes on there', async () => {
  await using world = await setup();
  const refs = (await Promise.all(Array.from({ length: 105 }, () => world.enqueue()))).map(([ref]) => ref);
  await Promise.all(refs.map((ref) => world.send(ref)));
  const passes = [];
  for (let at = 0; at < 3; at += 1) passes.push(await world.pass({ settings: ONE_PAGE }));
  expect(passes.map(({ open, stored, outcome }) => ({ open, stored, outcome }))).toEqual([
    { open: 100, stored: 100, outcome: 'whole' },
    { open: 5, stored: 5, outcome: 'whole' },
    { open: 100, stored: 100, outcome: 'whole' },
  ]);
  expect(await world.pass({ settings: ONE_PAGE, isThorough: true }), 'told to look at everything').toMatchObject({
    open: 105,
    stored: 105,
  });
});

test('a pass tells how far it is, in Redis and in words, until it is over', async () => {
  await using world = await setup();
  await world.enqueue();
  const told: PassProgress[] = [];
  const seen: unknown[] = [];
  let time = Date.now();
  const parts = ({ around, archive }: Reconciler) => ({
    // Each look at the clock is ten seconds later.
    around: { ...around, now: () => (time += 10_000), progress: (progress: PassProgress) => void told.push(progress) },
    archive: {
      ...archive,
      listUploads: async function* () {
        seen.push(await world.store.findPassProgress());
        yield* archive.listUploads();
      },
    },
  });
  await world.pass({ parts });
  expect(told.length).toBeGreaterThan(0);
  expect(told.at(-1)).toMatchObject({ open: 1 });
  expect(seen).toEqual([expect.objectContaining({ startedAt: told[0]?.startedAt })]);
  expect(await world.store.findPassProgress()).toBeUndefined();
});

test('uploads beyond those that fit into memory are looked for by the passes that come', async () => {
  await using world = await setup();
  const refs = await world.enqueue(5);
  for (const ref of refs) {
    await world.send(ref);
    await world.upload(ref);
    await world.finish(ref);
  }
  const stays = createGenerationId(Date.now());
  await world.s3.put(`staging/${taskUuidOf({ generationId: stays, index: 0, n: 1 })}`, 'of a day that is not compared');
  const settings = { maxUploads: 2, tidyAfterMs: -1000 };
  let tidied = 0;
  for (let at = 0; at < 3; at += 1) tidied += (await world.pass({ settings })).findings['staging-left']?.repaired ?? 0;
  expect(tidied).toBe(5);
});

test('a pass compares a generation that was bought long after its creation with S3, while it is open and for some days after', async () => {
  await using world = await setup();
  const [forgotten] = await world.enqueue();
  const goBack = await photograph(world);
  await world.send(forgotten);
  await goBack();
  const [lost] = await world.enqueue();
  await world.send(lost);
  await world.finish(lost);
  await world.redis.del(world.generationKey(lost), world.submissionKey(lost));
  // No day of creation is compared: both lie under an older date, and what was bought lately was bought from tomorrow on.
  const lately = Date.now() + 2 * 86_400_000;
  await world.redis.zadd(`${world.prefix}:bought`, lately, lost.generationId, 1, createGenerationId(Date.now()));
  const settings = { days: 0 };
  expect((await world.pass({ settings })).summary, 'but once an hour').toEqual({});
  const { summary } = await world.pass({ settings, isThorough: true });
  expect(summary['intent-without-record']).toBe('2 repaired');
  expect(await world.submission(forgotten)).toMatchObject({ status: 'committed' });
  expect(await world.submission(lost)).toMatchObject({ status: 'succeeded' });
  expect(await world.redis.zrange(`${world.prefix}:bought`, '0', '-1'), 'what was bought long ago is forgotten').toEqual([
    lost.generationId,
  ]);
});
