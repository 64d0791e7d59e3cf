import { createProducer } from '@darkroom/producer';
import { eventually, startFleet } from '@darkroom/testing';
import { expect, test } from 'vitest';
import { z } from 'zod';

const statsSchema = z.object({ polls: z.number() });

/** Starts a fleet and counts its requests to S3, and its questions to the provider. */
async function start(workerEnv: Readonly<Record<string, string>>, faults: Readonly<Record<string, unknown>>) {
  let s3 = 0;
  const fleet = await startFleet({
    workerEnv,
    faults,
    onS3Request: ({ operation = 'other', key }) => {
      // The count leaves out the provider's own upload, and what a fleet does once in a while for all images.
      if (key !== '' && !key.startsWith('settings/') && (operation !== 'PutObject' || !key.startsWith('staging/'))) s3 += 1;
    },
  });
  const producer = createProducer({ redisUrl: fleet.redisUrl });
  return {
    fleet,
    producer,
    s3: () => s3,
    questions: async () => statsSchema.parse(await (await fetch(`${fleet.emulatorUrl}/_emulator/stats`)).json()).polls,
    enqueue: (count: number) =>
      producer.enqueueMany(Array.from({ length: count }, (_, at) => ({ positivePrompt: `image ${at}`, width: 1024, height: 1024 }))),
    async stop() {
      await producer.close();
      await fleet.stop();
    },
  };
}

/** The waits and concurrency of production; other tests use a fraction of them. */
const shipped = {
  TIMING_FIRST_POLL_MS: '20000',
  TIMING_MAX_POLL_MS: '300000',
  TIMING_UPLOAD_WINDOW_MS: '180000',
  TIMING_UPLOAD_POLL_MS: '1000',
  WORKER_SUBMIT_CONCURRENCY: '4',
};
const slowly = { WORKER_POLLS_PER_SECOND: '5' };
const alone = { WEBHOOK_BASE_URL: '', TIMING_FIRST_POLL_MS: '2000', TIMING_MAX_POLL_MS: '10000' };

test.each([
  ['with webhooks, at shipped settings', shipped, 0],
  ['with webhooks, at five questions a second', { ...shipped, ...slowly }, 0],
  ['without webhooks, at five questions a second', { ...alone, ...slowly }, 1.2],
])('a backlog of 200 takes at most 5 requests to S3 an image (%s)', async (name, env, maxQuestions) => {
  const world = await start(env, {});
  try {
    const [s3Before, askedBefore] = [world.s3(), await world.questions()];
    const startedAt = performance.now();
    const all = await world.enqueue(200);
    await Promise.all(all.map(({ generationId }) => world.producer.wait(generationId, { timeoutMs: 240_000 })));
    const seconds = (performance.now() - startedAt) / 1000;
    const [s3PerImage, perImage] = [(world.s3() - s3Before) / 200, ((await world.questions()) - askedBefore) / 200];
    console.info(
      `${name}: ${(200 / seconds).toFixed(1)} images/s, ${s3PerImage.toFixed(2)} requests to S3 and ${perImage.toFixed(2)} questions an image`,
    );
    expect(s3PerImage).toBeLessThanOrEqual(5);
    expect(perImage).toBeLessThanOrEqual(maxQuestions);
  } finally {
    await world.stop();
  }
});

test('1,000 tasks under way without webhooks: at most 2 requests to S3 a question', async () => {
  const world = await start({ ...alone, WORKER_SUBMIT_CONCURRENCY: '40' }, { executionMs: [600_000, 600_000] });
  try {
    await world.enqueue(1000);
    const tasks = async () => (await (await fetch(`${world.fleet.emulatorUrl}/_emulator/stats`)).json()) as { running: number }; // the emulator's own words
    await eventually(async () => expect((await tasks()).running).toBe(1000), { withinMs: 120_000 });
    const [s3Before, askedBefore] = [world.s3(), await world.questions()];
    await eventually(async () => expect((await world.questions()) - askedBefore).toBeGreaterThanOrEqual(1000), { withinMs: 120_000 });
    const perQuestion = (world.s3() - s3Before) / ((await world.questions()) - askedBefore);
    console.info(`1,000 under way: ${perQuestion.toFixed(2)} requests to S3 a question`);
    expect(perQuestion).toBeLessThanOrEqual(2);
  } finally {
    await world.stop();
  }
});
