import { taskUuidOf, type GenerationView } from '@darkroom/contracts';
import { createProducer, type Producer } from '@darkroom/producer';
import { createImages, type Images } from '@darkroom/producer/images';
import { eventually, readBilledTasks, startFleet, type BilledTask, type Fleet } from '@darkroom/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const order = { positivePrompt: 'a red door', width: 576, height: 1248, outputType: 'base64Data' } as const;
const quick = { executionMs: [20, 60], uploadDelayMs: [20, 100], uploadBeforeWebhookRate: 1 };

let fleet: Fleet;
let producer: Producer;
let images: Images;
beforeAll(async () => {
  fleet = await startFleet({ faults: quick });
  producer = createProducer({ redisUrl: fleet.redisUrl });
  images = createImages(fleet.s3Config);
});
afterAll(async () => {
  images.close();
  await producer.close();
  await fleet.stop();
});

const billOf = async ({ generationId, images: all }: GenerationView): Promise<BilledTask[]> => {
  const bill = await readBilledTasks(fleet.billFile);
  return all.flatMap(({ index }) => bill.get(taskUuidOf({ generationId, index, n: 1 })) ?? []);
};

/** Waits until a generation matches; a failure shows its last state. */
const untilIs = (generationId: string, expected: object): Promise<GenerationView> =>
  eventually(
    async () => {
      const generation = await producer.get(generationId);
      expect(generation).toMatchObject(expected);
      return generation;
    },
    { withinMs: 30_000, everyMs: 50 },
  );

/** Applies a change while no worker runs, then starts one, which must buy nothing. */
async function beforeAnyPurchase(change: (generationId: string) => Promise<unknown>, status: string, options = {}): Promise<void> {
  const [worker] = fleet.workers;
  await worker?.stop();
  const { generationId } = await producer.enqueue({ ...order, numberResults: 3 }, options);
  await change(generationId);
  await worker?.start();
  const other = await producer.generate(order, { timeoutMs: 30_000 });
  expect(other.status, 'the worker buys').toBe('succeeded');
  const generation = await untilIs(generationId, { status, reservedUsd: '0', costUsd: '0', amended: false });
  for (const image of generation.images) {
    expect(image).toMatchObject({ status: 'failed', submissions: 1, fault: { code: `generation.${status}` } });
  }
  expect(await billOf(generation)).toEqual([]);
  expect(await images.toRunwareResponse(generation)).toEqual([]);
}

/** Applies a change after the provider has accepted all images, and long before they are finished. */
async function afterThePurchase(change: (generationId: string) => Promise<unknown>, status: string, options = {}): Promise<void> {
  await fleet.setFaults({ ...quick, executionMs: [5000, 5500] });
  const { generationId } = await producer.enqueue({ ...order, numberResults: 2 }, options);
  const accepted = { submissionStatus: 'accepted' };
  await untilIs(generationId, { status: 'running', images: [accepted, accepted] });
  await change(generationId);
  const closed = await producer.wait(generationId, { timeoutMs: 30_000 });
  expect(closed).toMatchObject({ status, amended: false, costUsd: '0' });
  expect(closed.reservedUsd, 'submissions under way keep their holds').toBe('0.04');

  const succeeded = { status: 'succeeded', costUsd: '0.02' };
  const amended = await untilIs(generationId, { status, amended: true, images: [succeeded, succeeded], costUsd: '0.04', reservedUsd: '0' });
  expect(amended.finishedAt, 'its final status does not change').toBe(closed.finishedAt);
  expect(await billOf(amended)).toMatchObject([{ executions: 1 }, { executions: 1 }]);
  for (const { imageBase64Data } of await images.toRunwareResponse(amended)) expect(imageBase64Data).toMatch(/^\/9j\//);
  await fleet.setFaults(quick);
}

describe('a cancel', () => {
  test('before the purchase: no worker buys', () => beforeAnyPurchase((id) => producer.cancel(id), 'cancelled'));

  test('after the purchase: Darkroom keeps the images and counts them as late', () =>
    afterThePurchase((id) => producer.cancel(id), 'cancelled'));

  test('after the end changes nothing', async () => {
    const { generationId } = await producer.generate(order, { timeoutMs: 30_000 });
    expect(await producer.cancel(generationId)).toBe('succeeded');
    expect(await producer.get(generationId)).toMatchObject({ status: 'succeeded', amended: false });
  });
});

describe('a deadline', () => {
  test('that passes before the purchase: no worker buys', async () => {
    const deadlineAt = Date.now() + 1500;
    await beforeAnyPurchase(() => eventually(() => expect(Date.now()).toBeGreaterThan(deadlineAt)), 'expired', { deadlineAt });
  });

  test('that passes after the purchase: Darkroom keeps the images and counts them as late', async () => {
    await afterThePurchase(() => Promise.resolve(), 'expired', { deadlineAt: Date.now() + 3000 });
  });

  test('that the images meet changes nothing', async () => {
    const generation = await producer.generate(order, { deadlineAt: Date.now() + 60_000, timeoutMs: 30_000 });
    expect(generation).toMatchObject({ status: 'succeeded', amended: false });
  });
});
