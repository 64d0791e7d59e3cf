import { expect, test } from 'vitest';
import { buildGenerationStore } from '../src/index.ts';
import { connectAs } from './connect-as.ts';
import { retention, setup, type World } from './world.ts';

const ID = 'rebuild-1';
const PERIODS = 1100;

/** A store whose user may read the whole of no hash but those of the ledger. */
async function storeWithoutWholeReads({ prefix, redis: admin }: World) {
  const user = `pages${prefix.replaceAll(/\W/g, '')}`;
  const rules = [`~${prefix}:*`, '&*', '+@all', '-hgetall', `(+hgetall ~${prefix}:spend:*)`];
  const redis = await connectAs(admin, user, rules);
  return buildGenerationStore({ prefix, retention, pollRate: { perSecond: 1, burst: 1 } }, redis);
}

test('the mark of a rebuild is read a page at a time, and each period that it has booked is booked anew', async () => {
  await using world = await setup();
  await world.redis.del(`${world.prefix}:epoch`);
  const store = await storeWithoutWholeReads(world);
  const charged = { settled: 5, expected: 5, reported: 5, unreported: 0, differing: 0 };
  const names = Array.from({ length: PERIODS }, (_, at) => `tenant-${at}:day:2026-01-01`);
  await store.beginRebuild(ID);
  expect(await store.bookPast(ID, new Map(names.map((name) => [name, charged])))).toBe('booked');
  const settled = () => Promise.all(names.map((name) => world.redis.hget(`${world.prefix}:spend:${name}`, 'settled')));
  expect(new Set(await settled())).toEqual(new Set(['5']));
  // begun anew, it finds one generation alone
  expect(await store.bookPast(ID, new Map([[names[7]!, charged]]))).toBe('booked');
  const [seventh] = (await settled()).splice(7, 1);
  expect(seventh).toBe('5');
  expect(new Set((await settled()).filter((_, at) => at !== 7))).toEqual(new Set(['0']));
});
