import { afterAll, beforeAll, expect, test } from 'vitest';
import { runRebuild } from './run-rebuild.ts';
import { startWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
  await world.begin();
});
afterAll(() => world.stop());

test('a rebuild fills the tenants of a day and of a month, and the ends of each minute, from S3', async () => {
  const begunAt = Date.now();
  const [home, failed] = await world.enqueue(2, { tenant: 'a@b' });
  const [other] = await world.enqueue(1, { tenant: 'other' });
  if (failed === undefined) throw new Error('it has two images');
  for (const ref of [home, failed, other]) await world.send(ref);
  await world.end(home, 'succeeded');
  await world.end(failed, 'refused');
  const read = async () => {
    const day = `day:${new Date(begunAt).toISOString().slice(0, 10)}` as const;
    const tenants = [await world.store.tenantsOf(day), await world.store.tenantsOf(`month:${day.slice(4, 11)}`)];
    const minutes = await world.store.minutes(begunAt - 60_000, Date.now() + 60_000);
    const ends = minutes.map(({ at, recorded, failed: codes, roads }) => ({ at, recorded, codes, roads }));
    return { tenants, ends: ends.filter(({ recorded, codes }) => recorded > 0 || Object.keys(codes).length > 0) };
  };
  const before = await read();
  expect(before.tenants[0]).toMatchObject({ total: 2, tenants: [{ tenant: 'a@b', settledNanoUsd: 20_000_000 }, { tenant: 'other' }] });
  expect(before.ends.reduce((sum, { recorded }) => sum + recorded, 0)).toBe(1);
  await world.wipe();
  expect(await runRebuild(world)).toMatchObject({ kind: 'opened' });
  expect(await read()).toEqual(before);
});
