import { taskUuidOf, type GenerationView } from '@darkroom/contracts';
import { imageKey } from '@darkroom/object-storage';
import { createEvents, createProducer } from '@darkroom/producer';
import { createImages } from '@darkroom/producer/images';
import { readBilledTasks, runApp, startFleet, storesEnvironment } from '@darkroom/testing';
import { Redis } from 'ioredis';
import { expect, test } from 'vitest';

const size = { width: 1024, height: 1024 } as const;
const checked = { ...size, safety: { checkContent: true } } as const;

test('a flagged image is paid, kept and unseen until an operator releases it, and a rebuild changes neither', async () => {
  const fleet = await startFleet();
  const producer = createProducer({ redisUrl: fleet.redisUrl, tenant: 'acme' });
  const images = createImages(fleet.s3Config);
  const events = createEvents({ redisUrl: fleet.redisUrl, group: 'app', from: 'oldest' });
  const redis = new Redis(fleet.redisUrl);
  const environment = storesEnvironment({ redisUrl: fleet.redisUrl, prefix: fleet.prefix, s3: fleet.s3Config });
  const operate = async (...words: string[]): Promise<string> => {
    const { code, output } = await runApp('cli', words, { ...environment, DAILY_CAP_USD: '100' });
    expect(code, output).toBe(0);
    return output;
  };
  const expectWithheld = (generation: GenerationView, index: number): void => {
    expect(generation.images[index]).toMatchObject({ status: 'succeeded', withheld: true, nsfwContent: true, costUsd: '0.02', extras: [] });
    expect(generation.images[index]).not.toHaveProperty('image');
    expect(generation.images[index]).not.toHaveProperty('imageUUID');
    expect(() => images.image(generation, index)).toThrow(expect.objectContaining({ code: 'image.withheld' }));
  };
  try {
    await operate('tenant', 'acme', '--withhold-flagged', 'on');
    const tooMany = { positivePrompt: 'a red door', numberResults: 99, ...size };
    await expect(producer.enqueue(tooMany)).rejects.toMatchObject({
      problems: expect.arrayContaining([
        expect.objectContaining({ path: 'numberResults' }),
        expect.objectContaining({ path: 'safety.checkContent' }),
      ]) as unknown,
    });
    const clean = await producer.generate({ positivePrompt: 'a red door', ...checked });
    expect(clean.images).toMatchObject([{ status: 'succeeded', nsfwContent: false, image: {} }]);

    // The emulator flags this word.
    const flagged = await producer.generate({ positivePrompt: 'nsfw', ...checked, numberResults: 2 });
    const { generationId } = flagged;
    expect(flagged).toMatchObject({ status: 'succeeded', costUsd: '0.04', withholdFlagged: true });
    expect((await readBilledTasks(fleet.billFile)).get(taskUuidOf({ generationId, index: 0, n: 1 }))).toMatchObject({ executions: 1 });
    const key = imageKey({ generationId, index: 0, n: 1 }, 'JPG');
    for (const shown of [flagged, await producer.list(), await producer.get(generationId)])
      expect(JSON.stringify(shown)).not.toContain(key);
    for (const index of [0, 1]) expectWithheld(flagged, index);
    expect(await images.toRunwareResponse(flagged)).toEqual([]);

    expect(await operate('withheld')).toMatch(new RegExp(`2 images are withheld:\\n +${generationId} [01]  of "acme"`));
    expect(await operate('release', generationId, '0')).toContain(key);
    expect(await operate('release', generationId, '0', '--reason', 'a painting')).toContain('recorded in S3');
    const seen: string[] = [];
    for await (const event of events) {
      expect(JSON.stringify(event)).not.toContain(key);
      if (event.event !== 'events.gap') seen.push(`${event.event} ${event.index ?? ''}`);
      if (event.event === 'image.released') break;
    }
    expect(seen.at(-1)).toBe('image.released 0');
    const released = await producer.get(generationId);
    expect(released.images[0]).toMatchObject({ nsfwContent: true, image: { key } });
    expect((await images.image(released, 0).bytes()).length).toBe(released.images[0]?.image?.sizeBytes);
    expectWithheld(released, 1);

    await fleet.workers[0]?.stop();
    await redis.flushall();
    expect(await operate('rebuild')).toContain('tenants   the rules of 1 (from S3)');
    expect((await producer.get(generationId)).images[0]).toMatchObject({ nsfwContent: true, image: { key } });
    expectWithheld(await producer.get(generationId), 1);
    expect((await producer.get(clean.generationId)).images).toMatchObject([{ image: {} }]);
    await expect(producer.enqueue({ positivePrompt: 'a red door', ...size })).rejects.toMatchObject({
      problems: [{ path: 'safety.checkContent' }],
    });
  } finally {
    redis.disconnect();
    await events.close();
    images.close();
    await producer.close();
    await fleet.stop();
  }
});
