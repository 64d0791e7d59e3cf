import { createGenerationId, GENERATION_ID_AHEAD_MS, MAX_CLOCK_SKEW_MS } from '@darkroom/contracts';
import { eventually } from '@darkroom/testing';
import { describe, expect, inject, test } from 'vitest';
import { IMAGE_NANO_USD, startForgetfulWorld } from './forgetful-world.ts';

/** Returns a listing of an S3 that never answers. */
// oxlint-disable-next-line eslint/require-yield -- it never comes to that
async function* neverAnswers(): AsyncGenerator<never, void, undefined> {
  await new Promise<never>(() => undefined);
}

/** A Redis that came back after a kill in an older state, older than its own append-only file. */
describe.skipIf(inject('redisKind') === 'js')('after Redis went back to an earlier moment (needs valkey, redis or Debian packages)', () => {
  test('no worker buys before the comparison with S3, and then all may', async () => {
    await using world = await startForgetfulWorld();
    const ref = await world.enqueue();
    await world.goBack(await world.server.copyData());
    expect(await world.askToBuy(ref)).toBe('recovering');
    expect(await world.store.pauses()).toMatchObject([{ kind: 'restart' }]);
    await world.watch();
    await world.untilCompared();
    expect(await world.store.pauses()).toEqual([]);
    expect(await world.askToBuy(ref)).toBe('go');
  });

  test('a throttle set before the clock of Redis went back does not delay buying', async () => {
    await using world = await startForgetfulWorld();
    await world.throttle(600_000);
    await world.watch();
    await eventually(async () => expect(await world.throttledMs()).toBeLessThanOrEqual(0));
  });

  test('a worker restores a generation that Redis lost after its send, with its money', async () => {
    await using world = await startForgetfulWorld();
    const putBack = await world.server.copyData();
    const ref = await world.enqueue();
    await world.send(ref);
    await world.goBack(putBack);
    expect(await world.store.find(ref.generationId)).toBeUndefined();
    await world.watch();
    await world.untilCompared();
    expect(await world.store.find(ref.generationId)).toMatchObject({ status: 'running' });
    expect(await world.spent()).toEqual({ reserved: IMAGE_NANO_USD, settled: 0 });
    expect(await world.jobOf('settlements', ref)).toBe('delayed');
    await world.succeed(ref);
    expect(await world.spent()).toEqual({ reserved: 0, settled: IMAGE_NANO_USD });
  });

  test('the hold of a lost send counts again before any worker buys', async () => {
    await using world = await startForgetfulWorld(1);
    const soon = { runAt: Date.now() + 1000 };
    const [sent, other] = [await world.enqueue(soon), await world.enqueue(soon)];
    const putBack = await world.server.copyData();
    await eventually(() => world.send(sent));
    expect(await world.askToBuy(other)).toBe('cap');
    await world.goBack(putBack);
    expect(await world.spent()).toEqual({ reserved: 0, settled: 0 });
    await world.watch();
    await world.untilCompared();
    expect(await world.spent()).toEqual({ reserved: IMAGE_NANO_USD, settled: 0 });
    expect(await world.askToBuy(other)).toBe('cap');
  });

  test('a worker lists only records after the checkpoint, and restores their generations', async () => {
    await using world = await startForgetfulWorld();
    const watch = await world.watch();
    const { redis, store } = world;
    const written = async () => Number(await redis.hget('{darkroom}:checkpoint', 'at'));
    const first = await written();
    await eventually(async () => expect(await written(), 'a worker writes it again and again').toBeGreaterThan(first));
    await watch.stop();
    const putBack = await world.server.copyData();
    const [ref, late] = [await world.enqueue(), await world.enqueue({ generationId: createGenerationId(Date.now() - 3_600_000) })];
    for (const each of [ref, late]) await world.send(each);
    await world.storage.recordLateId({ generationId: late.generationId, createdAt: Date.now() });
    await world.goBack(putBack);
    const back = (await store.findCheckpoint())?.at ?? 0;
    const begins: string[] = [];
    await world.watch({
      archive: {
        listRecordsBetween: (date, from, ...rest) => {
          begins.push(from);
          return world.storage.listRecordsBetween(date, from, ...rest);
        },
      },
    });
    await world.untilCompared();
    for (const { generationId } of [ref, late]) expect(await store.find(generationId)).toMatchObject({ status: 'running' });
    expect(await world.spent()).toEqual({ reserved: 2 * IMAGE_NANO_USD, settled: 0 });
    const slackMs = GENERATION_ID_AHEAD_MS + MAX_CLOCK_SKEW_MS;
    expect(begins.toSorted()).toEqual([late.generationId, createGenerationId(back - slackMs).slice(0, 13)].toSorted());
    expect(await written()).toBeGreaterThan(back);
  });

  test('behind a checkpoint older than five days an idle store resumes, and a store that lost purchases waits for a rebuild', async () => {
    await using world = await startForgetfulWorld();
    const days = 86_400_000;
    await world.redis.hset('{darkroom}:checkpoint', 'at', Date.now() - 6 * days);
    const idle = await world.server.copyData();
    await world.goBack(idle);
    const watch = await world.watch();
    await world.untilCompared();
    await watch.stop();
    const ref = await world.enqueue();
    await world.send(ref);
    await world.goBack(idle);
    let compared = 0;
    await world.watch({
      store: {
        findCheckpoint: () => {
          compared += 1;
          return world.store.findCheckpoint();
        },
      },
    });
    await eventually(async () =>
      expect(await world.store.pauses()).toMatchObject([{ kind: 'restart', reason: expect.stringContaining('rebuild') as string }]),
    );
    await eventually(() => expect(compared).toBe(1));
    expect(await world.askToBuy(ref)).toBe('recovering');
    expect(await world.store.find(ref.generationId)).toBeUndefined();
  });

  test('a worker restores an end that Redis lost', async () => {
    await using world = await startForgetfulWorld();
    const ref = await world.enqueue();
    await world.send(ref);
    const putBack = await world.server.copyData();
    await world.succeed(ref);
    await world.goBack(putBack);
    await world.watch();
    await world.untilCompared();
    expect(await world.store.find(ref.generationId)).toMatchObject({ status: 'succeeded', costUsd: '0.02' });
    expect(await world.spent()).toEqual({ reserved: 0, settled: IMAGE_NANO_USD });
  });

  test('a second restart in the middle of a comparison makes it start over', async () => {
    await using world = await startForgetfulWorld();
    const putBack = await world.server.copyData();
    const ref = await world.enqueue();
    await world.send(ref);
    await world.goBack(putBack);
    let confirmations = 0;
    await world.watch({
      store: {
        confirmComparison: async (compared) => {
          confirmations += 1;
          // Redis loses once more what this comparison restored.
          if (confirmations === 1) await world.goBack(putBack);
          return world.store.confirmComparison(compared);
        },
      },
    });
    await world.untilCompared();
    expect(confirmations).toBe(2);
    expect(await world.store.find(ref.generationId)).toMatchObject({ status: 'running' });
    expect(await world.spent()).toEqual({ reserved: IMAGE_NANO_USD, settled: 0 });
  });

  test('another worker compares when the comparing worker is killed', async () => {
    await using world = await startForgetfulWorld();
    const putBack = await world.server.copyData();
    const ref = await world.enqueue();
    await world.send(ref);
    await world.goBack(putBack);
    let begun = false;
    await world.watch({
      archive: {
        listRecordsBetween: () => {
          begun = true;
          return neverAnswers();
        },
      },
      // A dead worker renews no turn.
      store: { claimTurn: async (...turn) => !begun && world.store.claimTurn(...turn) },
    });
    await eventually(() => expect(begun).toBe(true));
    await world.watch();
    await world.untilCompared();
    expect(await world.store.find(ref.generationId)).toMatchObject({ status: 'running' });
  });

  test('buying waits while S3 does not return the caps', () =>
    expectToWaitForS3((storage, reach) => ({
      settings: {
        findNewestSetting: async (kind) => {
          reach();
          return storage.findNewestSetting(kind);
        },
      },
    })));

  test('buying waits exactly as long as S3 is away', () =>
    expectToWaitForS3((storage, reach) => ({
      archive: {
        listRecordsBetween: (...between) => {
          reach();
          return storage.listRecordsBetween(...between);
        },
      },
    })));

  test('a generation enqueued while no worker runs holds no money, and a worker buys it later under the caps', async () => {
    await using world = await startForgetfulWorld(2);
    await world.enqueue();
    await world.goBack(await world.server.copyData());
    const refs = [await world.enqueue(), await world.enqueue(), await world.enqueue()];
    expect(await world.spent()).toEqual({ reserved: IMAGE_NANO_USD, settled: 0 });
    await world.watch();
    await world.untilCompared();
    expect([await world.askToBuy(refs[0]!), await world.askToBuy(refs[1]!), await world.askToBuy(refs[2]!)]).toEqual(['go', 'cap', 'cap']);
    expect(await world.spent()).toEqual({ reserved: 2 * IMAGE_NANO_USD, settled: 0 });
  });

  test('a generation cancelled before its lost send was restored comes home late', async () => {
    await using world = await startForgetfulWorld();
    const ref = await world.enqueue();
    const putBack = await world.server.copyData();
    await world.send(ref);
    await world.goBack(putBack);
    expect(await world.store.cancel(ref.generationId)).toBe('cancelled');
    await world.watch();
    await world.untilCompared();
    expect(await world.jobOf('settlements', ref)).toBe('delayed');
    await world.succeed(ref);
    expect(await world.store.find(ref.generationId)).toMatchObject({ status: 'cancelled', amended: true, costUsd: '0.02' });
  });

  test('a generation whose deadline passes meanwhile keeps its hold until it comes home', async () => {
    await using world = await startForgetfulWorld();
    const deadlineAt = Date.now() + 1500;
    const ref = await world.enqueue({ deadlineAt });
    const putBack = await world.server.copyData();
    await world.send(ref);
    await world.goBack(putBack);
    await eventually(() => expect(Date.now()).toBeGreaterThan(deadlineAt));
    expect(await world.askToBuy(ref)).toBe('recovering');
    await world.store.beginSettlement(ref);
    expect((await world.store.find(ref.generationId))?.status).toBe('queued');
    await world.watch();
    await world.untilCompared();
    await world.store.beginSettlement(ref);
    expect((await world.store.find(ref.generationId))?.status).toBe('expired');
    expect(await world.spent()).toEqual({ reserved: IMAGE_NANO_USD, settled: 0 });
  });

  test('a watch stops before its start, twice and while Redis is away', async () => {
    await using world = await startForgetfulWorld();
    const watch = await world.watch();
    await world.untilCompared();
    await Promise.all([watch.stop(), watch.stop()]);
    await watch.start?.();
  });
});

type ForgetfulWorld = Awaited<ReturnType<typeof startForgetfulWorld>>;

/** Checks that buying waits while S3 is away for two looks, and resumes at the third. @param partsOf Calls `reach` at each look. */
async function expectToWaitForS3(
  partsOf: (storage: ForgetfulWorld['storage'], reach: () => void) => Parameters<ForgetfulWorld['watch']>[0],
): Promise<void> {
  await using world = await startForgetfulWorld();
  const ref = await world.enqueue();
  await world.goBack(await world.server.copyData());
  let tries = 0;
  await world.watch(
    partsOf(world.storage, () => {
      tries += 1;
      if (tries < 3) throw new Error('S3 is away');
    }),
  );
  await eventually(() => expect(tries).toBe(2));
  expect(await world.askToBuy(ref)).toBe('recovering');
  await world.untilCompared();
  expect(await world.askToBuy(ref)).toBe('go');
}
