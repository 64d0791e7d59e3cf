import { afterAll, beforeAll, expect, test } from 'vitest';
import { expectAgreement } from './agreement.ts';
import { survive } from './chaos.ts';
import { startPurchaseWorld, type PurchaseWorld } from './purchase-world.ts';

/** Stories beyond the written ones: any order of deaths, freezes, doubled runs and losses, drawn from printed seeds. */
let world: PurchaseWorld;
beforeAll(async () => {
  world = await startPurchaseWorld();
});
afterAll(() => world.stop());

const troubles = {
  'no trouble of the provider': {},
  'answers that prove nothing': { submitResetBeforeRate: 0.2, submitResetAfterRate: 0.2, submit429Rate: 0.2, submit503Rate: 0.2 },
  'refusals that use up the id': { submitResetAfterRate: 0.2, submit429Rate: 0.3, rejectionConsumesId: true, detailsKeepRefusals: true },
  'tasks that fail': { failProviderErrorRate: 0.4, submitResetAfterRate: 0.2, webhookBeforeAckRate: 0.3 },
  'uploads and polls in trouble': {
    uploadNeverRate: 0.3,
    uploadTruncatedRate: 0.3,
    uploadLateRate: 0.3,
    uploadLateMs: 200,
    poll500Rate: 0.3,
  },
};

for (const [seed, [trouble, faults]] of Object.entries(troubles).entries()) {
  for (const losesMemory of [false, true]) {
    test(
      `${trouble}${losesMemory ? ', and a Redis that loses its memory' : ''}: bought once, kept and paid once`,
      { timeout: 30_000 },
      async () => {
        await world.setFaults(faults);
        const ref = await world.enqueue();
        await survive(world, ref, { seed: seed + 1, forMs: 400, losesMemory, freezes: true });
        await expectOneStory(ref.generationId);
      },
    );
  }
}

for (const losesMemory of [false, true]) {
  test(
    `refusals whose task was taken, unknown to both questions while it runs${losesMemory ? ', and a Redis that loses its memory' : ''}: bought once`,
    { timeout: 60_000 },
    async () => {
      await world.setFaults({
        submit429Rate: 0.7,
        submit429AcceptedRate: 0.5,
        executionMs: [500, 800],
        pollHidesRunning: true,
        detailsHideRunning: true,
        detailsKeepRefusals: true,
        detailsResponse: 'last-response',
      });
      for (const seed of [201, 202, 203, 204]) {
        const ref = await world.enqueue();
        await survive(world, ref, { seed, forMs: 400, losesMemory, freezes: false });
        await expectOneStory(ref.generationId);
      }
    },
  );
}

// The task of a dead process may have ended before it is sent again.
for (const losesMemory of [false, true]) {
  test(
    `a provider that takes an id again when its task is over${losesMemory ? ', and a Redis that loses its memory' : ''}: bought once`,
    { timeout: 60_000 },
    async () => {
      await world.setFaults({
        replay: 'conflict-while-running',
        // Longer than the time from question to send in a process that does not stand still between the two.
        executionMs: [150, 250],
        submitResetAfterRate: 0.3,
        submit503Rate: 0.2,
        submit5xxAcceptedRate: 0.5,
        poll500Rate: 0.2,
        pollResetRate: 0.1,
      });
      for (const seed of [101, 102, 103, 104]) {
        const ref = await world.enqueue();
        await survive(world, ref, { seed, forMs: 800, losesMemory, freezes: false });
        await expectOneStory(ref.generationId);
      }
    },
  );
}

/**
 * Checks that the bill, S3, the entry and the ledger agree however the story ended, and that no submission follows an image that was made.
 */
async function expectOneStory(generationId: string): Promise<void> {
  const view = await world.store.find(generationId);
  const [image] = view?.images ?? [];
  if (view === undefined || image === undefined) throw new Error(`generation "${generationId}" has no entry`);
  const isMade = image.status === 'succeeded';
  await expectAgreement(
    world,
    { generationId, index: 0, n: 1 },
    {
      status: isMade ? 'succeeded' : 'failed',
      images: [image.status],
      executions: isMade ? 1 : 0,
      held: image.status === 'unknown' ? 1 : 0,
    },
  );
  expect(image.status, 'the image').not.toBe('open');
}
