import type { SubmissionRef } from '@darkroom/contracts';
import { imageKey } from '@darkroom/object-storage';
import { expect, test } from 'vitest';
import { PROMPT, setup, type World } from './world.ts';

/** Tells of each generation what is left of it: its request and its image. */
async function leftOf(world: World, refs: readonly SubmissionRef[]): Promise<string[]> {
  const keys = await world.keys();
  return Promise.all(
    refs.map(async (ref) => {
      const { kind } = await world.storage.findRequest(ref.generationId);
      return `${kind}${keys.includes(imageKey(ref, 'JPG')) ? ' image' : ''}`;
    }),
  );
}

test('images and requests older than their days go, records stay, and a day without any left is not read again', async () => {
  const world = await setup();
  await world.open();
  const refs = [await world.keepOld(40), await world.keepOld(40, 'beta', true), await world.keepOld(12), await world.keepOld(2)];
  const [oldest, earlier] = refs as [SubmissionRef, SubmissionRef];
  expect(await world.eraseByAge({}), 'without days everything stays').toBe(0);
  expect(await leftOf(world, refs)).toEqual(['found image', 'missing image', 'found image', 'found image']);

  await world.eraseByAge({ requests: 30, images: 30 });
  expect(await leftOf(world, refs)).toEqual(['erased', 'erased', 'found image', 'found image']);
  expect((await world.findSecrets([PROMPT])).filter((where) => where.includes('.json'))).toEqual([]);

  const before = world.s3.requests.length;
  expect(await world.eraseByAge({ requests: 30, images: 30 })).toBe(0);
  expect(world.s3.requests.slice(before).map(({ operation, key }) => `${operation} ${key}`)).toEqual(['ListObjectsV2 ', 'ListObjectsV2 ']);
  for (const ref of [oldest, earlier]) expect(await world.storage.findResult(ref)).toMatchObject({ status: 'failed' });
});

test('requests may go before images and images before requests, and both are gone in the end', async () => {
  const world = await setup();
  await world.open();
  const refs = [await world.keepOld(20), await world.keepOld(20, 'images-first')];
  await world.ruleTenant('images-first', { retainImagesDays: 10, retainRequestsDays: 30 });
  await world.eraseByAge({ requests: 10, images: 30 });
  expect(await leftOf(world, refs)).toEqual(['erased image', 'found']);
  // A tombstone that was noted again says itself that the images stay.
  const { generationId } = refs[0] as SubmissionRef;
  await world.reconcile.noteTombstones([{ generationId, erasedAt: 1 }]);
  await world.eraseAll();
  expect(await leftOf(world, refs)).toEqual(['erased image', 'found']);
  await world.ruleTenant('images-first', { retainRequestsDays: 10 });
  await world.eraseByAge({ requests: 10, images: 15 });
  expect(await leftOf(world, refs)).toEqual(['erased', 'erased']);
  expect(await world.findSecrets()).toEqual([]);
});

test('a caller who erases takes the images that an erasure by age has kept', async () => {
  const world = await setup();
  await world.open();
  const [one, two] = [await world.keepOld(20), await world.keepOld(20)];
  await world.eraseByAge({ requests: 10 });
  expect(await leftOf(world, [one, two])).toEqual(['erased image', 'erased image']);
  expect(await world.store.findErasure(one.generationId), 'no caller has asked').toBeUndefined();
  expect(await world.countErased(one.generationId), 'its images can be seen').toBe(0);

  const asked = await world.store.requestErasure(one.generationId, false);
  expect(asked, 'the images are left').not.toHaveProperty('erasedAt');
  expect(await world.store.findErasure(one.generationId)).toEqual(asked);
  await world.eraseAll();
  expect(await leftOf(world, [one, two])).toEqual(['erased', 'erased image']);
  expect(await world.store.findErasure(one.generationId)).toMatchObject({ requestedAt: asked?.requestedAt, erasedAt: expect.any(Number) });
  expect(await world.countErased(one.generationId)).toBe(1);
  await world.store.requestBulk({ erasureId: '0192f0c0-0000-7000-8000-000000000000', tenant: 'acme', isForced: false, withRetries: false });
  await world.eraseAll();
  expect(await leftOf(world, [two])).toEqual(['erased']);
  expect(await world.countErased(two.generationId)).toBe(1);
});

test('a caller who asks while its age erases the request is told the truth, and gets all of it erased', async () => {
  const world = await setup();
  await world.open();
  const { generationId } = await world.keepOld(20);
  const { storage, ...parts } = world.buildParts();
  // the caller asks between the tombstone and the end of the sweep
  const asking = {
    ...storage,
    writeTombstone: async (...given: Parameters<typeof storage.writeTombstone>) => {
      await storage.writeTombstone(...given);
      await world.store.requestErasure(generationId, false);
    },
  };
  await world.eraseByAge({ requests: 10 }, { ...parts, storage: asking });
  expect(await world.store.findErasure(generationId)).toMatchObject({ erasedAt: expect.any(Number) });
  expect(await world.keys()).toEqual(expect.not.arrayContaining([expect.stringMatching(/^images\//)]));
  expect(await world.countErased(generationId)).toBe(1);
});

test('images alone stay while their generation is open, and while the rules of its tenant are lost', async () => {
  const world = await setup();
  await world.open();
  const refs = [await world.keepOld(20), await world.keepOld(20, 'lost'), await world.keepOld(20)];
  const [open] = refs as [SubmissionRef, SubmissionRef, SubmissionRef];
  await world.changeEntry(open.generationId, { status: 'running', tenant: 'acme' }, ['none']);
  await world.ruleTenant('lost', { retainImagesDays: 3000 });
  await world.loseRules('lost');
  await world.eraseByAge({ images: 10 });
  expect(await leftOf(world, refs)).toEqual(['found image', 'found image', 'found']);
});

test('nothing goes before its least age, while it is open, or while Redis may have forgotten what is open', async () => {
  const world = await setup();
  await world.open();
  await world.ruleTenant('hasty', { retainRequestsDays: 1, retainImagesDays: 1 });
  const refs = [await world.keepOld(5, 'hasty'), await world.keepOld(9, 'hasty'), await world.keepOld(9, 'hasty')];
  const [, , open] = refs as [SubmissionRef, SubmissionRef, SubmissionRef];
  await world.changeEntry(open.generationId, { status: 'running', tenant: 'hasty' }, ['none']);
  await world.forgetComparison();
  await world.eraseByAge({});
  expect(await leftOf(world, refs)).toEqual(['found image', 'found image', 'found image']);
  await world.compare();
  await world.eraseByAge({});
  expect(await leftOf(world, refs)).toEqual(['found image', 'erased', 'found image']);
});
