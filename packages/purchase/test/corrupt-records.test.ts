import { StorageError, taskUuidOf, type SubmissionRef } from '@darkroom/contracts';
import { intentKey, resultKey } from '@darkroom/object-storage';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { settle, submit } from '../src/index.ts';
import { startPurchaseWorld, type PurchaseWorld } from './purchase-world.ts';

/** An object under the key of an S3 record that is not that record: no worker buys from it, nothing is lost, and the error names it. */

let world: PurchaseWorld;
beforeAll(async () => {
  world = await startPurchaseWorld();
});
afterAll(() => world.stop());

const corruptions: Record<string, (ref: SubmissionRef, sound: unknown) => string | Uint8Array> = {
  'nothing at all': () => '',
  'half of it': (_ref, sound) => JSON.stringify(sound).slice(0, 100),
  'JSON of something else': () => '[null]',
  'another version of it': (_ref, sound) => JSON.stringify({ ...(sound as object), version: 2 }),
  'that of another submission': (ref, sound) => JSON.stringify({ ...(sound as object), n: 7, taskUUID: taskUuidOf({ ...ref, n: 7 }) }),
  'money that is none': (_ref, sound) => JSON.stringify(sound).replace(/"amountNanoUsd":\d+/, '"amountNanoUsd":-1'),
  'ten megabytes': () => ' '.repeat(10 * 1024 * 1024),
  'no UTF-8': () => new Uint8Array([0x7b, 0xff, 0xfe, 0x7d]),
};

const codeOf = async (run: Promise<unknown>): Promise<unknown> => {
  const error: unknown = await run.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return error instanceof StorageError ? { code: error.code, key: error.details['key'] } : error;
};

test.for(Object.entries(corruptions))('an intent that is %s: its submission is never bought, and others are', async ([, corrupt]) => {
  const ref = await world.enqueue();
  const sound = { version: 1, ...ref, taskUUID: taskUuidOf(ref), reservation: { amountNanoUsd: 1, periods: ['all:day:2026-11-22'] } };
  const key = intentKey(ref, 0);
  await world.writeObject(key, corrupt(ref, sound));
  for (let run = 0; run < 3; run += 1) expect(await codeOf(submit(world.purchase(), ref))).toEqual({ code: 'storage.corrupt-record', key });
  expect(await world.billed(ref, 'submission')).toBe(0);
  const submission = await world.redis.hgetall(`${world.prefix}:submission:${ref.generationId}:0-1`);
  expect(submission).toMatchObject({ status: 'planned', held: '1' });
  expect(Object.keys(submission).filter((field) => field.startsWith('send:'))).toEqual([]);

  const other = await world.enqueue();
  expect(await submit(world.purchase(), other)).toEqual({ kind: 'submitted' });
});

test.for(Object.entries(corruptions))(
  'a result that is %s: the image is kept, its hold stays, and its settlement waits',
  async ([, corrupt]) => {
    const ref = await world.enqueue();
    expect(await submit(world.purchase(), ref)).toEqual({ kind: 'submitted' });
    await world.executed(ref);
    await world.uploaded(ref);
    const sound = { version: 1, ...ref, taskUUID: taskUuidOf(ref), reservation: { amountNanoUsd: 1, periods: ['all:day:2026-11-22'] } };
    const key = resultKey(ref);
    await world.writeObject(key, corrupt(ref, sound));
    for (let run = 0; run < 2; run += 1)
      expect(await codeOf(settle(world.purchase(), ref))).toEqual({ code: 'storage.corrupt-record', key });
    expect((await world.storage.readImage(ref, 'JPG')).kind).toBe('found');
    expect(await world.redis.hgetall(`${world.prefix}:submission:${ref.generationId}:0-1`)).toMatchObject({
      status: 'accepted',
      held: '1',
    });
    expect(await world.billed(ref, 'submission')).toBe(1);
  },
);
