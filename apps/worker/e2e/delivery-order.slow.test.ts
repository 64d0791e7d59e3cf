import { createProducer, type Producer } from '@darkroom/producer';
import { countExecutions, readBilledTasks, startFleet, type Fleet } from '@darkroom/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { expectOneOfEach } from './judge.ts';

const GENERATIONS = 5;
const quick = { executionMs: [20, 60], uploadDelayMs: [20, 100], webhookFirstRetryMs: 50, webhookMaxRetryMs: 500 };

const deliveries = {
  'before the acknowledgement': { webhookBeforeAckRate: 1 },
  twice: { webhookDuplicateRate: 1 },
  never: { webhookDropRate: 1 },
} as const;
const uploads = {
  'before the webhook': { uploadBeforeWebhookRate: 1 },
  'after the webhook': {},
  never: { uploadNeverRate: 1 },
} as const;

describe('a generation ends with one record and one execution', () => {
  let fleet: Fleet;
  let producer: Producer;

  beforeAll(async () => {
    fleet = await startFleet();
    producer = createProducer({ redisUrl: fleet.redisUrl });
  });
  afterAll(async () => {
    await producer.close();
    await fleet.stop();
  });

  for (const [delivery, deliveryFaults] of Object.entries(deliveries)) {
    for (const [upload, uploadFaults] of Object.entries(uploads)) {
      test(`when the delivery arrives ${delivery} and the upload ${upload}`, async () => {
        const billed = countExecutions(await readBilledTasks(fleet.billFile));
        await fleet.setFaults({ ...quick, ...deliveryFaults, ...uploadFaults });

        const enqueued = await Promise.all(
          Array.from({ length: GENERATIONS }, (_, at) =>
            producer.enqueue({ positivePrompt: `${delivery}, ${upload}, ${at}`, width: 1280, height: 896 }),
          ),
        );
        const generations = await Promise.all(enqueued.map(({ generationId }) => producer.wait(generationId, { timeoutMs: 30_000 })));

        await expectOneOfEach(fleet, generations, billed);
        const road = upload === 'never' ? 'image-url' : 'upload';
        expect(new Set(generations.map(({ images }) => images[0]?.road))).toEqual(new Set([road]));
      });
    }
  }
});
