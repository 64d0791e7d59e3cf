import type { SubmissionRef, SubmissionResult, SubmitVerdict } from '@darkroom/contracts';
import { reserveRedis } from '@darkroom/testing';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { expectLegalMoves, expectSound, takePicture } from './invariants.ts';
import { ended, IMAGE_NANO_USD, setupAt, type SteadyWorld } from './world.ts';

const HOUR_MS = 3_600_000;
/** A few hours before a day, a month and a year end. */
const START = Date.UTC(2027, 11, 31, 20);
/** Sequences begun after this many milliseconds are left out, so that a busy machine ends in time. */
const BUDGET_MS = 20_000;

/** Something that a worker, a receiver, a caller or the clock does to one generation. */
type Step =
  | { do: 'commit'; on: Target }
  | { do: 'verdict'; on: Target; send: number; verdict: SubmitVerdict['kind'] }
  | { do: 'settle'; on: Target; status: SubmissionResult['status']; costNanoUsd: number; mayResubmit: boolean; countsAsFailure: boolean }
  | { do: 'look'; on: Target }
  | { do: 'delivery'; on: Target; body: string }
  | { do: 'adopt'; on: Target }
  | { do: 'facts'; on: Target }
  | { do: 'refusal-seen'; on: Target; send: number }
  | { do: 'asked'; on: Target; answer: 'known' | 'not-known' }
  | { do: 'cap'; images: number }
  | { do: 'pause'; isOn: boolean }
  | { do: 'clock'; hours: number }
  | { do: 'cancel' | 'deadline' };
/** Which submission: of the images and numbers that there are, counted round. */
interface Target {
  image: number;
  n: number;
}

const on = fc.record({ image: fc.nat(2), n: fc.nat(3) });
const verdict = fc.constantFrom<SubmitVerdict['kind'][]>('accepted', 'unknown', 'conflict', 'refused', 'throttled', 'account', 'not-sent');
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('commit' as const), on }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('verdict' as const), on, send: fc.integer({ min: 1, max: 3 }), verdict }) },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('settle' as const),
      on,
      status: fc.constantFrom<SubmissionResult['status'][]>('succeeded', 'failed', 'failed', 'lost', 'unknown'),
      costNanoUsd: fc.constantFrom(0, 7_000_000, IMAGE_NANO_USD, 24_000_000),
      mayResubmit: fc.boolean(),
      countsAsFailure: fc.boolean(),
    }),
  },
  fc.record({ do: fc.constant('look' as const), on }),
  fc.record({ do: fc.constant('delivery' as const), on, body: fc.constantFrom('a', 'b') }),
  fc.record({ do: fc.constant('adopt' as const), on }),
  fc.record({ do: fc.constant('facts' as const), on }),
  fc.record({ do: fc.constant('refusal-seen' as const), on, send: fc.integer({ min: 1, max: 3 }) }),
  fc.record({ do: fc.constant('asked' as const), on, answer: fc.constantFrom('known' as const, 'not-known' as const) }),
  fc.record({ do: fc.constant('cap' as const), images: fc.integer({ min: 1, max: 8 }) }),
  fc.record({ do: fc.constant('pause' as const), isOn: fc.boolean() }),
  fc.record({ do: fc.constant('clock' as const), hours: fc.integer({ min: 1, max: 40 }) }),
  fc.record({ do: fc.constantFrom('cancel' as const, 'deadline' as const) }),
);

test('whatever happens in whatever order: money adds up, what is final stays, and the fold agrees with its images', async () => {
  // Each step reads all keys of its Redis: beside other tests there may be a million.
  await using redis = await reserveRedis({ appendfsync: 'no' });
  await redis.start();
  await using world = await setupAt(START, redis.url);
  const start = performance.now();
  let ran = 0;
  const order = fc.record({ images: fc.integer({ min: 1, max: 3 }), hoursAhead: fc.constantFrom(0, 0, 5) });
  await fc.assert(
    fc.asyncProperty(order, fc.array(step, { minLength: 4, maxLength: 24 }), async ({ images, hoursAhead }, steps) => {
      // fast-check's own limits leave the last sequence running while the connection closes below it.
      if (performance.now() - start > BUDGET_MS) return;
      ran += 1;
      await forgetAll(world);
      const [{ generationId }] = await world.enqueue(images, hoursAhead === 0 ? {} : { runAt: START + hoursAhead * HOUR_MS });
      let picture = await takePicture(world, generationId);
      expectSound(picture);
      for (const each of steps) {
        await take(world, generationId, each, ({ image, n }) => {
          const index = image % images;
          return { generationId, index, n: (n % picture.submissions[index]!.length) + 1 };
        });
        const next = await takePicture(world, generationId);
        expectSound(next);
        expectLegalMoves(picture, next);
        picture = next;
      }
    }),
    { numRuns: 200 },
  );
  expect(ran).toBeGreaterThan(100);
}, 60_000);

async function take(
  { store, redis, prefix, time, setTime }: SteadyWorld,
  generationId: string,
  step: Step,
  find: (target: Target) => SubmissionRef,
): Promise<void> {
  switch (step.do) {
    case 'commit':
      await store.commit(find(step.on), `token-${Math.random()}`);
      break;
    case 'verdict': {
      // Also of a send that was not opened: Redis may have forgotten it.
      await store.recordVerdict(find(step.on), step.send, step.verdict);
      break;
    }
    case 'settle': {
      const ref = find(step.on);
      await store.settle(ref, ended(ref, step.status, { ...step, mayResubmit: step.status === 'failed' && step.mayResubmit }));
      break;
    }
    case 'look':
      await store.beginSettlement(find(step.on));
      break;
    case 'delivery':
      await store.recordDelivery(find(step.on), { body: step.body });
      break;
    case 'adopt':
      await store.adoptIntent(find(step.on), 1_700_000_000_000);
      break;
    case 'facts':
      await store.recordFacts(find(step.on), { seed: 1 });
      break;
    case 'refusal-seen':
      await store.recordRefusalSeen(find(step.on), step.send);
      break;
    case 'asked':
      await store.recordLook(find(step.on), step.answer);
      break;
    case 'cap':
      await store.setCaps({ allPerDay: step.images * IMAGE_NANO_USD });
      break;
    case 'pause':
      await (step.isOn ? store.pauseBuying({ kind: 'account', reason: 'test', since: 1 }) : store.resumeBuying(['account']));
      break;
    case 'clock':
      await setTime((await time()) + step.hours * HOUR_MS);
      break;
    case 'cancel':
      expect(await store.cancel(generationId)).toBeDefined();
      break;
    case 'deadline':
      await redis.hset(`${prefix}:generation:${generationId}`, 'deadlineAt', '1');
      break;
    default:
      step satisfies never;
  }
}

/** Each run starts with a store that knows nothing but its epoch, the time, and a cap that is not in the way. */
async function forgetAll({ redis, prefix, store, setTime }: SteadyWorld): Promise<void> {
  const keys = await redis.keys(`${prefix}:*`);
  if (keys.length > 0) await redis.del(keys);
  await setTime(START);
  await store.setCaps({ allPerDay: 1000 * IMAGE_NANO_USD });
  await store.initialise('epoch-1');
}
