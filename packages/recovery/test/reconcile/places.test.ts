import { photograph } from '@darkroom/testing';
import { expect, test } from 'vitest';
import { restoreForgotten } from '../../src/index.ts';
import { setup } from './world.ts';

/** Places at the provider, which is asked to do no more than so many tasks at once. */
test('sends that Redis forgot have their places again, beyond the limit too, and nothing else is sent until it fits', async () => {
  await using world = await setup();
  const goBack = await photograph(world);
  const refs = await world.enqueue(3);
  for (const ref of refs) await world.send(ref);
  await goBack();
  await world.redis.hset(`${world.prefix}:limits`, 'tasksAtProvider', 2);
  await restoreForgotten(world.recovery);
  expect(await world.store.readTasksAtProvider()).toEqual({ count: 3, limit: 2 });
  const [next] = await world.enqueue();
  expect(await world.store.commit(next, 'a')).toMatchObject({ kind: 'stop', reason: 'busy' });
  await world.finish(refs[0]);
  expect(await world.store.commit(next, 'b')).toMatchObject({ kind: 'stop', reason: 'busy' });
  await world.finish(refs[1]!);
  expect(await world.store.commit(next, 'c')).toMatchObject({ kind: 'go' });
});

test('a pass gives what is under way the places that are missing, and no other', async () => {
  await using world = await setup();
  const [underWay, , home] = await world.enqueue(3);
  await world.send(underWay);
  await world.send(home!);
  await world.finish(home!);
  await world.redis.del(`${world.prefix}:tasks-at-provider`);
  expect((await world.pass()).summary).toEqual({});
  expect(await world.redis.zrange(`${world.prefix}:tasks-at-provider`, '0', '-1')).toEqual([`${underWay.generationId}/0-1`]);
});
