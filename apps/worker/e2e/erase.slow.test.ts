import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createProducer } from '@darkroom/producer';
import { eventually, runApp, startFleet, storesEnvironment, type Fleet } from '@darkroom/testing';
import { Redis } from 'ioredis';
import { expect, test } from 'vitest';

const PROMPT = 'a very secret lighthouse';
const RECEIVER = 'http://127.0.0.1:9/a-secret-receiver';
const size = { width: 1024, height: 1024 } as const;
const LIMIT = { withinMs: 60_000 };

/** An object may be deleted while it is read. */
const ifGone = (): undefined => undefined;

/** Reads the keys of all objects, each with its bytes. */
async function readObjects({ directory }: Fleet): Promise<Map<string, Buffer>> {
  const buckets = join(directory, 's3', 'buckets');
  const folder = join(buckets, (await readdir(buckets))[0] ?? '');
  const objects = new Map<string, Buffer>();
  for (const name of await readdir(join(folder, 'objects'))) {
    const text = await readFile(join(folder, 'objects', name), 'utf8').catch(ifGone);
    const { key, blob } = JSON.parse(text ?? '{}') as { key?: string; blob?: string }; // as the server writes it
    const bytes = key === undefined ? undefined : await readFile(join(folder, 'blobs', blob ?? '')).catch(ifGone);
    if (key !== undefined && bytes !== undefined) objects.set(key, bytes);
  }
  return objects;
}

/** Returns the settled money of each period. */
async function readSettled(redis: Redis): Promise<Record<string, string | null>> {
  const keys = (await redis.keys('*:spend:*')).toSorted();
  return Object.fromEntries(await Promise.all(keys.map(async (key) => [key, await redis.hget(key, 'settled')] as const)));
}

test('a fleet erases what is home and what comes home later, books both, and a rebuild brings neither back', async () => {
  const fleet = await startFleet({ erasers: 1 });
  const producer = createProducer({ redisUrl: fleet.redisUrl, allowLoopbackWebhooks: true });
  const redis = new Redis(fleet.redisUrl);
  const untilErased = (id: string) => eventually(async () => expect((await producer.erasure(id)).status).toBe('erased'), LIMIT);
  const objectsOf = async (word: string) => [...(await readObjects(fleet))].filter(([key]) => key.includes(word));
  try {
    const done = await producer.generate({ positivePrompt: PROMPT, ...size }, { webhookURL: RECEIVER });
    const [[, bytes] = []] = await objectsOf(`images/`).then((all) => all.filter(([key]) => key.includes(done.generationId)));
    expect(bytes?.length).toBeGreaterThan(100);
    await producer.erase(done.generationId);
    await untilErased(done.generationId);

    await fleet.setFaults({ executionMs: [50, 50], uploadDelayMs: [4000, 4000] });
    const open = await producer.enqueue({ positivePrompt: PROMPT, ...size }, { webhookURL: RECEIVER });
    await eventually(async () => expect((await producer.get(open.generationId)).images[0]?.submissionStatus).toBe('accepted'), LIMIT);
    await producer.erase(open.generationId, { cancel: true });
    await untilErased(open.generationId);
    expect((await objectsOf(`${open.generationId}/0-1.result`)).length, 'it is not home yet').toBe(0);
    await eventually(async () => expect((await objectsOf(`${open.generationId}/0-1.result`)).length).toBe(1), LIMIT);

    await eventually(async () => {
      for (const [key, content] of await readObjects(fleet)) {
        expect(key).not.toMatch(/^(images|staging|quarantine)\/(?!write-check)/);
        for (const word of [PROMPT, RECEIVER]) expect(content.includes(word), key).toBe(false);
        expect(bytes !== undefined && content.equals(bytes), key).toBe(false);
      }
    }, LIMIT);
    for (const key of await redis.keys('*')) {
      // A key may expire between the list and its look.
      const dump = (await redis.dumpBuffer(key)) ?? Buffer.alloc(0);
      for (const word of [PROMPT, RECEIVER]) expect(dump.includes(word), key).toBe(false);
    }
    const settled = await readSettled(redis);
    expect(Object.values(settled)).toContain('40000000');

    await fleet.workers[0]?.stop();
    await redis.flushall();
    const { code, output } = await runApp('cli', ['rebuild'], {
      ...storesEnvironment({ redisUrl: fleet.redisUrl, prefix: fleet.prefix, s3: fleet.s3Config }),
      DAILY_CAP_USD: '100',
    });
    expect(code, output).toBe(0);
    expect(await readSettled(redis)).toEqual(settled);
    for (const { generationId } of [done, open])
      await expect(producer.get(generationId)).rejects.toMatchObject({ code: 'generation.erased' });
  } finally {
    redis.disconnect();
    await producer.close();
    await fleet.stop();
  }
});
