import { requestKey } from '@darkroom/object-storage';
import { expect, test } from 'vitest';
import { setup, type World } from './world.ts';

const labels = { tags: ['spring'], metadata: { order: '7' } };
const keyOf = (world: World, ref: Parameters<World['generationKey']>[0]): string => `${world.generationKey(ref)}:request`;

test('a lost request comes back from S3 with its labels, before a send and after it', async () => {
  await using world = await setup();
  const [sent] = await world.enqueue(1, labels);
  const [unsent] = await world.enqueue(1, labels);
  const { intent } = await world.commit(sent);
  const stored = await world.store.commit(unsent, 'a run that dies after it has written the request');
  if (stored.kind === 'stop') throw new Error(stored.reason);
  await world.store.recordVerdict(unsent, stored.send, 'no-intent');
  const { generationId, provider, model } = stored.intent;
  await world.storage.recordRequest({ generationId, provider, model, request: stored.request, ...labels });
  expect(intent.generationId).toBe(sent.generationId);
  for (const ref of [sent, unsent]) {
    const before = await world.redis.hgetall(keyOf(world, ref));
    expect(before).toMatchObject({ tags: '["spring"]', metadata: '{"order":"7"}' });
    await world.redis.del(keyOf(world, ref));
    await expect(world.store.find(ref.generationId)).rejects.toMatchObject({ code: 'store.corrupt-record' });
    expect((await world.pass()).summary['request-missing']).toBe('1 repaired');
    expect(await world.redis.hgetall(keyOf(world, ref))).toEqual(before);
    expect(await world.store.find(ref.generationId)).toMatchObject(labels);
  }
  expect((await world.pass()).summary).not.toHaveProperty('request-missing');
});

test('a restore of a generation of which more is lost brings its request back with the labels', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue(1, labels);
  await world.send(ref);
  const before = await world.redis.hgetall(keyOf(world, ref));
  await world.redis.del(keyOf(world, ref), world.submissionKey(ref));
  expect((await world.pass()).summary['record-incomplete']).toBe('1 repaired');
  expect(await world.redis.hgetall(keyOf(world, ref))).toEqual(before);
});

test('a request that S3 has not either is lost: nothing is sent, and what may have been sent keeps its money', async () => {
  await using world = await setup();
  const [sent, unsent] = await world.enqueue(2);
  if (unsent === undefined) throw new Error('it has two images');
  const { send } = await world.commit(sent);
  await world.store.recordVerdict(sent, send, 'unknown');
  await world.removeObject(requestKey(sent.generationId));
  await world.redis.del(keyOf(world, sent));
  expect(await world.store.commit(unsent, 't')).toMatchObject({ kind: 'stop', reason: 'request-missing' });
  expect((await world.pass()).summary['request-missing']).toBe('1 named');
  expect(await world.store.commit(unsent, 't')).toMatchObject({ kind: 'stop', reason: 'request-gone' });
  expect(await world.store.commit(sent, 't')).toMatchObject({ kind: 'stop', reason: 'closed' });
  expect([await world.hold(sent), await world.hold(unsent)]).toEqual(['1', '1']);
  expect(await world.store.find(sent.generationId)).toMatchObject({ status: 'running', request: { positivePrompt: '' } });
  expect((await world.pass()).summary).not.toHaveProperty('request-missing');
});

test('another request under its key in S3 is named on every pass and never taken', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  const [other] = await world.enqueue();
  const { request } = (await world.store.find(other.generationId)) ?? {};
  const head = { version: 1, generationId: ref.generationId, provider: 'runware', model: 'xai:grok-imagine@image', salt: 'a'.repeat(32) };
  await world.plant(requestKey(ref.generationId), JSON.stringify({ ...head, request }));
  await world.redis.del(keyOf(world, ref));
  for (let pass = 0; pass < 2; pass += 1) expect((await world.pass()).summary['request-missing']).toBe('1 named');
  expect(await world.store.commit(ref, 't')).toMatchObject({ kind: 'stop', reason: 'request-missing' });
  expect(await world.hold(ref)).toBe('1');
});
