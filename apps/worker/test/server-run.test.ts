import { createGenerationId, GENERATION_ID_AHEAD_MS, MAX_CLOCK_SKEW_MS } from '@darkroom/contracts';
import { eventually } from '@darkroom/testing';
import { describe, expect, inject, test } from 'vitest';
import { IMAGE_NANO_USD, startForgetfulWorld } from './forgetful-world.ts';

/** A listing of an S3 that keeps its caller waiting for good. */
const neverAnswers = (): AsyncIterable<never> => ({ [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => undefined) }) });

/** A Redis that was killed and came back with what it knew a while ago, past its own append-only file. */
describe.skipIf(inject('redisKind') === 'js')('after Redis went back to an earlier moment (needs valkey, redis or Debian packages)', () => {
  test('nothing is bought before S3 was asked, and then everything may be', async () => {
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

  test('a throttle whose end was written before the clock of Redis went back does not hold up buying', async () => {
    await using world = await startForgetfulWorld();
    await world.throttle(600_000);
    await world.watch();
    await eventually(async () => expect(await world.throttledMs()).toBeLessThanOrEqual(0));
  });

  test('a generation whose enqueue was forgotten after its send is known again, with its money', async () => {
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

  test('money that was held by a send that was forgotten counts before anything else is bought', async () => {
    await using world = await startForgetfulWorld(1);
    const soon = { runAt: Date.now() + 50 };
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

  test('what came before the checkpoint is not listed again, and what came after it is brought back', async () => {
    await using world = await startForgetfulWorld();
    const watch = await world.watch();
    const { redis, store } = world;
    const written = async () => Number(await redis.hget('{darkroom}:checkpoint', 'at'));
    const first = await written();
    await eventually(async () => expect(await written(), 'it is written again and again').toBeGreaterThan(first));
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

  test('behind a checkpoint of more than five days nothing is bought while purchases are missing, and what stood still goes on', async () => {
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

  test('an end that was forgotten is known again', async () => {
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

  test('a second restart in the middle of the comparison makes it begin anew', async () => {
    await using world = await startForgetfulWorld();
    const putBack = await world.server.copyData();
    const ref = await world.enqueue();
    await world.send(ref);
    await world.goBack(putBack);
    let confirmations = 0;
    await world.watch({
      store: {
        confirmComparison: async (run) => {
          confirmations += 1;
          // What this pass brought back is forgotten once more.
          if (confirmations === 1) await world.goBack(putBack);
          return world.store.confirmComparison(run);
        },
      },
    });
    await world.untilCompared();
    expect(confirmations).toBe(2);
    expect(await world.store.find(ref.generationId)).toMatchObject({ status: 'running' });
    expect(await world.spent()).toEqual({ reserved: IMAGE_NANO_USD, settled: 0 });
  });

  test('another worker compares when the one that began is killed', async () => {
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
      // What is dead renews nothing.
      store: { claimTurn: async (...turn) => !begun && world.store.claimTurn(...turn) },
    });
    await eventually(() => expect(begun).toBe(true));
    await world.watch();
    await world.untilCompared();
    expect(await world.store.find(ref.generationId)).toMatchObject({ status: 'running' });
  });

  test('while S3 does not say which caps hold, buying waits', () =>
    expectToWaitForS3((storage, reach) => ({
      settings: {
        findNewestSetting: async (kind) => {
          reach();
          return storage.findNewestSetting(kind);
        },
      },
    })));

  test('S3 that is away keeps buying waiting, and no longer', () =>
    expectToWaitForS3((storage, reach) => ({
      archive: {
        listRecordsBetween: (...between) => {
          reach();
          return storage.listRecordsBetween(...between);
        },
      },
    })));

  test('what is enqueued while no worker runs is taken, holds no money, and is bought under the caps later', async () => {
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

  test('a generation that was cancelled before its forgotten send was known comes home late', async () => {
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

  test('one whose deadline passes meanwhile keeps its money on hold until it is home', async () => {
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

  test('a watch may be stopped before it started, twice and while Redis is away', async () => {
    await using world = await startForgetfulWorld();
    const watch = await world.watch();
    await world.untilCompared();
    await Promise.all([watch.stop(), watch.stop()]);
    await watch.start?.();
  });
});

type ForgetfulWorld = Awaited<ReturnType<typeof startForgetfulWorld>>;

/** S3 is away for two looks: buying waits for the third, and no longer. @param partsOf Calls `reach` at each look. */
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
