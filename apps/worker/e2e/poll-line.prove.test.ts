import { createProducer } from '@darkroom/producer';
import { eventually, startFleet } from '@darkroom/testing';
import { afterAll, expect, test } from 'vitest';
import { z } from 'zod';

const statsSchema = z.object({ polls: z.number() });
const rows: string[] = [];

afterAll(() => void process.stdout.write(['', ...rows, ''].join('\n')));

/** Starts a fleet and counts its requests to S3, and its questions to the provider. */
async function start(workerEnv: Readonly<Record<string, string>>, faults: Readonly<Record<string, unknown>>) {
  let s3 = 0;
  const fleet = await startFleet({
    isAsShipped: true,
    workerEnv: { ...HIGH_CAP, ...workerEnv },
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

/** All else is as a worker ships; without an address for deliveries it takes the waits for that. */
const slowly = { WORKER_POLLS_PER_SECOND: '5' };
const alone = { WEBHOOK_BASE_URL: '' };
const HIGH_CAP = { DAILY_CAP_USD: '1000' };

test.each([
  ['with webhooks, at shipped settings', 400, {}, 0],
  ['with webhooks, at five questions a second', 200, slowly, 0],
  ['without webhooks, at shipped settings', 400, alone, 1.2],
  ['without webhooks, at five questions a second', 200, { ...alone, ...slowly }, 1.2],
])('one worker takes at most 5 requests to S3 an image (%s, a backlog of %i)', async (name, backlog, env, maxQuestions) => {
  const world = await start(env, {});
  try {
    const [s3Before, askedBefore] = [world.s3(), await world.questions()];
    const startedAt = performance.now();
    const all = await world.enqueue(backlog);
    await Promise.all(all.map(({ generationId }) => world.producer.wait(generationId, { timeoutMs: 600_000 })));
    const seconds = (performance.now() - startedAt) / 1000;
    const [s3PerImage, perImage] = [(world.s3() - s3Before) / backlog, ((await world.questions()) - askedBefore) / backlog];
    rows.push(
      `${name}, ${backlog} images: ${(backlog / seconds).toFixed(1)} images/s, ${perImage.toFixed(2)} questions and ${s3PerImage.toFixed(2)} requests to S3 an image`,
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
    rows.push(`without webhooks, 1,000 tasks under way: ${perQuestion.toFixed(2)} requests to S3 a question`);
    expect(perQuestion).toBeLessThanOrEqual(2);
  } finally {
    await world.stop();
  }
});
