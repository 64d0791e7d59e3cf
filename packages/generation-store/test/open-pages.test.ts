import { createGenerationId } from '@darkroom/contracts';
import { expect, test } from 'vitest';
import { buildReconcileStore } from '../src/index.ts';
import { setup, setupAt } from './world.ts';

const T0 = Date.UTC(2026, 10, 2, 12);

test('a walk in pages over what is open meets each once, also among entries of one moment and of others that come and go', async () => {
  await using world = await setup();
  const open = `${world.prefix}:open`;
  const store = buildReconcileStore(world, world.redis);
  const ids = Array.from({ length: 60 }, () => createGenerationId(T0)).toSorted();
  for (const [at, id] of ids.entries()) await world.redis.zadd(open, at < 50 ? 5 : 6 + at, id);
  const met: string[] = [];
  let after: { createdAt: number; generationId: string } | undefined;
  do {
    const page = await store.readOpenPage(after, 7);
    met.push(...page.generationIds);
    after = page.next;
    // The entry at which the page ended is gone, one before it too, and another comes in front of the walk.
    for (const id of [after?.generationId, met[0]]) if (id !== undefined) await world.redis.zrem(open, id);
    await world.redis.zadd(open, 1, createGenerationId(Date.now()));
  } while (after !== undefined);
  expect(met).toEqual(ids);
  const [first] = await world.redis.zrange(open, '0', '0');
  expect(met, 'entries that were gone were not put back').not.toContain(first);
});

test('a list of all that is open leaves none out because others end meanwhile', async () => {
  await using world = await setup();
  const open = `${world.prefix}:open`;
  const ids = Array.from({ length: 2500 }, () => createGenerationId(T0)).toSorted();
  await world.redis.zadd(open, ...ids.flatMap((id, at) => [String(at), id]));
  const met: string[] = [];
  for await (const id of world.store.listOpen()) {
    met.push(id);
    if (met.length % 1000 === 1) await world.redis.zrem(open, ...ids.slice(0, met.length - 1).slice(-500), id);
  }
  expect(met).toEqual(ids);
});

test('the commit keeps a generation that is bought more than a day after its id was minted in a separate index', async () => {
  await using world = await setupAt(T0);
  const [late] = await world.enqueue(1, { runAt: T0 + 10 * 86_400_000 });
  const [soon] = await world.enqueue();
  await world.send(soon);
  await world.setTime(T0 + 10 * 86_400_000);
  await world.send(late);
  expect(await world.redis.zrange(`${world.prefix}:bought`, '0', '-1', 'WITHSCORES')).toEqual([
    late.generationId,
    String(T0 + 10 * 86_400_000),
  ]);
});
