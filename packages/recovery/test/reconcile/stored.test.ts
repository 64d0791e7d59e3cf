import { COMPARED_MS, GENERATION_ID_MAX_AGE_MS } from '@darkroom/contracts';
import { jobIdOf } from '@darkroom/queues';
import { imageKey, intentKey, requestKey, resultKey } from '@darkroom/object-storage';
import { expect, test } from 'vitest';
import { defaultReconcileSettings } from '../../src/index.ts';
import { nextOf, setup, type World } from './world.ts';

/** Takes everything of a generation out of Redis, but for its jobs and money. */
async function forget(world: World, generationId: string): Promise<void> {
  const keys = await world.redis.keys(`${world.prefix}:*${generationId}*`);
  await world.redis.del(...keys);
  await world.redis.zrem(`${world.prefix}:open`, generationId);
}

/** The store of a reconciler whose clock is ahead. */
const ahead =
  (ms: number) =>
  ({ store }: ReturnType<World['reconciler']>) => ({
    store: {
      ...store,
      readKnown: async (...args: Parameters<typeof store.readKnown>) => {
        const known = await store.readKnown(...args);
        return { ...known, now: known.now + ms };
      },
    },
  });

test('purchases that Redis has forgotten are brought back, with their money and their jobs', async () => {
  await using world = await setup();
  const [under, done] = await world.enqueue(2, { idempotencyKey: 'mine' });
  await world.send(under);
  await world.send(done!);
  await world.finish(done!);
  const before = await world.store.find(under.generationId);
  await forget(world, under.generationId);
  await world.settlements.queue.remove(jobIdOf(under));
  const ledger = await world.ledger();
  for (const period of Object.keys(ledger)) await world.redis.del(`${world.prefix}:spend:${period}`);

  expect((await world.pass()).summary).toEqual({ 'intent-without-record': '1 repaired', 'open-images-miscounted': '1 repaired' });
  const after = await world.store.find(under.generationId);
  expect(after).toMatchObject({ status: 'running', costUsd: before?.costUsd, reservedUsd: before?.reservedUsd });
  expect(after?.images.map(({ status }) => status)).toEqual(['open', 'succeeded']);
  expect(await world.ledger()).toEqual(ledger);
  expect(await world.jobOf('settlements', under)).toBe('delayed');
  expect((await world.pass({ isThorough: true })).summary).toEqual({});
});

test('one submission of several that Redis has forgotten is brought back', async () => {
  await using world = await setup();
  const [ref, other] = await world.enqueue(2);
  await world.send(ref);
  await world.send(other!);
  await world.redis.del(world.submissionKey(other!));
  expect((await world.pass()).summary).toMatchObject({ 'intent-without-record': '1 repaired' });
  expect(await world.submission(other!)).toMatchObject({ status: 'committed', held: '1' });
  // What was on hold for it still was, and is held once more: a thorough pass sees both.
  expect((await world.pass({ isThorough: true })).summary).toEqual({ 'ledger-drift': '4 repaired' });
  expect((await world.pass({ isThorough: true })).summary).toEqual({});
});

test('a send that Redis has forgotten is remembered: a settlement looks for its image', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  const planned = await world.submission(ref);
  await world.send(ref);
  await world.redis.del(world.submissionKey(ref));
  await world.redis.hset(world.submissionKey(ref), planned);
  await world.submissions.add([ref]);
  expect((await world.pass()).summary).toEqual({ 'intent-without-record': '1 repaired' });
  expect(await world.submission(ref)).toMatchObject({ status: 'committed' });
  expect(await world.jobOf('settlements', ref)).toBe('delayed');
  expect((await world.pass()).summary).toEqual({});
});

test('a send that was refused and began a new round was not forgotten', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  const { send } = await world.commit(ref);
  await world.store.recordVerdict(ref, send, 'throttled');
  expect((await world.store.find(ref.generationId))?.images[0]?.submissionStatus).toBe('planned');
  expect((await world.pass()).summary).toEqual({});
});

test.each(['succeeded', 'refused', 'lost'] as const)('an end that S3 knows and Redis does not, %s, is booked once', async (how) => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  await world.send(ref);
  if (how === 'succeeded') await world.keep(ref);
  const result = await world.end(ref, how, { forgotten: true });
  expect((await world.pass()).summary).toEqual({ 'result-without-record': '1 repaired' });
  const view = await world.store.find(ref.generationId);
  expect(view?.images[0]?.status).toBe(result.status);
  expect(Number(view?.costUsd) * 1e9).toBe(result.costNanoUsd);
  expect(view?.reservedUsd).toBe('0');
  expect((await world.pass()).summary).toEqual({});
});

test('a proved failure that Redis does not know leads to the next purchase, as ever', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  await world.send(ref);
  await world.end(ref, 'failed', { forgotten: true });
  expect((await world.pass()).summary).toEqual({ 'result-without-record': '1 repaired' });
  expect(await world.submission(nextOf(ref))).toMatchObject({ status: 'planned', held: 'due' });
  expect(await world.jobOf('submissions', nextOf(ref))).toMatch(/waiting|delayed/);
  expect((await world.pass()).summary, 'a hold that is due is not missing').toEqual({});
});

test('a late image that S3 knows and Redis does not amends its generation', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  await world.send(ref);
  await world.finish(ref, 'refused');
  await world.keep(ref);
  await world.end(ref, 'succeeded', { amendment: true, forgotten: true });
  expect((await world.pass()).summary).toEqual({ 'result-without-record': '1 repaired' });
  expect(await world.store.find(ref.generationId)).toMatchObject({ status: 'failed', amended: true, images: [{ status: 'succeeded' }] });
  expect((await world.pass()).summary).toEqual({});
});

test('an end that is told to Redis between the two looks was work in progress', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  await world.send(ref);
  await world.keep(ref);
  const result = await world.end(ref, 'succeeded', { forgotten: true });
  const betweenLooks = async () =>
    void (await world.store.settle(ref, { result, code: '', countsAsFailure: false, mayResubmit: false, maxSubmissions: 2 }));
  expect((await world.pass({ betweenLooks })).summary).toEqual({});
});

test('an end that Redis knows and S3 does not is written to S3', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  await world.send(ref);
  const result = await world.end(ref, 'succeeded');
  await world.keep(ref);
  await world.settlements.queue.remove(jobIdOf(ref));
  await world.removeResult(ref);
  expect((await world.pass()).summary).toEqual({ 'record-without-result': '1 repaired' });
  expect(await world.storage.findResult(ref)).toEqual(result);
  expect((await world.pass()).summary).toEqual({});
});

test('an image that is kept and not recorded wakes the settlement that records it, once that had its time', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  await world.send(ref);
  await world.keep(ref);
  expect((await world.pass()).summary, 'the settlement asks for the facts').toEqual({});
  expect(await world.jobOf('settlements', ref)).toBe('delayed');
  const { patienceMs } = defaultReconcileSettings;
  expect((await world.pass({ parts: ahead(patienceMs + 2000) })).summary).toEqual({ 'image-without-result': '1 repaired' });
  expect(await world.jobOf('settlements', ref)).toBe('waiting');
});

test.each(['refused', 'lost', 'unknown'] as const)(
  'an image that is kept although its purchase ended as %s wakes its settlement',
  async (how) => {
    await using world = await setup();
    const [ref] = await world.enqueue();
    await world.send(ref);
    await world.finish(ref, how);
    await world.keep(ref);
    expect((await world.pass()).summary).toEqual({ 'image-without-result': '1 repaired' });
    expect(await world.jobOf('settlements', ref)).toBe('waiting');
  },
);

test('an image of which there is no record at all is named, and left where it is', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  await forget(world, ref.generationId);
  await world.submissions.queue.remove(jobIdOf(ref));
  await world.keep(ref);
  const pass = await world.pass();
  expect(pass.summary).toMatchObject({ 'image-without-record': '1 named' });
  expect(pass.named).toContainEqual({ kind: 'image-without-record', ...ref });
  expect((await world.storage.readImage(ref, 'JPG')).kind).toBe('found');
});

test('two paid images of one index are named once', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  await world.send(ref);
  await world.finish(ref, 'failed');
  await world.send(nextOf(ref));
  await world.finish(nextOf(ref));
  await world.keep(ref);
  await world.end(ref, 'succeeded', { amendment: true });
  const pass = await world.pass();
  expect(pass.summary).toEqual({ 'second-image': '1 named' });
  expect(pass.named).toEqual([{ kind: 'second-image', ...nextOf(ref) }]);
  expect((await world.pass()).summary, 'once').toEqual({});
});

test('a generation whose time in Redis is over stays gone: its money would be booked twice', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  await world.send(ref);
  await world.finish(ref);
  await forget(world, ref.generationId);
  const ledger = await world.ledger();
  expect((await world.pass({ parts: ahead(COMPARED_MS + GENERATION_ID_MAX_AGE_MS) })).summary).toEqual({});
  expect(await world.store.find(ref.generationId)).toBeUndefined();
  expect(await world.ledger()).toEqual(ledger);
});

test('a generation with a damaged record is named, and the others are repaired', async () => {
  await using world = await setup();
  const [damaged] = await world.enqueue();
  const [sound] = await world.enqueue();
  for (const ref of [damaged, sound]) await world.send(ref);
  await world.plant(intentKey(damaged, 0), 'not JSON');
  for (const { generationId } of [damaged, sound]) await forget(world, generationId);
  const pass = await world.pass();
  expect(pass.summary).toMatchObject({ 'intent-without-record': '1 repaired, 1 named' });
  expect(pass.named[0]).toMatchObject({ generationId: damaged.generationId, detail: expect.stringContaining('it is not JSON') });
  expect(await world.store.find(sound.generationId)).toBeDefined();
});

test('an image that Redis shows as kept and S3 lacks is named on request, with the state of its records, and nothing is bought again', async () => {
  await using world = await setup();
  const [there, gone] = await world.enqueue(2);
  const [[whole], [erased]] = [await world.enqueue(1), await world.enqueue(1)];
  for (const ref of [there, gone!, whole, erased]) {
    await world.send(ref);
    await world.finish(ref);
  }
  // Redis shows it as erased, and its list as kept.
  await world.removeObject(imageKey(erased, 'JPG'));
  await world.redis.hset(world.generationKey(erased), 'erasedAt', Date.now());
  await world.redis.del(`${world.generationKey(erased)}:request`);
  await expect(world.store.find(erased.generationId)).rejects.toMatchObject({ code: 'generation.erased' });
  for (const { generationId, index, n } of [gone!, whole]) await world.removeObject(imageKey({ generationId, index, n }, 'JPG'));
  for (const key of [intentKey(whole, 0), resultKey(whole), requestKey(whole.generationId)]) await world.removeObject(key);
  expect((await world.pass({ isThorough: true })).summary).not.toHaveProperty('image-missing');
  const before = await world.everything();
  const { named } = await world.pass({ isThorough: true, withImages: true });
  expect(named.filter(({ kind }) => kind === 'image-missing').toSorted((a, b) => String(a.detail).localeCompare(String(b.detail)))).toEqual(
    [
      { kind: 'image-missing', generationId: gone!.generationId, index: 1, detail: 'S3 has its records' },
      { kind: 'image-missing', generationId: whole.generationId, index: 0, detail: 'S3 lacks its records, too' },
    ],
  );
  expect(await world.everything()).toEqual(before);
});

test('a pass of an operator names every missing image each time, Redis keeps some, and the log of the workers still tells its own', async () => {
  await using world = await setup();
  const all = await Promise.all(Array.from({ length: 3 }, () => world.enqueue(9)));
  for (const ref of all.flat()) {
    await world.send(ref);
    await world.finish(ref);
    await world.removeObject(imageKey(ref, 'JPG'));
  }
  const parts = ({ around: { note: _, ...around } }: ReturnType<World['reconciler']>) => ({ around });
  for (let pass = 0; pass < 2; pass += 1) {
    const { named } = await world.pass({ isThorough: true, withImages: true, parts });
    expect(named.filter(({ kind }) => kind === 'image-missing')).toHaveLength(27);
  }
  const { store } = world.reconciler();
  expect((await store.findLastPass())?.named).toHaveLength(20);
  expect(await store.readNamed()).toEqual(new Set());
});

test('a pass beside a rebuild that still reads looks at no image, and says so', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  await world.send(ref);
  await world.finish(ref);
  await world.removeObject(imageKey(ref, 'JPG'));
  await world.redis.hset(`${world.prefix}:reading`, { id: 'a', epoch: 'b' });
  expect(await world.pass({ isThorough: true, withImages: true })).toMatchObject({ outcome: 'whole', withoutImages: true });
});
