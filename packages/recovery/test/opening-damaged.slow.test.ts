import { knownModels } from '@darkroom/contracts';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { restoreForgotten, type Damage } from '../src/index.ts';
import { OLD_MS, openOnly, someLife, startOpeningWorld, type OpeningWorld, type SomeLife } from './opening-world.ts';
import { runRebuild } from './run-rebuild.ts';
import { IMAGE_NANO_USD } from './world.ts';

const refused = { code: 'queue.unavailable', details: { reason: 'damaged' } };
/** With as many reference images as a producer may allow. */
const MOST_NANO_USD = knownModels.mostNanoUsd;

let world: OpeningWorld;
let life: SomeLife;
let today: string;
/** Request of the keyed generation as Redis holds it. */
let request: NonNullable<Awaited<ReturnType<OpeningWorld['store']['find']>>>['request'];
beforeEach(async () => {
  world = await startOpeningWorld();
  life = await someLife(world);
  request = (await world.store.find(life.keyed.generationId))!.request;
  today = new Date(await world.store.readTime()).toISOString().slice(0, 10);
});
afterEach(() => world.stop());

const keyOf = (name: 'keyed' | 'home' | 'late', kind = 'intent'): string =>
  `records/${new Date(parseInt(life[name].generationId.replaceAll('-', '').slice(0, 12), 16)).toISOString().slice(0, 10)}/${life[name].generationId}/0-1.${kind}.json`;

/** Damages a record as long ago as the others were written. @returns its text before. */
async function damage(key: string, change: (record: Record<string, unknown>) => string): Promise<string> {
  const { generationId, index, n } = [life.keyed, life.home].find((ref) => key.includes(ref.generationId))!;
  const ref = { generationId, index, n };
  const record = key.includes('.intent.') ? await world.storage.findIntent(ref, 0) : await world.storage.findResult(ref);
  world.setAge(OLD_MS);
  await world.plant(key, change({ ...record }));
  world.setAge(0);
  return JSON.stringify(record);
}

const open = async (): Promise<Damage[]> => {
  const named: Damage[] = [];
  await world.wipe();
  await openOnly(world);
  expect(await world.readOn({ onDamaged: (each) => named.push(each) })).toMatchObject({ kind: 'opened' });
  expect(await world.reading.findReading()).toBeUndefined();
  expect(await world.redis.exists(`${world.prefix}:epoch`)).toBe(1);
  return named;
};

describe('damaged records of what a rebuild reads on', () => {
  test.each([
    ['an intent that is no JSON', 'intent', () => 'not json'],
    ['an object of another program', 'intent', () => '{"Records":[]}'],
    ['an intent of a later version', 'intent', (record: object) => JSON.stringify({ ...record, version: 3 })],
    ['a result that is cut off', 'result', (record: object) => JSON.stringify(record).slice(0, 40)],
  ])('%s is named once with its key, stays refused, and keeps nothing from ending', async (_what, kind, change) => {
    const key = keyOf('home', kind);
    await damage(key, change);
    const named = await open();
    expect(named).toMatchObject([{ generationId: life.home.generationId, error: { details: { key } } }]);
    expect(await world.store.listDamaged()).toEqual([{ generationId: life.home.generationId, key, mostNanoUsd: MOST_NANO_USD }]);

    const { generationId } = life.home;
    await expect(world.store.enqueue(world.newGeneration(1, { generationId, tenant: 'other' }))).rejects.toMatchObject(refused);
    await expect(world.store.find(generationId)).rejects.toMatchObject(refused);
    await expect(world.store.cancel(generationId)).rejects.toMatchObject(refused);
    // All others are as they were, and new keys and ids are taken.
    expect(await world.store.find(life.late.generationId)).toMatchObject({ status: 'succeeded' });
    expect(await world.store.enqueue(world.newGeneration(1, { idempotencyKey: 'mine', request }))).toMatchObject({
      kind: 'replayed',
      generationId: life.keyed.generationId,
    });
    expect(await world.store.enqueue(world.newGeneration(1, { idempotencyKey: 'another' }))).toMatchObject({ kind: 'created' });
    // A comparison that finds it again does not name it again.
    expect(await restoreForgotten(world.recovery)).toMatchObject({ damaged: [] });
  });

  test('is counted by the caps at its highest price, and at no more than the sums tell', async () => {
    await damage(keyOf('home'), () => 'not json');
    const truth = await world.readTruth().catch(() => undefined);
    expect(truth).toBeUndefined();
    await open();
    // The tenant has nothing else; another tenant of whom the sums tell nothing pays nothing for it.
    await world.store.setCaps({ allPerDay: 1000 * IMAGE_NANO_USD, tenantPerDay: 2 * IMAGE_NANO_USD });
    await world.enqueue(1, { tenant: 'other' });
    await expect(world.enqueue(1, { tenant: 'other' })).rejects.toMatchObject({ code: 'spend.cap-reached' });
    for (let at = 0; at < 2; at += 1) await world.enqueue(1, { tenant: 'a third' });
    await world.writeSums();
    const [newest] = (await world.storage.listSums(Date.now())).sums;
    expect((await world.storage.readSums(newest!.key)).periods[`tenant:other:day:${today}`]).toBe(2 * IMAGE_NANO_USD);
  });

  test.each([
    ['a result', 'result', () => 'not json'],
    ['an intent of a later version', 'intent', (record: object) => JSON.stringify({ ...record, version: 3, outline: 'of another kind' })],
  ])('%s leaves the idempotency key of its generation refused', async (_what, kind, change) => {
    await damage(keyOf('keyed', kind), change);
    await open();
    const again = (): Promise<unknown> => world.store.enqueue(world.newGeneration(1, { idempotencyKey: 'mine', request }));
    await expect(again()).rejects.toMatchObject(refused);
    expect(await runRebuild(world, { skipDamaged: true })).toMatchObject({
      kind: 'open',
      damaged: [{ generationId: life.keyed.generationId }],
    });
    expect(await again()).toMatchObject({ kind: 'created' });
    for (const name of ['unread', 'unread-money']) expect(await world.redis.exists(`${world.prefix}:${name}`), name).toBe(0);
  });

  test('comes back when its records were repaired, with its key', async () => {
    const key = keyOf('keyed', 'result');
    const text = await damage(key, () => 'not json');
    await open();
    expect(await runRebuild(world)).toMatchObject({ kind: 'open', restored: 0, damaged: [{ generationId: life.keyed.generationId }] });
    await world.plant(key, text);
    expect(await runRebuild(world)).toEqual({ kind: 'open', restored: 1, damaged: [] });
    expect(await world.store.find(life.keyed.generationId)).toMatchObject({ status: 'succeeded' });
    expect(await world.store.enqueue(world.newGeneration(1, { idempotencyKey: 'mine', request }))).toMatchObject({ kind: 'replayed' });
    expect(await world.readBound()).toEqual(await world.readTruth());
  });

  test('is passed by by the next reader after one that was killed, without another word', async () => {
    await damage(keyOf('home'), () => 'not json');
    await world.wipe();
    await openOnly(world);
    const stop = new AbortController();
    const named: string[] = [];
    const onDamaged = ({ generationId }: Damage): void => {
      named.push(generationId);
      stop.abort();
    };
    expect(await world.readOn({ signal: stop.signal, onDamaged })).toEqual({ kind: 'stopped' });
    expect(await world.readOn({ onDamaged })).toMatchObject({ kind: 'opened' });
    expect(named).toEqual([life.home.generationId]);
  });
});

test('a rebuild that is told to leave out what is damaged before it opens the store refuses it like one that reads on', async () => {
  await damage(keyOf('home'), () => 'not json');
  // Written just now: it is read before the store opens.
  await world.plant(keyOf('home'), 'not json');
  await world.wipe();
  expect(await runRebuild(world)).toMatchObject({ kind: 'damaged', damaged: [{ generationId: life.home.generationId }] });
  expect(await runRebuild(world, { skipDamaged: true })).toMatchObject({
    kind: 'opened',
    damaged: [{ generationId: life.home.generationId }],
  });
  await expect(world.store.find(life.home.generationId)).rejects.toMatchObject(refused);
});

test('a purchase after the sums counts although its records are left out when the store opens: during the reading and after it', async () => {
  await world.plant(keyOf('late', 'result'), 'not json');
  await world.wipe();
  await openOnly(world, { skipDamaged: true });
  expect(await world.store.listDamaged()).toMatchObject([{ generationId: life.late.generationId, mostNanoUsd: MOST_NANO_USD }]);
  // Two came home before the sums, one is under way; the last one is left out.
  const counted = 3 * IMAGE_NANO_USD + MOST_NANO_USD;
  await world.store.setCaps({ allPerDay: counted + IMAGE_NANO_USD });
  await world.enqueue();
  await expect(world.enqueue()).rejects.toMatchObject({ code: 'spend.cap-reached' });
  expect(await world.readOn()).toMatchObject({ kind: 'opened' });
  await expect(world.enqueue()).rejects.toMatchObject({ code: 'spend.cap-reached' });
  // Given up, it is counted no longer.
  expect(await runRebuild(world, { skipDamaged: true })).toMatchObject({
    kind: 'open',
    damaged: [{ generationId: life.late.generationId }],
  });
  await world.enqueue();
  for (const name of ['unread', 'unread-money', 'damaged']) expect(await world.redis.exists(`${world.prefix}:${name}`), name).toBe(0);
});
