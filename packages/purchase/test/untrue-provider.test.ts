import { createHash } from 'node:crypto';
import type { SubmissionRef } from '@darkroom/contracts';
import { eventually } from '@darkroom/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { settle, submit } from '../src/index.ts';
import { expectAgreement, type Agreed } from './agreement.ts';
import { startPurchaseWorld, type PurchaseWorld } from './purchase-world.ts';

/** Wrong words of the provider: uploads, deliveries and answers that are false, about another task, or about the question only. */
let world: PurchaseWorld;
beforeAll(async () => {
  world = await startPurchaseWorld();
});
afterAll(() => world.stop());

const succeededOnce: Agreed = { status: 'succeeded', images: ['succeeded'], executions: 1 };
const afterTheWindow = () => world.purchase({ timing: { uploadWindowMs: 0, patienceMs: 0 } });

/** Makes a submission that the provider has accepted and executed. */
async function executed(faults: Record<string, unknown>): Promise<SubmissionRef> {
  await world.setFaults(faults);
  const ref = await world.enqueue();
  await submit(world.purchase(), ref);
  await world.executed(ref);
  return ref;
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const keptSha256 = async (ref: SubmissionRef): Promise<string | undefined> => {
  const kept = await world.storage.readImage(ref, 'JPG');
  return kept.kind === 'found' ? sha256(kept.bytes) : undefined;
};
/**
 * Waits until the submission has so many uploads.
 * @returns their content by the bill.
 */
const uploadsOf = (ref: SubmissionRef, count: number) =>
  eventually(async () => {
    const uploads = await world.uploads(ref);
    expect(uploads).toHaveLength(count);
    return uploads;
  });
/** Waits until the second upload has replaced the first. */
async function replayed(ref: SubmissionRef): Promise<void> {
  const [, second] = await uploadsOf(ref, 2);
  await eventually(async () => {
    const staged = await world.storage.readStaging(ref);
    expect(staged.kind === 'found' && sha256(staged.bytes)).toBe(second?.sha256);
  });
}

describe('an upload that is not the ordered image', () => {
  test.each([{ uploadHtmlRate: 1 }, { uploadOtherFormatRate: 1 }, { uploadOtherSizeRate: 1 }])(
    '%o: the image is fetched',
    async (faults) => {
      const ref = await executed(faults);
      await world.uploaded(ref);
      expect(await settle(world.purchase(), ref)).toMatchObject({ kind: 'snooze', why: 'upload' });
      await world.comeHome(ref, afterTheWindow());
      const view = await expectAgreement(world, ref, succeededOnce);
      expect(view.images[0]?.road).toBe('image-url');
    },
  );

  test('is replaced by a second one', async () => {
    const ref = await executed({ uploadHtmlRate: 1, uploadReplayRate: 1, uploadReplayBytes: 'image' });
    await replayed(ref);
    await world.comeHome(ref);
    const view = await expectAgreement(world, ref, succeededOnce);
    expect(view.images[0]?.road).toBe('upload');
  });
});

describe('the address of an upload that is used again', () => {
  const contents = ['other-image', 'truncated', 'empty', 'html', 'other-format', 'other-size'] as const;

  test('changes nothing after the image was verified, whatever is uploaded', async () => {
    const refs: SubmissionRef[] = [];
    for (const uploadReplayBytes of contents) {
      const ref = await executed({ uploadReplayRate: 1, uploadReplayBytes, uploadReplayAfterMs: [1500, 1500] });
      await world.comeHome(ref);
      refs.push(ref);
    }
    const before = await Promise.all(refs.map((ref) => expectAgreement(world, ref, succeededOnce)));
    expect(before.map(({ images }) => images[0]?.road)).toEqual(contents.map(() => 'upload'));
    for (const ref of refs) {
      await replayed(ref);
      await world.store.recordDelivery(ref, { body: 'once more' });
      expect(await settle(world.purchase(), ref)).toEqual({ kind: 'finished' });
    }
    expect(await Promise.all(refs.map((ref) => expectAgreement(world, ref, succeededOnce)))).toEqual(before);
  });

  test('hides an unverified image, which is then fetched', async () => {
    for (const uploadReplayBytes of contents.slice(1)) {
      const ref = await executed({ uploadReplayRate: 1, uploadReplayBytes });
      await replayed(ref);
      await world.comeHome(ref, afterTheWindow());
      await expectAgreement(world, ref, succeededOnce);
    }
  });

  test('for another valid image before the first was verified: one of the two is kept, and recorded as it is', async () => {
    const ref = await executed({ uploadReplayRate: 1 });
    const uploads = await uploadsOf(ref, 2);
    await world.comeHome(ref);
    const view = await world.store.find(ref.generationId);
    const kept = await keptSha256(ref);
    expect(uploads.map((upload) => upload.sha256)).toContain(kept);
    expect(view?.images[0]?.image?.sha256).toBe(kept);
    expect((await world.storage.findResult(ref))?.image?.sha256).toBe(kept);
    expect(await world.billed(ref, 'execution')).toBe(1);
  });
});

describe('a false delivery', () => {
  test('tells a failure before another one tells success: the image comes home, and nothing else is bought', async () => {
    const ref = await executed({ webhookErrorFirstRate: 1, webhookBody: 'envelope', uploadNeverRate: 1 });
    const [first] = await eventually(() => {
      expect(world.webhooks.bodiesOf(ref)).toHaveLength(2);
      return world.webhooks.bodiesOf(ref);
    });
    await world.store.recordDelivery(ref, { body: first ?? '' });
    expect(await settle(world.purchase(), ref)).toMatchObject({ kind: 'snooze', why: 'upload' });
    await world.comeHome(ref, afterTheWindow());
    const view = await expectAgreement(world, ref, succeededOnce);
    expect(view.images[0]?.submissions).toBe(1);
  });

  test("names the image of another task: the settlement fetches the task's own image", async () => {
    const other = await executed({});
    const ref = await executed({ webhookStrangeImageRate: 1, uploadNeverRate: 1 });
    const [body = ''] = await eventually(() => {
      expect(world.webhooks.bodiesOf(ref)).toHaveLength(1);
      return world.webhooks.bodiesOf(ref);
    });
    await world.store.recordDelivery(ref, { body });
    await world.comeHome(ref, afterTheWindow());
    await expectAgreement(world, ref, succeededOnce);
    await world.comeHome(other);
    const named = (JSON.parse(body) as { imageURL: string }).imageURL; // written by the switch
    const own = (await world.storage.findResult(ref))?.imageUUID ?? 'none';
    expect(named).not.toContain(own);
  });
});

describe('an answer that proves nothing about the task', () => {
  const refusals = ['poll401Rate', 'poll402Rate', 'poll403Rate', 'poll429Rate', 'poll500Rate', 'poll503Rate'].map((rate) => ({
    [rate]: 1,
  }));
  const lag = { pollLagMs: [60_000, 60_000] };

  test.each([...refusals, lag, { ...lag, pollUnknown: 'not-found' }])(
    '%o: the provider is asked again, and the image comes home',
    async (faults) => {
      const ref = await executed({ uploadNeverRate: 1 });
      for (const telling of [
        {},
        { pollErrorNames: 'task' },
        { pollErrorNames: 'task', pollErrorsIn200: true },
        { pollErrorNames: 'nothing' },
      ]) {
        await world.setFaults({ ...faults, ...telling });
        expect(await settle(world.purchase(), ref), JSON.stringify(telling)).toMatchObject({ kind: 'snooze', why: 'inconclusive' });
        expect((await world.store.find(ref.generationId))?.images[0]?.status).toBe('open');
      }
      await world.setFaults({});
      await world.comeHome(ref, afterTheWindow());
      const view = await expectAgreement(world, ref, succeededOnce);
      expect(view.images[0]?.submissions).toBe(1);
    },
  );

  test('a result and a failure of another task in the same answer do not count', async () => {
    await executed({});
    await world.setFaults({ pollStrangerRate: 1, executionMs: [400, 400], uploadNeverRate: 1 });
    const ref = await world.enqueue();
    await submit(world.purchase(), ref);
    expect(await settle(world.purchase(), ref)).toMatchObject({ kind: 'snooze', why: 'running' });
    await world.comeHome(ref, afterTheWindow());
    await expectAgreement(world, ref, succeededOnce);
  });

  test('nor do those of others beside an unknown task', async () => {
    await executed({});
    await world.setFaults({ submitResetBeforeRate: 1, pollStrangerRate: 1 });
    const ref = await world.enqueue();
    await submit(world.purchase(), ref);
    expect(await settle(world.purchase(), ref)).toMatchObject({ kind: 'snooze', why: 'inconclusive' });
    expect((await world.store.find(ref.generationId))?.images[0]?.status).toBe('open');
  });
});

test('a failure with a reported charge is in the ledger', async () => {
  await world.setFaults({ failContentPolicyRate: 1, failedTasksCharged: true, failedTasksTellCost: true });
  const ref = await world.enqueue();
  await submit(world.purchase(), ref);
  await world.failed(ref);
  await settle(world.purchase(), ref);
  await expectAgreement(world, ref, { status: 'failed', images: ['failed'], executions: 0 });
  expect((await world.storage.findResult(ref))?.costNanoUsd).toBe(20_000_000);
});

test.each(['absent', 'surcharged'] as const)('a cost that is %s is in the ledger as it was charged', async (cost) => {
  const ref = await executed({ cost });
  await world.comeHome(ref);
  await expectAgreement(world, ref, succeededOnce);
});
