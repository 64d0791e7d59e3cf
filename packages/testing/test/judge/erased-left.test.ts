import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createGenerationId, taskUuidOf } from '@darkroom/contracts';
import { Redis } from 'ioredis';
import { expect, inject, onTestFinished, test } from 'vitest';
import { findErasedLeft } from '../../src/judge/erased-left.ts';
import { uniquePrefix } from '../../src/unique-prefix.ts';

test('the scan names every object and key with words or bytes of an erased order, and no other', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'darkroom-erased-'));
  const redis = new Redis(inject('redisUrl'));
  onTestFinished(async () => {
    redis.disconnect();
    await rm(directory, { recursive: true });
  });
  const [bucketDir, billFile, prefix] = [join(directory, 'bucket'), join(directory, 'bill.jsonl'), uniquePrefix()];
  for (const folder of ['objects', 'blobs']) await mkdir(join(bucketDir, folder), { recursive: true });
  const put = async (key: string, bytes: string): Promise<void> => {
    const name = createHash('sha256').update(key).digest('hex');
    await writeFile(join(bucketDir, 'objects', name), JSON.stringify({ key, blob: name }));
    await writeFile(join(bucketDir, 'blobs', name), bytes);
  };
  const [erased, kept] = [createGenerationId(Date.now()), createGenerationId(Date.now())];
  const made = (id: string) => ({
    kind: 'execution',
    at: 1,
    taskUUID: taskUuidOf({ generationId: id, index: 0, n: 1 }),
    run: 1,
    costUsd: '0.02',
    images: [{ sha256: createHash('sha256').update(`image of ${id}`).digest('hex') }],
  });
  await writeFile(billFile, [erased, kept].map((id) => `${JSON.stringify(made(id))}\n`).join(''));
  const order = (id: string) => ({ ids: [id], images: 1, outcome: 'final' as const });
  const find = () => findErasedLeft({ redis, prefix, bucketDir, billFile }, [{ ...order(erased), erasedWords: 'secret 1.' }, order(kept)]);

  await put(`images/${kept}`, `image of ${kept}`);
  await put(`requests/${kept}`, '{"positivePrompt":"secret 11."}');
  await redis.hset(`${prefix}:generation:${kept}`, 'status', 'succeeded');
  expect(await find()).toEqual([]);
  await put(`staging/left`, `image of ${erased}`);
  await put(`records/left`, 'a prompt with secret 1. in it');
  await redis.hset(`${prefix}:generation:${erased}:request`, 'request', 'secret 1.');
  await redis.xadd(`${prefix}:event-log`, '*', 'words', 'secret 1.');
  expect((await find()).toSorted()).toEqual([
    'records/left holds the words "secret 1."',
    'staging/left holds the bytes of an erased image',
    `${prefix}:event-log holds the words "secret 1."`,
    `${prefix}:generation:${erased}:request holds the words "secret 1."`,
  ]);
});
