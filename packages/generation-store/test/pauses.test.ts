import { expect, test } from 'vitest';
import { setup } from './world.ts';

test('a pause that stands keeps its reason, and only its first caller is told that it paused', async () => {
  await using world = await setup();
  expect(await world.store.pauses()).toEqual([]);
  expect(await world.store.pauseBuying({ kind: 'account', reason: 'invalidApiKey', since: 1 })).toBe(true);
  expect(await world.store.pauseBuying({ kind: 'account', reason: 'insufficientCredits', since: 2 })).toBe(false);
  expect(await world.store.pauses()).toEqual([{ kind: 'account', reason: 'invalidApiKey', since: 1 }]);
});

test('each kind of pause is lifted for itself', async () => {
  await using world = await setup();
  await world.store.pauseBuying({ kind: 'operator', reason: 'maintenance', since: 1 });
  await world.store.pauseBuying({ kind: 'account', reason: 'invalidApiKey', since: 2 });
  expect(await world.store.resumeBuying(['account'])).toBe(1);
  expect(await world.store.resumeBuying([])).toBe(0);
  expect(await world.store.pauses()).toEqual([{ kind: 'operator', reason: 'maintenance', since: 1 }]);
});

test('a turn is given to one of many, and again when its time is over', async () => {
  await using world = await setup();
  const claims = await Promise.all(Array.from({ length: 8 }, () => world.store.claimTurn('account', 60_000)));
  expect(claims.filter(Boolean)).toHaveLength(1);
  expect(await world.store.claimTurn('reconcile', 60_000)).toBe(true);
  await world.redis.pexpire(`${world.prefix}:turn:account`, 0);
  expect(await world.store.claimTurn('account', 60_000)).toBe(true);
});
