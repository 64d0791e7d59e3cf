import { createHash } from 'node:crypto';
import { taskUuidOf } from '@darkroom/contracts';
import { eventChannel } from '@darkroom/generation-store';
import { Redis } from 'ioredis';
import { expect } from 'vitest';
import type { Rows } from './row.ts';
import { expectWhole, request } from './world.ts';

/** The rows about the task as a whole. */
export const taskRows: Rows = {
  'taskType: given or left out, it is an image inference': async (world) => {
    const made = await world.makeAll([request, { ...request, taskType: 'imageInference' }]);
    for (const each of made) {
      await expectWhole(world, each);
      expect(await world.sent(each.generation.images[0]!.taskUUID)).toMatchObject({ taskType: 'imageInference' });
    }
  },

  'model: given or left out, it is Grok Imagine': async (world) => {
    const made = await world.makeAll([request, { ...request, model: 'xai:grok-imagine@image' }]);
    for (const each of made) {
      await expectWhole(world, each);
      expect(await world.sent(each.generation.images[0]!.taskUUID)).toMatchObject({ model: 'xai:grok-imagine@image' });
    }
  },

  "taskUUID: the caller's own names the response and is never sent": async (world) => {
    const taskUUID = '12228d65-c7e2-4b7c-959b-624762395b63';
    const named = await world.make({ ...request, taskUUID, numberResults: 2 });
    await expectWhole(world, named);
    expect(named.generation.clientReference).toBe(taskUUID);
    expect(named.items.map((item) => item.taskUUID)).toEqual([taskUUID, taskUUID]);
    for (const image of named.generation.images) expect(image.taskUUID).not.toBe(taskUUID);
    await expect(world.sent(taskUUID)).rejects.toThrow('knows no task');
    const twice = await world.make({ ...request, taskUUID });
    expect(twice.generation.generationId, 'a name is no idempotency key').not.toBe(named.generation.generationId);

    const { generation, items } = await world.make(request);
    expect(items[0]?.taskUUID).toBe(taskUuidOf({ generationId: generation.generationId, index: 0, n: 1 }));
  },

  'positivePrompt: one character, and ten thousand bytes of any script, arrive unchanged': async (world) => {
    const prompts = ['x', 'կանգ 🗼 "…"\n\\ '.repeat(500)];
    expect(Buffer.byteLength(prompts[1] ?? '')).toBeGreaterThan(10_000);
    const made = await world.makeAll(prompts.map((positivePrompt) => ({ ...request, positivePrompt })));
    for (const [at, each] of made.entries()) {
      await expectWhole(world, each);
      const [execution] = await world.billed(each.generation);
      expect(execution?.promptSha256).toBe(
        createHash('sha256')
          .update(prompts[at] ?? '')
          .digest('hex'),
      );
    }
  },

  'deliveryMethod: sync waits for the result, async does not, and both are bought asynchronously': async (world) => {
    const sync = await world.make({ ...request, deliveryMethod: 'sync' });
    await expectWhole(world, sync);
    const queued = await world.producer.generate({ ...request, deliveryMethod: 'async' });
    expect(['queued', 'running']).toContain(queued.status);
    expect(queued.finishedAt).toBeUndefined();
    const generation = await world.producer.wait(queued.generationId, { timeoutMs: 30_000 });
    await expectWhole(world, { generation, items: await world.images.toRunwareResponse(generation) });
    for (const { images } of [sync.generation, generation]) {
      expect(await world.sent(images[0]!.taskUUID)).toMatchObject({ deliveryMethod: 'async' });
    }
  },

  'webhookURL: belongs to Darkroom, and a caller cannot set it': async (world) => {
    const { generation } = await world.make(request);
    const { webhookURL } = await world.sent(generation.images[0]!.taskUUID);
    expect(webhookURL).toContain(`${world.fleet.receiverUrl}/webhooks/runware?capability=`);
    const own = { ...request, webhookURL: 'https://example.org/hook' };
    await expect(world.producer.enqueue(own)).rejects.toMatchObject({ problems: [{ path: 'webhookURL' }] });
  },

  'uploadEndpoint: belongs to Darkroom, and a caller cannot set it': async (world) => {
    const { generation } = await world.make(request);
    const { taskUUID, road } = generation.images[0]!;
    const { uploadEndpoint } = await world.sent(taskUUID);
    expect(uploadEndpoint).toContain(`${world.fleet.s3Config.endpoint}/darkroom/staging/${taskUUID}?`);
    expect(road).toBe('upload');
    const own = { ...request, uploadEndpoint: 'https://example.org/put' };
    await expect(world.producer.enqueue(own)).rejects.toMatchObject({ problems: [{ path: 'uploadEndpoint' }] });
  },

  'numberResults: when some fail for good, the others are kept and the generation ends once': async (world) => {
    const listener = new Redis(world.fleet.redisUrl);
    const heard: string[] = [];
    listener.on('message', (_channel: string, message: string) => {
      heard.push((JSON.parse(message) as { event: string }).event); // our own scripts write it
    });
    try {
      // Two submissions an image: about half of the twenty images fail twice. All or none of them do so once in a million runs.
      await world.fleet.setFaults({ failProviderErrorRate: 0.7 });
      const { generationId } = await world.producer.enqueue({ ...request, numberResults: 20 });
      await listener.subscribe(eventChannel(world.fleet.prefix, generationId));
      const generation = await world.producer.wait(generationId, { timeoutMs: 60_000 });
      expect(generation.status).toBe('partial');
      const kept = generation.images.filter(({ status }) => status === 'succeeded');
      const failed = generation.images.filter(({ status }) => status === 'failed');
      expect(kept.length + failed.length).toBe(20);
      for (const { submissions, fault, costUsd } of failed) {
        expect({ submissions, code: fault?.code, costUsd }).toEqual({ submissions: 2, code: 'provider.task-failed', costUsd: '0' });
      }
      const items = await world.images.toRunwareResponse(generation);
      expect(items.map(({ imageUUID }) => imageUUID)).toEqual(kept.map(({ imageUUID }) => imageUUID));
      expect(await world.billed(generation)).toHaveLength(kept.length);
      expect(Number(generation.costUsd)).toBeCloseTo(0.02 * kept.length, 9);
      expect(generation.reservedUsd).toBe('0');
      expect(heard.filter((event) => /^generation\.(succeeded|partial|failed|amended)$/.test(event))).toEqual(['generation.partial']);
    } finally {
      listener.disconnect();
      await world.fleet.setFaults({});
    }
  },
};
