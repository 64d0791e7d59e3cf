import { expect, test } from 'vitest';
import { jobIdOf } from '@darkroom/queues';
import { reconcile, type Reconciler } from '../../src/index.ts';
import { setup, type World } from './world.ts';

const signal = new AbortController().signal;

/** Damage of many kinds at once. */
async function damage(world: World): Promise<void> {
  const refs = await world.enqueue(5);
  for (const ref of refs.slice(1)) await world.send(ref);
  await world.submissions.queue.remove(jobIdOf(refs[0]));
  await world.settlements.queue.remove(jobIdOf(refs[1]!));
  await world.redis.hset(world.submissionKey(refs[2]!), 'held', '0');
  await world.finish(refs[3]!);
  await world.redis.hset(world.generationKey(refs[0]), 'live', 9);
  await world.redis.zadd(`${world.prefix}:open`, 1, '01a20387-ac6e-73a4-aa9b-72449c0335ff');
}

test('only one pass at a time, and the next one can begin when it is over', async () => {
  await using world = await setup();
  await damage(world);
  const seen: unknown[] = [];
  const betweenLooks = async () => void seen.push(await reconcile(world.reconciler(), { signal }));
  expect((await world.pass({ betweenLooks })).outcome).toBe('whole');
  expect(seen).toEqual([undefined]);
  expect(await reconcile(world.reconciler(), { signal })).toMatchObject({ outcome: 'whole', findings: {} });
});

test('a pass that is told to stop ends at once, and leaves the turn to others', async () => {
  await using world = await setup();
  await damage(world);
  const stopping = new AbortController();
  const report = await world.pass({ signal: stopping.signal, betweenLooks: async () => stopping.abort() });
  expect(report.outcome).toBe('stopped');
  expect(await world.store.find('x')).toBeUndefined();
  expect((await world.pass()).outcome).toBe('whole');
});

test('a pass that has lost its turn ends at once', async () => {
  await using world = await setup();
  await damage(world);
  const betweenLooks = async () => void (await world.redis.set(`${world.prefix}:turn:reconcile`, 'another'));
  expect((await world.pass({ betweenLooks })).outcome).toBe('stopped');
  expect(await world.redis.get(`${world.prefix}:turn:reconcile`), 'the turn of the other').toBe('another');
});

test('a store that is not open is left to a rebuild', async () => {
  await using world = await setup();
  await damage(world);
  await world.redis.del(`${world.prefix}:epoch`);
  const before = await world.everything();
  expect(await world.pass()).toMatchObject({ outcome: 'not-initialised', summary: {} });
  expect(await world.everything()).toEqual(before);
});

test(
  'killed after any call, a pass is made good by the next one, and after that there is nothing to find',
  { timeout: 60_000 },
  async () => {
    await using world = await setup();
    for (let survived = 0, calls = Infinity; survived < calls; survived += 7) {
      await damage(world);
      let made = 0;
      const dying = <T extends object>(part: T): T =>
        new Proxy(part, {
          get(target, name) {
            const value: unknown = Reflect.get(target, name);
            if (typeof value !== 'function') return value;
            return (...args: unknown[]): unknown => {
              made += 1;
              if (made > survived) throw new Error('killed');
              return value.apply(target, args);
            };
          },
        });
      const parts = ({ store, archive, submissions, settlements }: Reconciler) => ({
        store: { ...dying(store), endTurn: async () => undefined },
        archive: dying(archive),
        submissions: { keeper: dying(submissions.keeper), renumber: submissions.renumber },
        settlements: { ...dying(settlements), keeper: dying(settlements.keeper) },
      });
      await reconcile({ ...world.reconciler(), ...parts(world.reconciler()) }, { signal }).catch(() => undefined);
      calls = made > survived ? Infinity : made;
      await world.redis.del(`${world.prefix}:turn:reconcile`); // it ends by itself, after a minute
      await world.pass({ isThorough: true });
      expect((await world.pass({ isThorough: true })).summary, `killed at call ${survived}`).toEqual({});
    }
  },
);
