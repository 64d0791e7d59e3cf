import type { SubmissionRef } from '@darkroom/contracts';
import { intentKey } from '@darkroom/object-storage';
import { jobIdOf } from '@darkroom/queues';
import { expect, test } from 'vitest';
import type { Finding, Reconciler } from '../../src/index.ts';
import { setup, type World } from './world.ts';

const today = (): string => new Date().toISOString().slice(0, 10);

const corruptions: Record<string, (world: World, ref: SubmissionRef) => Promise<unknown>> = {
  'money that is none': (world, ref) => world.redis.hset(world.submissionKey(ref), 'reserved', 'NaN'),
  'an unknown status': (world, ref) => world.redis.hset(world.submissionKey(ref), 'status', 'developing'),
  'endless submissions': (world, ref) => world.redis.hset(world.generationKey(ref), 'latest:0', '2001'),
  'a number of images that is none': (world, ref) => world.redis.hset(world.generationKey(ref), 'images', 'many'),
  'a generation of another type': async (world, ref) => {
    await world.redis.del(world.generationKey(ref));
    await world.redis.set(world.generationKey(ref), 'x');
  },
  'a submission of another type': async (world, ref) => {
    await world.redis.del(world.submissionKey(ref));
    await world.redis.set(world.submissionKey(ref), 'x');
  },
};

test.for(Object.entries(corruptions))('%s: the pass names it, and puts right what is wrong with others', async ([, corrupt]) => {
  await using world = await setup();
  const [wrong] = await world.enqueue();
  const [other] = await world.enqueue();
  await corrupt(world, wrong);
  await world.redis.hset(world.submissionKey(other), 'held', '0');
  for (const isThorough of [false, true]) {
    const { outcome, summary, named } = await world.pass({ isThorough });
    expect(outcome).toBe('whole');
    expect(Object.keys(summary)).toContain('record-corrupt');
    expect(named).toContainEqual(
      expect.objectContaining({
        kind: 'record-corrupt',
        generationId: wrong.generationId,
        detail: expect.stringContaining('is corrupt'),
      }),
    );
  }
  expect(await world.redis.hget(world.submissionKey(other), 'held')).toBe('due');
});

test('a sum of the ledger that cannot be read is named, and the rest of the pass is made', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  const [period] = Object.keys(await world.reserved());
  await world.redis.hset(`${world.prefix}:spend:${period}`, 'reserved', 'nan');
  await world.redis.hset(world.generationKey(ref), 'live', '7');
  const { outcome, named, summary } = await world.pass({ isThorough: true });
  expect(outcome).toBe('whole');
  expect(Object.keys(summary)).toContain('miscounted');
  expect(named).toContainEqual(expect.objectContaining({ kind: 'record-corrupt', detail: expect.stringContaining(`:spend:${period}`) }));
});

test('whatever entries and objects hold, passes are whole and name each once with its key', async () => {
  await using world = await setup();
  const { prefix, redis, s3, settlements, submissions } = world;
  const day = today();
  const [damaged] = await world.enqueue();
  const [unknown] = await world.enqueue();
  const [jobless] = await world.enqueue();
  for (const ref of [damaged, unknown, jobless]) await world.send(ref);
  await s3.put(intentKey(damaged, 0), '{"version":1}');
  await s3.put(intentKey(unknown, 0), JSON.stringify({ ...(await world.storage.findIntent(unknown, 0)), version: 99 }));
  for (const ref of [damaged, unknown]) {
    await redis.del(world.submissionKey(ref), world.generationKey(ref));
    await world.store.recordDelivery(ref, { body: '{}' });
  }
  await redis.zrem(`${prefix}:open`, damaged.generationId);
  await redis.lpush(`${prefix}:deliveries-unclaimed`, 'nonsense');
  await redis.zadd(`${prefix}:open`, '1', 'no-id');
  await redis.set(`${prefix}:idempotency:acme:${'a'.repeat(64)}`, 'x');
  await redis.hset(`${prefix}:idempotency:acme:${'b'.repeat(64)}`, 'generationId', 'no-id');
  const foreign = [`records/${day}/notes.txt`, `images/${day.replaceAll('-', '/')}/notes.txt`, 'staging/notes.txt'];
  for (const key of foreign) await s3.put(key, 'x');
  await settlements.queue.remove(jobIdOf(jobless));
  await redis.set(settlements.queue.toKey(jobIdOf(jobless)), 'x');
  await redis.set(submissions.queue.toKey('failed'), 'x');
  await redis.set(`${prefix}:spend:all:day:2020-01-01`, 'x');

  const noted: Finding[] = [];
  const parts = ({ around }: Reconciler) => ({ around: { ...around, note: (finding: Finding) => void noted.push(finding) } });
  const repaired: (string | null)[] = [];
  for (let pass = 0; pass < 3; pass += 1) {
    const [other] = await world.enqueue();
    await redis.hset(world.submissionKey(other), 'held', '0');
    expect((await world.pass({ isThorough: true, parts })).outcome).toBe('whole');
    repaired.push(await redis.hget(world.submissionKey(other), 'held'));
  }
  expect(repaired, 'what each pass had to repair beside them').toEqual(['due', 'due', 'due']);

  const named = noted.filter(({ action }) => action === 'named').map(({ kind, place }) => `${kind} ${JSON.stringify(place)}`);
  const words = [
    `unclaimed-delivery.*${damaged.generationId}.*${intentKey(damaged, 0)}`,
    `unclaimed-delivery.*${unknown.generationId}.*${intentKey(unknown, 0)}`,
    `intent-without-record.*${intentKey(damaged, 0)}`,
    'unclaimed-delivery.*it names no submission',
    'open-without-record.*no-id',
    `record-corrupt.*idempotency:acme:aaaa`,
    ...foreign.map((key) => `foreign-object.*${key}`),
    `record-corrupt.*${settlements.queue.toKey(jobIdOf(jobless)).replaceAll(/[{}]/g, String.raw`\$&`)}`,
    'record-corrupt.*the failed jobs',
    'record-corrupt.*:spend:all:day:2020-01-01',
  ];
  for (const word of words)
    expect(
      named.filter((each) => new RegExp(word).test(each)),
      word,
    ).toHaveLength(1);

  // A person has mended what the queue lists: nothing is left over of it.
  await redis.del(submissions.queue.toKey('failed'));
  await world.s3.put(`records/${day}/more.txt`, 'x');
  noted.length = 0;
  await world.pass({ parts });
  expect(noted.filter(({ action }) => action === 'named').map(({ place }) => place.detail)).toEqual([`records/${day}/more.txt`]);
});

test('the report tells of what stands at each pass, and names it with its key', async () => {
  await using world = await setup();
  await world.s3.put(`records/${today()}/notes.txt`, 'x');
  for (let pass = 0; pass < 2; pass += 1)
    expect((await world.pass()).named).toEqual([{ kind: 'foreign-object', detail: `records/${today()}/notes.txt` }]);
});
