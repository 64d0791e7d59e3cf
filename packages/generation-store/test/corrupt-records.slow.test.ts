import { CorruptRecordError, type SubmissionRef } from '@darkroom/contracts';
import { reserveRedis } from '@darkroom/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ended, newGeneration, nextOf, setup, type World } from './world.ts';

// Most of these tests read all keys of their Redis.
let server: Awaited<ReturnType<typeof reserveRedis>>;
beforeAll(async () => {
  server = await reserveRedis({ appendfsync: 'no' });
  await server.start();
});
afterAll(() => server[Symbol.asyncDispose]());
const setupHere = (): Promise<World> => setup({}, server.url);

type Corrupt = (world: World, ref: SubmissionRef) => Promise<unknown>;
const generationKey = ({ prefix }: World, { generationId }: SubmissionRef): string => `${prefix}:generation:${generationId}`;
const requestKey = (world: World, ref: SubmissionRef): string => `${generationKey(world, ref)}:request`;
const submissionKey = ({ prefix }: World, { generationId, index, n }: SubmissionRef): string =>
  `${prefix}:submission:${generationId}:${index}-${n}`;

const ofGeneration =
  (field: string, value: string): Corrupt =>
  (world, ref) =>
    world.redis.hset(generationKey(world, ref), field, value);
const ofSubmission =
  (field: string, value: string): Corrupt =>
  (world, ref) =>
    world.redis.hset(submissionKey(world, ref), field, value);
const without =
  (keyOf: typeof generationKey, field: string): Corrupt =>
  (world, ref) =>
    world.redis.hdel(keyOf(world, ref), field);
const ofEachPeriod =
  (change: (world: World, key: string) => Promise<unknown>): Corrupt =>
  async (world) => {
    for (const period of Object.keys(await world.ledger())) await change(world, `${world.prefix}:spend:${period}`);
  };
const replacedBy =
  (keyOf: typeof generationKey): Corrupt =>
  async (world, ref) => {
    await world.redis.del(keyOf(world, ref));
    await world.redis.rpush(keyOf(world, ref), 'something else');
  };
const numbers = ['', 'NaN', 'nan', 'inf', '-', '1.5', '1e9', '0x10', ' 1', '99999999999999999999', '\u0000'];

/** Damage to the keys of one generation. */
const corruptions: Record<string, Corrupt> = {
  ...Object.fromEntries(numbers.map((value) => [`the money of a submission is ${JSON.stringify(value)}`, ofSubmission('reserved', value)])),
  ...Object.fromEntries(numbers.map((value) => [`the number of images is ${JSON.stringify(value)}`, ofGeneration('images', value)])),
  'the generation has no image': ofGeneration('images', '0'),
  'the generation has too many images': ofGeneration('images', '21'),
  'the generation has an unknown status': ofGeneration('status', 'developing'),
  'the generation has no status': without(generationKey, 'status'),
  'the generation does not count what lives': without(generationKey, 'live'),
  'the generation has a cost that is none': ofGeneration('cost', 'a lot'),
  'the generation has a deadline that is none': ofGeneration('deadlineAt', 'soon'),
  'the generation has no deadline, not even an empty one': without(generationKey, 'deadlineAt'),
  'the generation is to run at no time': ofGeneration('runAt', 'later'),
  'the generation has a tenant that is none': ofGeneration('tenant', 'a b:c'),
  'the generation has no tenant': without(generationKey, 'tenant'),
  'the generation has no request': without(generationKey, 'outline'),
  'the generation stays for no time': ofGeneration('retentionSeconds', 'for ever'),
  'an image has an unknown status': ofGeneration('image:0', 'blurred'),
  'an image has no submission': without(generationKey, 'latest:0'),
  'an image has endless submissions': ofGeneration('latest:0', '999999999999'),
  'an image has submissions before the first': ofGeneration('latest:0', '-5'),
  'the submission has an unknown status': ofSubmission('status', 'bought twice'),
  'the submission has no status': without(submissionKey, 'status'),
  'the submission counts its sends in words': ofSubmission('sends', 'two'),
  'the submission counts no sends': without(submissionKey, 'sends'),
  'the submission counts its rounds in words': ofSubmission('round', 'x'),
  'the submission counts its failures in words': ofSubmission('failures', 'x'),
  'the submission counts its refusals in words': ofSubmission('rejections', 'x'),
  'the submission has a first send at no time': ofSubmission('firstSentAt', 'yesterday'),
  'the submission has money that is neither held nor given back': ofSubmission('held', 'maybe'),
  'the submission has no hold': without(submissionKey, 'held'),
  'the submission has a hold in no period': ofSubmission('periods', ''),
  'the submission has a hold in periods that are none': ofSubmission('periods', 'all:day:2026-11-22 ../caps *'),
  'the submission has settled money that is none': ofSubmission('settled', 'x'),
  'the generation is of another type': replacedBy(generationKey),
  'the submission is of another type': replacedBy(submissionKey),
  'the ledger holds a sum that is none': ofEachPeriod((world, key) => world.redis.hset(key, 'reserved', 'NaN')),
  'the ledger has settled a sum that is none': ofEachPeriod((world, key) => world.redis.hset(key, 'settled', '1e400')),
  'the ledger is of another type': ofEachPeriod(async (world, key) => {
    await world.redis.del(key);
    await world.redis.set(key, 'x');
  }),
  'a cap is none': (world) => world.redis.hset(`${world.prefix}:caps`, 'all:day', 'lots'),
  'a cap is not a number': (world) => world.redis.hset(`${world.prefix}:caps`, 'tenant:month', 'nan'),
  'the caps are of another type': async (world) => {
    await world.redis.del(`${world.prefix}:caps`);
    await world.redis.set(`${world.prefix}:caps`, '1000');
  },
  'the pauses are of another type': (world) => world.redis.set(`${world.prefix}:buying-paused`, 'no'),
};

/** Everything that a worker, a receiver or a caller does with a submission. */
const steps: Record<string, (world: World, ref: SubmissionRef) => Promise<unknown>> = {
  commit: ({ store }, ref) => store.commit(ref, 'another token'),
  'record a verdict': ({ store }, ref) => store.recordVerdict(ref, 1, 'accepted'),
  'begin a settlement': ({ store }, ref) => store.beginSettlement(ref),
  'settle as succeeded': ({ store }, ref) => store.settle(ref, ended(ref, 'succeeded')),
  'settle as failed': ({ store }, ref) => store.settle(ref, ended(ref, 'failed')),
  'record a delivery': ({ store }, ref) => store.recordDelivery(ref, { body: '{}' }),
  find: ({ store }, ref) => store.find(ref.generationId),
  cancel: ({ store }, ref) => store.cancel(ref.generationId),
};

/** A generation that is corrupt in one way, and another that is not. */
async function prepare(bring: (world: World, ref: SubmissionRef) => Promise<void>, corrupt: Corrupt) {
  const world = await setupHere();
  const [ref] = await world.enqueue(2);
  const [neighbour] = await world.enqueue();
  await bring(world, ref);
  await corrupt(world, ref);
  return { world, ref, neighbour };
}

for (const [stage, bring] of Object.entries({
  'that was never sent': async () => undefined,
  'that is under way': async (world: World, ref: SubmissionRef) => void (await world.send(ref)),
})) {
  describe(`a submission ${stage}`, () => {
    test.for(Object.entries(corruptions))('%s: each step is refused by name before it writes, or done whole', async ([what, corrupt]) => {
      // A corrupt ledger, cap or pause concerns all generations; a corrupt generation or submission concerns itself alone.
      const isShared = /cap|ledger|pause/.test(what);
      let { world, ref, neighbour } = await prepare(bring, corrupt);
      for (const [name, step] of Object.entries(steps)) {
        const before = await world.keyspace();
        const outcome: unknown = await step(world, ref).then(
          (value) => ({ value }),
          (error: unknown) => error,
        );
        if (outcome instanceof Error) {
          expect(outcome, name).toBeInstanceOf(CorruptRecordError);
          expect(outcome, name).toMatchObject({ code: 'store.corrupt-record', retryable: false });
          const { key } = (outcome as CorruptRecordError).details;
          expect(Object.keys(before), `${name} names a key that is there`).toContain(key);
          expect(await world.keyspace(), `${name} has written nothing`).toEqual(before);
          continue;
        }
        if (name === 'commit') expect(outcome, 'nothing is bought of it').toMatchObject({ value: { kind: 'stop' } });
        if (!isShared) expect(await world.store.commit(neighbour, 'token'), `${name}: its neighbour goes on`).toMatchObject({ kind: 'go' });
        await world[Symbol.asyncDispose]();
        ({ world, ref, neighbour } = await prepare(bring, corrupt));
      }
      if (!isShared) expect(await world.store.commit(neighbour, 'token'), 'its neighbour goes on').toMatchObject({ kind: 'go' });
      await world[Symbol.asyncDispose]();
    });
  });
}

/** Brings the entry of a generation into the form that 0.1.0 wrote: the entry holds the request, and nothing was outlined. */
async function makeOld(world: World, ref: SubmissionRef): Promise<void> {
  await world.redis.hdel(generationKey(world, ref), 'outline', 'provider', 'model', 'expected');
  await world.redis.del(requestKey(world, ref));
}

test.for([
  // Beside its outline a generation is settled without its request.
  { form: 'a key of its own', keyOf: requestKey, prepareForm: async () => {}, isNeededToSettle: false },
  { form: 'the entry, as 0.1.0 wrote it,', keyOf: generationKey, prepareForm: makeOld, isNeededToSettle: true },
])(
  'a request in $form that cannot be read is not bought, and its send is taken back each time',
  async ({ keyOf, prepareForm, isNeededToSettle }) => {
    await using world = await setupHere();
    const [ref] = await world.enqueue();
    await prepareForm(world, ref);
    for (const request of [
      'not JSON, a secret garden',
      '{"positivePrompt":"a secret garden"',
      '{}',
      '[]',
      'null',
      '"a secret garden"',
      'x'.repeat(10_000_000),
    ]) {
      await world.redis.hset(keyOf(world, ref), 'request', request);
      const error: unknown = await world.store.commit(ref, `token of ${request.slice(0, 9)}`).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(CorruptRecordError);
      expect((error as CorruptRecordError).details).toEqual({ key: keyOf(world, ref) });
      expect(JSON.stringify(error) + String(error) + String((error as Error).cause)).not.toContain('garden');
      const submission = await world.submission(ref);
      expect(submission['status']).toBe('planned');
      expect(Object.keys(submission).filter((field) => field.startsWith('send:'))).toEqual([]);
      if (isNeededToSettle) await expect(world.store.beginSettlement(ref)).rejects.toBeInstanceOf(CorruptRecordError);
      else expect(await world.store.beginSettlement(ref)).toMatchObject({ generationClosed: false });
      await expect(world.store.find(ref.generationId)).rejects.toBeInstanceOf(CorruptRecordError);
    }
  },
);

test('facts that cannot be read are forgotten: the provider is asked again', async () => {
  await using world = await setupHere();
  const [ref] = await world.enqueue();
  await world.send(ref);
  for (const facts of ['{"imageURL":', 'null', '{"seed":"x"}', 'x'.repeat(10_000_000)]) {
    await world.redis.hset(submissionKey(world, ref), 'facts', facts);
    expect((await world.store.beginSettlement(ref))?.facts).toBeUndefined();
  }
});

test('a result that cannot be read is named when the generation is asked for', async () => {
  await using world = await setupHere();
  const [ref] = await world.enqueue();
  await world.send(ref);
  await world.store.settle(ref, ended(ref, 'succeeded'));
  for (const result of ['{"version":1', '{"version":2}', '[]', 'x'.repeat(10_000_000)]) {
    await world.redis.hset(submissionKey(world, ref), 'result', result);
    await expect(world.store.find(ref.generationId)).rejects.toMatchObject({ details: { key: submissionKey(world, ref) } });
  }
});

test('a generation whose record of a submission is gone is named, and its other image comes home', async () => {
  await using world = await setupHere();
  const [lost, kept] = await world.enqueue(2);
  if (kept === undefined) throw new Error('there are two');
  await world.send(kept);
  await world.redis.del(submissionKey(world, lost));
  expect(await world.store.commit(lost, 'token')).toMatchObject({ kind: 'stop', reason: 'no-record' });
  expect(await world.store.settle(kept, ended(kept, 'succeeded'))).toEqual({ kind: 'settled' });
  await expect(world.store.find(lost.generationId)).rejects.toMatchObject({ details: { key: submissionKey(world, lost) } });
});

test('past its deadline a generation with an image that cannot be read stays open, and its other image comes home', async () => {
  await using world = await setupHere();
  const [wrong, sent] = await world.enqueue(2, { deadlineAt: Date.now() + 60_000 });
  if (sent === undefined) throw new Error('there are two');
  await world.send(sent);
  await world.redis.hset(generationKey(world, sent), 'deadlineAt', '1');
  await world.redis.hset(submissionKey(world, wrong), 'reserved', 'NaN');
  expect(await world.store.beginSettlement(sent)).toMatchObject({ status: 'accepted' });
  expect(await world.store.settle(sent, ended(sent, 'succeeded'))).toEqual({ kind: 'settled' });
  await expect(world.store.commit(wrong, 'token')).rejects.toBeInstanceOf(CorruptRecordError);
  // repaired, it goes on
  await world.redis.hset(submissionKey(world, wrong), 'reserved', '20000000');
  expect(await world.store.commit(wrong, 'token')).toMatchObject({ kind: 'stop' });
  expect(await world.store.find(wrong.generationId)).toMatchObject({ status: 'expired' });
});

test('while caps or ledger cannot be read nothing is enqueued, and nothing is written of it', async () => {
  await using world = await setupHere();
  await world.enqueue();
  for (const corrupt of [
    'a cap is none',
    'the caps are of another type',
    'the ledger holds a sum that is none',
    'the ledger is of another type',
  ]) {
    await using other = await setupHere();
    const [ref] = await other.enqueue();
    await corruptions[corrupt]?.(other, ref);
    const before = await other.keyspace();
    await expect(other.store.enqueue(newGeneration())).rejects.toBeInstanceOf(CorruptRecordError);
    expect(await other.keyspace(), corrupt).toEqual(before);
  }
});

test('while caps cannot be read what fails is planned again, and is not bought', async () => {
  await using world = await setupHere();
  const [ref] = await world.enqueue();
  await world.send(ref);
  await corruptions['a cap is none']?.(world, ref);
  expect(await world.store.settle(ref, ended(ref, 'failed'))).toEqual({ kind: 'resubmit', n: 2 });
  await expect(world.store.commit(nextOf(ref), 't')).rejects.toBeInstanceOf(CorruptRecordError);
  expect(await world.spent()).toEqual({ reserved: 0, settled: 0 });
});

test('a set of open generations of another type lets nothing half be enqueued', async () => {
  await using world = await setupHere();
  await world.redis.set(`${world.prefix}:open`, 'x');
  const before = await world.keyspace();
  await expect(world.store.enqueue(newGeneration())).rejects.toBeInstanceOf(CorruptRecordError);
  expect(await world.keyspace()).toEqual(before);
});

test('an open generation without an entry is counted and stops no other', async () => {
  await using world = await setupHere();
  await world.redis.zadd(`${world.prefix}:open`, 1, '017f22e2-79b0-7cc3-98c4-dc0c0c07398f');
  expect(await world.store.readOpenGenerations()).toEqual({
    count: 1,
    oldest: { generationId: '017f22e2-79b0-7cc3-98c4-dc0c0c07398f', createdAt: 1 },
  });
  expect(await world.store.find('017f22e2-79b0-7cc3-98c4-dc0c0c07398f')).toBeUndefined();
  expect(await world.store.cancel('017f22e2-79b0-7cc3-98c4-dc0c0c07398f')).toBeUndefined();
});

test('a pause that cannot be read pauses, and is lifted like any other', async () => {
  await using world = await setupHere();
  const [ref] = await world.enqueue();
  for (const stored of ['', 'because', '{}', '{"reason":7,"since":1}', '{"reason":"x","since":1e300}', 'null']) {
    await world.redis.hset(`${world.prefix}:buying-paused`, 'operator', stored);
    expect(await world.store.pauses()).toEqual([{ kind: 'operator', reason: 'the stored pause cannot be read', since: 0 }]);
    expect(await world.store.commit(ref, stored)).toMatchObject({ kind: 'stop', reason: 'paused' });
    expect(await world.store.resumeBuying(['operator'])).toBe(1);
  }
  expect(await world.store.commit(ref, 'token')).toMatchObject({ kind: 'go' });
});
