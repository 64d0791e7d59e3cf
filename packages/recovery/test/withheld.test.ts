import type { SubmissionRef } from '@darkroom/contracts';
import { beforeEach, describe, expect, test } from 'vitest';
import { changeTenantRules, releaseImage, restoreGeneration, restoreReleases, type KeptSettings } from '../src/index.ts';
import { runRebuild } from './run-rebuild.ts';
import { startWorld, type World } from './world.ts';

let world: World;
let settings: KeptSettings;
beforeEach(async () => {
  world = await startWorld();
  await world.begin();
  settings = { store: world.store, archive: world.storage };
  return () => world.stop();
});

const asked = { safety: { checkContent: true } };
/** Buys the image of a new generation, and brings it home. */
async function bringHome(given: Parameters<World['enqueue']>[1] = {}, nsfwContent?: boolean): Promise<SubmissionRef> {
  const request = { ...world.newGeneration().request, ...asked };
  const [ref] = await world.enqueue(1, { request, ...given });
  await world.send(ref);
  await world.end(ref, 'succeeded', nsfwContent === undefined ? {} : { nsfwContent });
  return ref;
}
const imageOf = async ({ generationId, index }: SubmissionRef) => (await world.store.find(generationId))?.images[index];
const keyOf = ({ generationId }: SubmissionRef): string => `${world.prefix}:generation:${generationId}`;

describe('an image under a rule that withholds', () => {
  test.each([
    ['flags', true, true],
    ['says nothing of', undefined, true],
    ['clears', false, undefined],
  ])('that the content check %s', async (_, nsfwContent, withheld) => {
    const ref = await bringHome({ withholdFlagged: true }, nsfwContent);
    const image = await imageOf(ref);
    expect(image?.withheld).toBe(withheld);
    expect(image?.image === undefined).toBe(withheld === true);
    expect(await world.storage.findIntent(ref, 0)).toMatchObject({ withholdFlagged: true });
  });

  test('is withheld by the rule of its tenant that came after the enqueue, and stays so when the rule is gone', async () => {
    const request = { ...world.newGeneration().request, ...asked };
    const [ref] = await world.enqueue(1, { request });
    await changeTenantRules(settings, 'acme', { withholdFlagged: true });
    await world.send(ref);
    await changeTenantRules(settings, 'acme', { withholdFlagged: null });
    await world.end(ref, 'succeeded', { nsfwContent: true });
    expect(await imageOf(ref)).toMatchObject({ withheld: true });
    await world.wipe();
    await runRebuild(world);
    expect(await imageOf(ref)).toMatchObject({ withheld: true });
  });

  test('that is home when the rule comes with a later send is withheld, listed, and another revision', async () => {
    const request = { ...world.newGeneration(2).request, ...asked };
    const [ref, later] = await world.enqueue(2, { request });
    await world.send(ref);
    await world.end(ref, 'succeeded', { nsfwContent: true });
    const before = await world.store.find(ref.generationId);
    expect(before?.images[0]?.withheld).toBeUndefined();
    await changeTenantRules(settings, 'acme', { withholdFlagged: true });
    await world.send(later!);
    const after = await world.store.find(ref.generationId);
    expect(after?.images[0]).toMatchObject({ withheld: true });
    expect(after?.revision).toBeGreaterThan(before?.revision ?? 0);
    expect((await world.store.readWithheld(10)).oldest.map((each) => each.ref)).toEqual([ref]);
    await world.end(later!, 'succeeded', { nsfwContent: false });
    expect(await world.store.readWithheld(10)).toMatchObject({ count: 1 });
    // The intent of the later send carries the rule: a Redis that has forgotten it comes to the same.
    await world.redis.hdel(keyOf(ref), 'withholdFlagged');
    await world.redis.del(`${world.prefix}:withheld`, `${world.prefix}:submission:${ref.generationId}:1-1`);
    expect(await restoreGeneration(world.recovery, ref.generationId)).toBe('restored');
    expect(await imageOf(ref)).toMatchObject({ withheld: true });
    // That the check cleared the later one stands in its result alone, which is read after the mark.
    expect((await world.store.readWithheld(10)).oldest.map((each) => each.ref)).toEqual([ref]);
  });

  test('is withheld again if Redis goes back to before the rule', async () => {
    const request = { ...world.newGeneration().request, ...asked };
    const [ref] = await world.enqueue(1, { request });
    const before = await world.redis.hgetall(keyOf(ref));
    const submissionKey = `${world.prefix}:submission:${ref.generationId}:0-1`;
    const submissionBefore = await world.redis.hgetall(submissionKey);
    await changeTenantRules(settings, 'acme', { withholdFlagged: true });
    await world.send(ref);
    await world.redis.del(keyOf(ref), submissionKey);
    await world.redis.hset(keyOf(ref), before);
    await world.redis.hset(submissionKey, submissionBefore);
    expect(await restoreGeneration(world.recovery, ref.generationId)).toBe('restored');
    await world.end(ref, 'succeeded', { nsfwContent: true });
    expect(await imageOf(ref)).toMatchObject({ withheld: true });
  });
});

describe('the release of an image', () => {
  test('is in S3 before Redis, counts once, and shows that image alone', async () => {
    const [ref, other] = [await bringHome({ withholdFlagged: true }, true), await bringHome({ withholdFlagged: true }, true)];
    const dies = { ...world.store, releaseImage: () => Promise.reject(new Error('killed')) };
    await expect(releaseImage({ ...settings, store: dies }, ref, 'a painting')).rejects.toThrow('killed');
    expect(await imageOf(ref)).toMatchObject({ withheld: true });
    expect(await releaseImage(settings, ref, 'for another reason')).toEqual({ kind: 'already', reason: 'a painting' });
    expect(await imageOf(ref)).toMatchObject({ nsfwContent: true, image: { key: expect.any(String) as string } });
    expect(await imageOf(other)).toMatchObject({ withheld: true });
    expect(await world.store.readWithheld(10)).toMatchObject({ count: 1, oldest: [{ ref: other, tenant: 'acme' }] });
    expect(await releaseImage(settings, other, 'too')).toEqual({ kind: 'released', reason: 'too' });
    expect(await world.store.readWithheld(10)).toEqual({ count: 0, oldest: [] });
  });

  test('comes back with a rebuild, and with the comparison of a Redis that went back', async () => {
    const [ref, other] = [await bringHome({ withholdFlagged: true }, true), await bringHome({ withholdFlagged: true }, true)];
    await releaseImage(settings, ref, 'a painting');
    await world.redis.hdel(keyOf(ref), 'released:0-1');
    expect(await imageOf(ref)).toMatchObject({ withheld: true });
    await restoreReleases(settings);
    expect((await imageOf(ref))?.withheld).toBeUndefined();
    await world.wipe();
    await runRebuild(world);
    expect((await imageOf(ref))?.withheld).toBeUndefined();
    expect(await imageOf(other)).toMatchObject({ withheld: true });
    expect((await world.store.readWithheld(10)).oldest.map((each) => each.ref)).toEqual([other]);
  });

  test('that S3 does not take, or of a Redis that is not compared, shows nothing', async () => {
    const ref = await bringHome({ withholdFlagged: true }, true);
    const away = { ...world.storage, recordSetting: () => Promise.reject(new Error('S3 is away')) };
    await expect(releaseImage({ ...settings, archive: away }, ref, 'a painting')).rejects.toThrow('S3 is away');
    const readServerRun = () => Promise.resolve({ run: '', isOpen: true, isRecovering: true, memory: '' });
    expect(await releaseImage({ ...settings, store: { ...world.store, readServerRun } }, ref, 'a painting')).toEqual({
      kind: 'recovering',
    });
    expect(await imageOf(ref)).toMatchObject({ withheld: true });
    expect(await world.storage.findNewestSetting('releases', `${ref.generationId}.0-1`)).toBeUndefined();
  });
});

test('a tenant of which the content check is required gets no generation without it', async () => {
  const bare = world.newGeneration();
  await changeTenantRules(settings, 'acme', { requireSafetyCheck: true });
  await expect(world.store.enqueue(bare)).rejects.toMatchObject({
    code: 'request.invalid',
    problems: [{ path: 'safety.checkContent', message: expect.stringContaining('requires the content check') as string }],
  });
  expect(await world.store.find(bare.generationId)).toBeUndefined();
  await world.store.enqueue({ ...bare, request: { ...bare.request, ...asked } });
  await world.store.enqueue(world.newGeneration(1, { tenant: 'other' }));
  // A key of another type hides the rules, and counts as all of them.
  await world.redis.del(`${world.prefix}:tenant-rules:acme`);
  await world.redis.set(`${world.prefix}:tenant-rules:acme`, 'text');
  await expect(world.store.enqueue(world.newGeneration())).rejects.toMatchObject({ problems: [{ path: 'safety.checkContent' }] });
});
