import { randomUUID } from 'node:crypto';
import { ForeignBucketError, STORED_FORMAT, type Owner } from '@darkroom/contracts';
import { buildGenerationStore, defaultRetention } from '@darkroom/generation-store';
import { uniquePrefix } from '@darkroom/testing';
import { expect, onTestFinished, test } from 'vitest';
import { checkOwner, openOwnedStore, takeOverBucket, type Owning } from '../src/index.ts';
import { startWorld, type World } from './world.ts';

const noSettings = async (): Promise<void> => {};

async function setup() {
  const world = await startWorld();
  onTestFinished(() => world.stop());
  const owning: Owning = { store: world.store, archive: world.storage, prefix: world.prefix, createId: randomUUID };
  return { world, owning };
}

/** The store of another prefix in the same Redis, on the bucket of a world or of its own. */
function another({ redis, storage }: World, prefix = uniquePrefix()): Owning {
  const store = buildGenerationStore({ prefix, retention: defaultRetention, pollRate: { perSecond: 1, burst: 1 } }, redis);
  return { store, archive: storage, prefix, createId: randomUUID };
}

const why = async (attempt: Promise<unknown>): Promise<string> => {
  const error = await attempt.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ForeignBucketError);
  expect(error).toMatchObject({ code: 'store.foreign-bucket', retryable: false });
  return error instanceof Error ? error.message : '';
};

test('a new store writes its owner into the bucket before its epoch, and both know one id', async () => {
  const { world, owning } = await setup();
  const opened = await openOwnedStore(owning, noSettings);
  const owner = await world.storage.findOwner();
  expect(opened).toEqual({ kind: 'open', ownerId: owner?.id, isNew: true });
  expect(owner).toMatchObject({ version: 1, prefix: world.prefix, epoch: (await world.store.readOwnership()).epoch });
  expect(await checkOwner(owning)).toEqual({ kind: 'belongs', ownerId: owner?.id });
  expect(await openOwnedStore(owning, noSettings)).toMatchObject({ kind: 'open', isNew: false });
});

test('one of many workers that start at once opens the store, and all agree on its owner', async () => {
  const { owning } = await setup();
  const opened = await Promise.all(Array.from({ length: 12 }, () => openOwnedStore(owning, noSettings)));
  expect(opened.filter((each) => each.kind === 'open' && each.isNew)).toHaveLength(1);
  expect(new Set(opened.map((each) => (each.kind === 'open' ? each.ownerId : 'closed'))).size).toBe(1);
});

test.each(['the claim', 'the owner'])('a worker that dies after it wrote %s is followed by one that opens the store', async (written) => {
  const { world, owning } = await setup();
  const died = new Error('died');
  const dying: Owning =
    written === 'the claim'
      ? { ...owning, archive: { ...owning.archive, recordOwner: () => Promise.reject(died) } }
      : { ...owning, store: { ...owning.store, initialise: () => Promise.reject(died) } };
  await expect(openOwnedStore(dying, noSettings)).rejects.toBe(died);
  expect((await world.store.readOwnership()).epoch).toBeUndefined();
  expect(await openOwnedStore(owning, noSettings)).toMatchObject({ kind: 'open', isNew: true });
  expect(await checkOwner(owning)).toMatchObject({ kind: 'belongs' });
});

test('a second prefix on the bucket of the first is refused, whether its Redis is new or its own', async () => {
  const { world, owning } = await setup();
  await openOwnedStore(owning, noSettings);
  const other = another(world);
  expect(await why(openOwnedStore(other, noSettings))).toContain('each prefix needs a bucket of its own');
  expect(await why(takeOverBucket(other))).toContain('each prefix needs a bucket of its own');
  await other.store.initialise('epoch', randomUUID());
  expect(await why(checkOwner(other))).toContain(`the prefix "${world.prefix}"`);
});

test('another bucket is refused: one without an owner, an emptied one, and one of another Darkroom with the same prefix', async () => {
  const { world, owning } = await setup();
  await openOwnedStore(owning, noSettings);
  const otherWorld = await startWorld();
  onTestFinished(() => otherWorld.stop());
  const elsewhere: Owning = { ...owning, archive: otherWorld.storage };
  expect(await why(checkOwner(elsewhere))).toContain('the bucket holds no settings/owner.json');
  const foreign: Owner = { version: 1, id: randomUUID(), prefix: world.prefix, at: 1, epoch: 'other' };
  await otherWorld.storage.recordOwner(foreign);
  expect(await why(openOwnedStore(elsewhere, noSettings))).toContain(foreign.id);
});

test('an emptied Redis is opened by a rebuild alone, which takes over the owner of the bucket', async () => {
  const { world, owning } = await setup();
  const opened = await openOwnedStore(owning, noSettings);
  await world.wipe();
  expect(await openOwnedStore(owning, noSettings)).toEqual({ kind: 'closed' });
  expect(await takeOverBucket(owning)).toBe(opened.kind === 'open' ? opened.ownerId : '');
});

test('an emptied Redis and an empty wrong bucket are no new store for a process that is bound to one', async () => {
  const { world, owning } = await setup();
  const darkroomId = randomUUID();
  const bound: Owning = { ...owning, darkroomId };
  expect(await openOwnedStore(bound, noSettings)).toEqual({ kind: 'closed' });
  expect(await world.storage.findOwner()).toBeUndefined();
  expect(await why(takeOverBucket(bound))).toContain('the bucket holds no settings/owner.json');
  await openOwnedStore(owning, noSettings);
  expect(await why(checkOwner(bound))).toContain(`DARKROOM_ID names ${darkroomId}`);
  const { ownerId = '' } = await world.store.readOwnership();
  expect(await checkOwner({ ...owning, darkroomId: ownerId })).toEqual({ kind: 'belongs', ownerId });
});

test('an open store of an earlier version takes the bucket of its purchases once', async () => {
  const { world, owning } = await setup();
  await world.begin();
  const [ref] = await world.enqueue();
  await world.send(ref);
  const all = await Promise.all(Array.from({ length: 6 }, () => checkOwner(owning)));
  const ids = new Set(all.map((each) => (each.kind === 'belongs' ? each.ownerId : '')));
  expect(ids.size).toBe(1);
  expect((await world.storage.findOwner())?.id).toBe([...ids][0]);
  // Redis goes back to before it knew its owner.
  await world.redis.del(`${world.prefix}:owner`);
  expect(await checkOwner(owning)).toEqual({ kind: 'belongs', ownerId: [...ids][0] });
});

test('an open store of an earlier version does not take a bucket that lacks its purchases, or holds those of another', async () => {
  const { world, owning } = await setup();
  await world.begin();
  const [ref] = await world.enqueue();
  await world.send(ref);
  const otherWorld = await startWorld();
  onTestFinished(() => otherWorld.stop());
  expect(await why(checkOwner({ ...owning, archive: otherWorld.storage }))).toContain('the bucket holds no record of it');
  expect(await otherWorld.storage.findOwner()).toBeUndefined();

  const idle = another(world);
  await idle.store.initialise('other');
  // The number of the format of a bucket that is not its own says nothing of this Redis.
  await world.plant(`settings/format/${STORED_FORMAT}.json`, '{}');
  await world.redis.set(`${idle.prefix}:format`, '0');
  expect(await why(checkOwner(idle))).toContain(`the bucket holds records of the generation ${ref.generationId}`);
  expect(await world.redis.get(`${idle.prefix}:format`)).toBe('0');
  expect(await world.storage.findOwner()).toBeUndefined();
});

test('an open store of an earlier version that has spent does not take an empty bucket', async () => {
  const { world, owning } = await setup();
  await world.begin();
  const [ref] = await world.enqueue();
  await world.send(ref);
  await world.end(ref, 'succeeded');
  const otherWorld = await startWorld();
  onTestFinished(() => otherWorld.stop());
  expect(await why(checkOwner({ ...owning, archive: otherWorld.storage }))).toContain('Redis has spent money');
});

test('a damaged owner is told, and opens nothing', async () => {
  const { world, owning } = await setup();
  await world.plant('settings/owner.json', '{"version":1');
  await expect(openOwnedStore(owning, noSettings)).rejects.toMatchObject({ code: 'storage.corrupt-record' });
  expect((await world.store.readOwnership()).epoch).toBeUndefined();
});

test('a new store has the number of its format in the bucket before its epoch, and gets it from there after its Redis went back', async () => {
  const { world, owning } = await setup();
  let wasThere = false;
  const seed = async () => void (wasThere = world.s3.requests.some(({ key }) => key === `settings/format/${STORED_FORMAT}.json`));
  await openOwnedStore(owning, seed);
  expect(wasThere).toBe(true);
  await world.redis.set(`${world.prefix}:format`, '0');
  await checkOwner(owning);
  expect(await world.redis.get(`${world.prefix}:format`)).toBe(String(STORED_FORMAT));
  await world.wipe();
  await world.redis.set(`${world.prefix}:format`, '0');
  expect(await checkOwner(owning)).toMatchObject({ kind: 'closed' });
  expect(await world.redis.get(`${world.prefix}:format`)).toBe(String(STORED_FORMAT));
});

test('a process that does not know the format of the bucket neither opens, takes over nor checks its store, with Redis lost or there', async () => {
  const { world, owning } = await setup();
  await openOwnedStore(owning, noSettings);
  await world.plant('settings/format/readme.json', 'of a person');
  await world.plant('settings/format/10.json', '{}');
  const before = await world.redis.get(`${world.prefix}:format`);
  const refusal = { code: 'store.newer-format', details: { stored: '10', known: STORED_FORMAT }, isOfBucket: true };
  for (const isLost of [false, true]) {
    if (isLost) await world.wipe();
    await expect(checkOwner(owning)).rejects.toMatchObject(refusal);
    await expect(openOwnedStore(owning, noSettings)).rejects.toMatchObject(refusal);
    await expect(takeOverBucket(owning)).rejects.toMatchObject(refusal);
    expect(await world.redis.get(`${world.prefix}:format`)).toBe(isLost ? null : before);
  }
});
