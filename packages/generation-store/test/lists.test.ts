import { createGenerationId, defined } from '@darkroom/contracts';
import { describe, expect, test } from 'vitest';
import { buildReconcileStore } from '../src/index.ts';
import type { ListFilter, ListPlace } from '../src/index.ts';
import { ended, newGeneration, setup, setupAt, type World } from './world.ts';

const NOW = Date.UTC(2026, 10, 29, 12);

/** Ids of a list, page by page. */
async function idsOf({ store }: World, filter: ListFilter = {}, count = 100): Promise<string[][]> {
  const pages: string[][] = [];
  let after: ListPlace | undefined;
  do {
    const page = await store.list(filter, count, after);
    pages.push(page.generations.map(({ generationId }) => generationId));
    after = page.next;
  } while (after !== undefined);
  return pages;
}

const ids = async (world: World, filter: ListFilter = {}): Promise<string[]> => (await idsOf(world, filter)).flat();

describe('a generation stands in the list of its status', () => {
  test('from its enqueue to its end', async () => {
    await using world = await setup();
    const [ref] = await world.enqueue();
    const { generationId } = ref;
    expect(await ids(world, { statuses: ['queued'] })).toEqual([generationId]);
    await world.send(ref);
    expect(await ids(world, { statuses: ['queued'] })).toEqual([]);
    expect(await ids(world, { statuses: ['running'] })).toEqual([generationId]);
    await world.store.settle(ref, ended(ref, 'succeeded'));
    expect(await ids(world, { statuses: ['running'] })).toEqual([]);
    const page = await world.store.list({ statuses: ['succeeded'] }, 10);
    expect(page.next).toBeUndefined();
    const [view] = [await world.store.find(generationId)];
    expect(page.generations).toEqual([
      {
        generationId,
        revision: view?.revision,
        status: 'succeeded',
        provider: 'runware',
        model: 'xai:grok-imagine@image',
        tenant: view?.tenant,
        images: ['succeeded'],
        codes: [],
        costUsd: view?.costUsd,
        createdAt: view?.createdAt,
        finishedAt: view?.finishedAt,
        amended: false,
      },
    ]);
  });

  test('when it is cancelled, and under the code that its caller gets', async () => {
    await using world = await setup();
    const [{ generationId }] = await world.enqueue(2);
    await world.store.cancel(generationId);
    expect(await ids(world, { statuses: ['cancelled'] })).toEqual([generationId]);
    expect(await ids(world, { code: 'generation.cancelled' })).toEqual([generationId]);
    expect(await ids(world, { code: 'provider.refused' })).toEqual([]);
  });

  test('under a code no longer, once a late image replaces the failure', async () => {
    await using world = await setup();
    const [ref] = await world.enqueue();
    await world.send(ref);
    await world.store.settle(ref, { ...ended(ref, 'lost'), code: 'image.lost' });
    expect(await ids(world, { code: 'image.lost' })).toEqual([ref.generationId]);
    await world.store.settle(ref, ended(ref, 'succeeded'));
    expect(await ids(world, { code: 'image.lost' })).toEqual([]);
    expect(await world.store.list({}, 10)).toMatchObject({ generations: [{ images: ['succeeded'], codes: [], amended: true }] });
  });
});

describe('a walk over pages', () => {
  test('names each generation once, the newest first, with equal times and any size of pages', async () => {
    await using world = await setupAt(NOW);
    const made: string[] = [];
    for (let at = 0; at < 25; at += 1) {
      await world.setTime(NOW + Math.floor(at / 5));
      const [{ generationId }] = await world.enqueue();
      made.push(generationId);
      if (at % 3 === 0) await world.store.cancel(generationId);
    }
    for (const count of [1, 3, 7, 25, 100]) {
      const pages = await idsOf(world, {}, count);
      expect(pages.every((page) => page.length <= count)).toBe(true);
      const walked = pages.flat();
      expect(walked.toSorted(), `pages of ${count}`).toEqual(made.toSorted());
      const times = await Promise.all(walked.map(async (id) => Number((await world.generation(id))['createdAt'])));
      expect(times).toEqual(times.toSorted((a, b) => b - a));
    }
  });

  test('goes on where it was, whatever moves and comes meanwhile', async () => {
    await using world = await setupAt(NOW);
    const made: string[] = [];
    for (let at = 0; at < 10; at += 1) {
      await world.setTime(NOW + at);
      made.push((await world.enqueue())[0].generationId);
    }
    const first = await world.store.list({}, 4);
    const [last] = first.generations.slice(-1);
    await world.store.cancel(last?.generationId ?? '');
    await world.setTime(NOW + 1000);
    await world.enqueue();
    const second = await world.store.list({}, 100, first.next);
    expect([...first.generations, ...second.generations].map(({ generationId }) => generationId)).toEqual(made.toReversed());
  });

  test('keeps to the filters, and passes by what is gone', async () => {
    await using world = await setupAt(NOW);
    const made: string[] = [];
    for (let at = 0; at < 8; at += 1) {
      await world.setTime(NOW + at * 1000);
      const generation = newGeneration(1, { generationId: createGenerationId(NOW + at * 1000), tenant: at % 2 === 0 ? 'acme' : 'a:b' });
      await world.store.enqueue(generation);
      made.push(generation.generationId);
    }
    expect(await ids(world, { tenant: 'a:b' })).toEqual([made[7], made[5], made[3], made[1]]);
    expect(await ids(world, { createdFrom: NOW + 2000, createdBefore: NOW + 5000 })).toEqual([made[4], made[3], made[2]]);
    await world.setTime(NOW + 20_000);
    await world.store.cancel(made[1] ?? '');
    await world.setTime(NOW + 30_000);
    await world.store.cancel(made[2] ?? '');
    expect(await ids(world, { finishedFrom: 0 })).toEqual([made[2], made[1]]);
    expect(await ids(world, { finishedBefore: NOW + 30_000 })).toEqual([made[1]]);
    expect(await ids(world, { finishedFrom: NOW, tenant: 'acme' })).toEqual([made[2]]);
    expect(await ids(world, { finishedFrom: NOW, createdBefore: NOW + 2000 })).toEqual([made[1]]);
    await world.redis.del(`${world.prefix}:generation:${made[0]}`);
    expect(await ids(world, { statuses: ['queued'], tenant: 'acme' })).toEqual([made[6], made[4]]);
    expect(await world.redis.zscore(`${world.prefix}:list:tenant:acme:queued`, made[0] ?? '')).toBeNull();
  });

  test('keeps to each combination of status, code, tag and time of the end', async () => {
    await using world = await setupAt(NOW);
    for (let at = 0; at < 24; at += 1) {
      await world.setTime(NOW + at * 1000);
      const tags = at % 2 === 0 ? ['even'] : ['odd'];
      const generation = newGeneration(1, {
        generationId: createGenerationId(NOW + at * 1000),
        tenant: at % 5 === 0 ? 'acme' : 'a:b',
        tags,
      });
      await world.store.enqueue(generation);
      const ref = { generationId: generation.generationId, index: 0, n: 1 };
      if (at % 4 === 1) await world.store.cancel(generation.generationId);
      if (at % 4 < 2) continue;
      await world.send(ref);
      await world.store.settle(ref, at % 4 === 2 ? ended(ref, 'succeeded') : { ...ended(ref, 'lost'), code: 'image.lost' });
    }
    const { generations } = await world.store.list({}, 100);
    expect(new Set(generations.map(({ status }) => status))).toEqual(new Set(['queued', 'succeeded', 'failed', 'cancelled']));
    const finishedFrom = NOW + 8000;
    let met = 0;
    for (const statuses of [undefined, ['failed'], ['failed', 'cancelled'], ['queued', 'succeeded']] as const)
      for (const code of [undefined, 'image.lost', 'generation.cancelled'])
        for (const tag of [undefined, 'even', 'odd'])
          for (const isByEnd of [false, true])
            for (const tenant of [undefined, 'acme']) {
              const filter = defined({ statuses, code, tag, tenant, finishedFrom: isByEnd ? finishedFrom : undefined });
              const fitting = generations.filter(
                (each) =>
                  (statuses === undefined || statuses.some((status) => status === each.status)) &&
                  (code === undefined || each.codes.includes(code)) &&
                  (tag === undefined || each.tags?.includes(tag)) &&
                  (tenant === undefined || each.tenant === tenant) &&
                  (!isByEnd || (each.finishedAt ?? 0) >= finishedFrom),
              );
              met += Number(fitting.length > 0);
              expect(await ids(world, filter), JSON.stringify(filter)).toEqual(fitting.map(({ generationId }) => generationId));
            }
    expect(met).toBeGreaterThan(30);
  });

  test('looks at a bounded number of entries in each call', async () => {
    await using world = await setup();
    const list = `${world.prefix}:list:all:queued`;
    const [{ generationId }] = await world.enqueue();
    const gone = Array.from({ length: 2500 }, (_, at): [number, string] => [9e12 + at, createGenerationId(9e12 + at)]);
    await world.redis.zadd(list, ...gone.flat());
    const pages = await idsOf(world, { statuses: ['queued'] }, 10);
    expect(pages).toEqual([[], [], [generationId]]);
    expect(await world.redis.zcard(list)).toBe(1);
    for (const status of ['failed', 'cancelled'])
      await world.redis.zadd(`${world.prefix}:list:all:${status}`, ...gone.slice(0, 1500).flat());
    expect((await idsOf(world, { statuses: ['failed', 'cancelled'] }, 10)).length, 'a thousand of both lists').toBeGreaterThanOrEqual(3);
  });
});

test('the reconciler adds what an earlier version has not listed, and removes what has no entry', async () => {
  await using world = await setup();
  const [queued] = await world.enqueue();
  const [{ generationId: cancelled }] = await world.enqueue();
  await world.store.cancel(cancelled);
  for (const key of await world.redis.keys(`${world.prefix}:list:*`)) await world.redis.del(key);
  await world.redis.hdel(`${world.prefix}:generation:${cancelled}`, 'codes');
  const reconcile = buildReconcileStore({ prefix: world.prefix }, world.redis);
  expect(await reconcile.mendLists([queued.generationId, cancelled, createGenerationId(0)])).toBe(2);
  expect(await reconcile.mendLists([queued.generationId, cancelled])).toBe(0);
  expect(await ids(world, { statuses: ['queued'] })).toEqual([queued.generationId]);
  expect(await ids(world, { code: 'generation.cancelled' })).toEqual([cancelled]);
  expect(await ids(world, { finishedFrom: 1 })).toEqual([cancelled]);

  const list = `${world.prefix}:list:all:queued`;
  const gone = Array.from({ length: 1200 }, (_, at): [number, string] => [at, createGenerationId(at)]);
  await world.redis.zadd(list, ...gone.flat(), 9e12, createGenerationId(9e12));
  await reconcile.cleanList('all:queued', Date.now() + 1000);
  expect(await world.redis.zcard(list), 'the queued one, and one that is too young to be gone').toBe(2);
});

describe('a list that cannot be written stops no script in its middle', () => {
  test('an enqueue, a cancel and an end are whole, and the reconciler puts the list right', async () => {
    await using world = await setup();
    for (const list of ['all:queued', 'all:running', 'all:succeeded', 'all:cancelled', 'all:finished'])
      await world.redis.set(`${world.prefix}:list:${list}`, 'not a list');
    const [ref] = await world.enqueue();
    const [other] = await world.enqueue();
    await world.store.cancel(other.generationId);
    await world.send(ref);
    await world.store.settle(ref, ended(ref, 'succeeded'));
    expect(await world.store.find(ref.generationId)).toMatchObject({ status: 'succeeded', reservedUsd: '0' });
    expect(await world.store.find(other.generationId)).toMatchObject({ status: 'cancelled', reservedUsd: '0' });
    expect(await world.spent()).toMatchObject({ reserved: 0 });
    const reconcile = buildReconcileStore({ prefix: world.prefix }, world.redis);
    expect(await reconcile.mendLists([ref.generationId, other.generationId])).toBe(2);
    await reconcile.cleanList('all:running', Date.now());
    expect(await ids(world, { statuses: ['succeeded', 'cancelled'] })).toHaveLength(2);
  });

  test('nor does a submission of another type beside the one that ends', async () => {
    await using world = await setup();
    const [first, second] = await world.enqueue(2);
    if (second === undefined) throw new Error('two images were enqueued');
    await world.send(first);
    await world.send(second);
    await world.store.settle(first, ended(first, 'lost'));
    await world.redis.del(`${world.prefix}:submission:${first.generationId}:0-1`);
    await world.redis.set(`${world.prefix}:submission:${first.generationId}:0-1`, 'x');
    await world.store.settle(second, ended(second, 'succeeded'));
    expect(await world.generation(first.generationId)).toMatchObject({ status: 'partial' });
  });
});

describe('a corrupt entry', () => {
  test.each([
    ['image:0', 'strange'],
    ['tenant', ''],
    ['images', '1000000'],
    ['createdAt', 'yesterday'],
  ])('with %s "%s" is passed by, and the others are listed', async (field, value) => {
    await using world = await setup();
    const [{ generationId }] = await world.enqueue();
    const [{ generationId: corrupt }] = await world.enqueue();
    await world.redis.hset(`${world.prefix}:generation:${corrupt}`, field, value);
    expect(await ids(world)).toEqual([generationId]);
    const reconcile = buildReconcileStore({ prefix: world.prefix }, world.redis);
    await reconcile.mendLists([generationId, corrupt]);
    expect(await ids(world)).toEqual([generationId]);
  });

  test('that is final and names no submission ends no pass', async () => {
    await using world = await setup();
    const [{ generationId }] = await world.enqueue();
    await world.store.cancel(generationId);
    await world.redis.hdel(`${world.prefix}:generation:${generationId}`, 'codes', 'latest:0');
    const reconcile = buildReconcileStore({ prefix: world.prefix }, world.redis);
    expect(await reconcile.mendLists([generationId])).toBe(1);
    expect(await reconcile.mendLists([generationId])).toBe(0);
  });
});

test('the reconciler corrects codes that a process of an earlier version has left', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  await world.send(ref);
  await world.store.settle(ref, { ...ended(ref, 'lost'), code: 'image.lost' });
  // An earlier worker settles the late image and knows no codes.
  await world.redis.hset(`${world.prefix}:generation:${ref.generationId}`, 'image:0', 'succeeded', 'winner:0', 1);
  expect(await ids(world, { code: 'image.lost' })).toEqual([ref.generationId]);
  const reconcile = buildReconcileStore({ prefix: world.prefix }, world.redis);
  expect(await reconcile.mendLists([ref.generationId])).toBe(1);
  expect(await ids(world, { code: 'image.lost' })).toEqual([]);
});

describe('a place by its rank', () => {
  test('is that of the walk over the same statuses, with equal times too', async () => {
    await using world = await setupAt(NOW);
    for (let at = 0; at < 12; at += 1) {
      if (at % 3 === 0) await world.setTime(NOW + at * 1000);
      const [ref] = await world.enqueue();
      if (at % 2 === 0) await world.store.cancel(ref.generationId);
    }
    for (const statuses of [['queued'], ['queued', 'cancelled'], ['cancelled', 'failed']] as const) {
      const walked = await ids(world, { statuses });
      for (let rank = 0; rank < walked.length; rank += 1) {
        const place = await world.store.findPlaceAt(statuses, rank);
        const { generations } = await world.store.list({ statuses, createdBefore: place!.createdAt + 1 }, place!.before + 1);
        expect(generations[place!.before]?.generationId, `${rank} of ${statuses.join()}`).toBe(walked[rank]);
      }
      expect(await world.store.findPlaceAt(statuses, walked.length)).toBeUndefined();
    }
    expect(await world.store.findPlaceAt(['failed'], 0)).toBeUndefined();
    expect(await world.store.count()).toMatchObject({ queued: 6, cancelled: 6, succeeded: 0 });
  });
});
