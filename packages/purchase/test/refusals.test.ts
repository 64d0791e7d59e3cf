import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { settle, submit } from '../src/index.ts';
import { expectAgreement, type Agreed } from './agreement.ts';
import { freezingAt } from './interruptions.ts';
import { notKnownYet, startPurchaseWorld, type PurchaseWorld } from './purchase-world.ts';

/** A refusal ends a submission only if no send of it can have been accepted. */
let world: PurchaseWorld;
beforeAll(async () => {
  world = await startPurchaseWorld();
});
afterAll(() => world.stop());

const succeededOnce: Agreed = { status: 'succeeded', images: ['succeeded'], executions: 1 };

describe('an explicit refusal', () => {
  test('is final if no earlier send can have been accepted', async () => {
    await world.setFaults({ maxReferenceImages: 1 });
    const ref = await world.enqueue({ references: 2 });
    expect(await submit(world.purchase(), ref)).toEqual({ kind: 'finished' });
    const view = await expectAgreement(world, ref, { status: 'failed', images: ['failed'], executions: 0 });
    expect(view.images[0]?.fault?.code).toBe('provider.refused');
    expect((await world.storage.findResult(ref))?.fault).toMatchObject({ class: 'validation', providerCode: 'maxReferenceImagesExceeded' });
    // Its settlement finds nothing to do, and no replacement is bought.
    expect(await settle(world.purchase(), ref)).toEqual({ kind: 'finished' });
    expect(view.images[0]?.submissions).toBe(1);
  });

  test('is not final if an earlier send may have been accepted', async () => {
    await world.setFaults({ submitResetAfterRate: 1 });
    const ref = await world.enqueue({ references: 2 });
    await submit(world.purchase(), ref);
    await world.setFaults({ maxReferenceImages: 1, ...notKnownYet });
    expect(await submit(world.purchase(), ref)).toEqual({ kind: 'submitted' });
    expect(await world.billed(ref, 'refusal')).toBe(1);
    await world.setFaults({});
    await world.comeHome(ref);
    await expectAgreement(world, ref, succeededOnce);
  });

  test('is not final while another run of the same job may be sending', async () => {
    await world.setFaults({});
    const ref = await world.enqueue({ references: 2 });
    const frozen = freezingAt(world.purchase(), 'before', 'provider.submit');
    const run = submit(frozen.purchase, ref);
    await frozen.stands;
    await world.setFaults({ maxReferenceImages: 1 });
    expect(await submit(world.purchase(), ref)).toEqual({ kind: 'submitted' });
    await world.setFaults({});
    frozen.thaw();
    await run;
    await world.comeHome(ref);
    await expectAgreement(world, ref, succeededOnce);
  });

  test('that stood still while another run was accepted loses no image, with or without a delivery', async () => {
    await world.setFaults({ maxReferenceImages: 1 });
    const ref = await world.enqueue({ references: 2 });
    const frozen = freezingAt(world.purchase(), 'before', 'archive.recordResult');
    const run = submit(frozen.purchase, ref);
    await frozen.stands;
    await world.setFaults({ executionMs: [400, 400] });
    expect(await submit(world.purchase(), ref)).toEqual({ kind: 'submitted' });
    frozen.thaw();
    await run;
    // The entry says failed while the task runs at the provider: the parked settlement goes on looking.
    expect(await settle(world.purchase(), ref)).toMatchObject({ kind: 'snooze', why: 'late-image' });
    await world.comeHome(ref);
    await expectAgreement(world, ref, { status: 'failed', images: ['succeeded'], executions: 1, amended: true });
  });

  test('is final although S3 failed in an earlier run, before anything was sent', async () => {
    await world.setFaults({ maxReferenceImages: 1 });
    const ref = await world.enqueue({ references: 2 });
    const { archive, ...rest } = world.purchase();
    const withoutS3 = { ...rest, archive: { ...archive, recordIntent: () => Promise.reject(new Error('S3 is away')) } };
    await expect(submit(withoutS3, ref)).rejects.toThrow('S3 is away');
    expect((await world.store.find(ref.generationId))?.images[0]?.submissionStatus).toBe('planned');
    expect(await submit(world.purchase(), ref)).toEqual({ kind: 'finished' });
    await expectAgreement(world, ref, { status: 'failed', images: ['failed'], executions: 0 });
  });
});
