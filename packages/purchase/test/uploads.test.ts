import { quarantineKey } from '@darkroom/object-storage';
import { eventually } from '@darkroom/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { settle, submit } from '../src/index.ts';
import { expectAgreement, readQuarantine, type Agreed } from './agreement.ts';
import { freezingAt } from './interruptions.ts';
import { startPurchaseWorld, type PurchaseWorld } from './purchase-world.ts';

let world: PurchaseWorld;
beforeAll(async () => {
  world = await startPurchaseWorld();
});
afterAll(() => world.stop());

const succeededOnce: Agreed = { status: 'succeeded', images: ['succeeded'], executions: 1 };
/** A process for which the upload window is over. */
const afterTheWindow = () => world.purchase({ timing: { uploadWindowMs: 0 } });
/** A process that asks only once for a missing image. */
const withoutPatience = () => world.purchase({ timing: { uploadWindowMs: 0, patienceMs: 0 } });

const bad = {
  missing: undefined,
  empty: '',
  'a page of HTML': `<!doctype html><title>502</title>${' '.repeat(200)}`,
  'cut off': 'half',
  'in another format': 'other format',
  'with another size': 'other size',
} as const;

/** Content of a spoilt upload, made out of real images of the provider. */
async function spoil(kind: string | undefined, image: Uint8Array): Promise<Uint8Array | string | undefined> {
  switch (kind) {
    case 'half':
      return image.subarray(0, image.length >> 1);
    case 'other format':
    case 'other size': {
      const other = await world.enqueue(kind === 'other format' ? { format: 'PNG' } : { size: '1:1' });
      await submit(world.purchase(), other);
      return world.uploaded(other);
    }
    default:
      return kind;
  }
}

describe('after an upload that is not the ordered image the worker waits, and then fetches the image from its address', () => {
  test.each(Object.entries(bad))('%s', async (_, kind) => {
    await world.setFaults({});
    const model = await world.enqueue();
    await submit(world.purchase(), model);
    const spoilt = await spoil(kind, await world.uploaded(model));

    await world.setFaults({ uploadNeverRate: 1 });
    const ref = await world.enqueue();
    await submit(world.purchase(), ref);
    await world.executed(ref);
    if (spoilt !== undefined) await world.upload(ref, spoilt);
    expect(await settle(world.purchase(), ref)).toMatchObject({ kind: 'snooze', why: 'upload' });
    expect(await settle(afterTheWindow(), ref)).toEqual({ kind: 'finished' });
    const view = await expectAgreement(world, ref, succeededOnce);
    expect(view.images[0]?.road).toBe('image-url');
  });

  test.each(Object.entries(bad))('%s, and replaced by the right image in time', async (_, kind) => {
    await world.setFaults({});
    const model = await world.enqueue();
    await submit(world.purchase(), model);
    const spoilt = await spoil(kind, await world.uploaded(model));

    await world.setFaults({ uploadLateRate: 1, uploadLateMs: 250 });
    const ref = await world.enqueue();
    await submit(world.purchase(), ref);
    await world.executed(ref);
    if (spoilt !== undefined) await world.upload(ref, spoilt);
    expect(await settle(world.purchase(), ref)).toMatchObject({ kind: 'snooze', why: 'upload' });
    await world.comeHome(ref);
    const view = await expectAgreement(world, ref, succeededOnce);
    expect(view.images[0]?.road).toBe('upload');
  });
});

describe('an image that neither the upload nor its address gives', () => {
  test('is lost: its cost counts, the upload is under quarantine, and it is never bought again', async () => {
    await world.setFaults({ uploadTruncatedRate: 1, imageUrlGoneRate: 1 });
    const ref = await world.enqueue();
    await submit(world.purchase(), ref);
    const half = await world.uploaded(ref);
    await settle(withoutPatience(), ref);
    const view = await expectAgreement(world, ref, { status: 'failed', images: ['lost'], executions: 1, lost: 1 });
    expect(view.images[0]).toMatchObject({ submissions: 1, fault: { code: 'image.lost' } });
    expect(await readQuarantine(world, ref)).toEqual(Buffer.from(half));
    expect(await world.storage.findResult(ref)).toMatchObject({ status: 'lost', costNanoUsd: 20_000_000, costSource: 'reported' });
  });

  test('is looked for until the horizon, and kept when it is uploaded after all', async () => {
    await world.setFaults({ uploadLateRate: 1, uploadLateMs: 300, imageUrlGoneRate: 1, webhookDropRate: 1 });
    const ref = await world.enqueue();
    await submit(world.purchase(), ref);
    await world.executed(ref);
    expect(await settle(withoutPatience(), ref)).toMatchObject({ kind: 'snooze', why: 'ended-without-image' });
    expect(await settle(withoutPatience(), ref)).toMatchObject({ kind: 'snooze', why: 'late-image' });
    expect((await world.store.find(ref.generationId))?.images[0]?.status).toBe('lost');
    await world.uploaded(ref);
    await world.comeHome(ref);
    await expectAgreement(world, ref, { status: 'failed', images: ['succeeded'], executions: 1, amended: true });
    expect((await world.storage.findResult(ref))?.status).toBe('lost');
  });

  test('is given up at the horizon', async () => {
    await world.setFaults({ uploadNeverRate: 1, imageUrlGoneRate: 1 });
    const ref = await world.enqueue();
    await submit(world.purchase(), ref);
    await world.executed(ref);
    await settle(withoutPatience(), ref);
    expect(await settle(world.purchase({ timing: { uploadWindowMs: 0, patienceMs: 0, horizonMs: 0 } }), ref)).toEqual({ kind: 'finished' });
    await expectAgreement(world, ref, { status: 'failed', images: ['lost'], executions: 1, lost: 1 });
  });

  test('is not lost while its address only has errors', async () => {
    await world.setFaults({ uploadNeverRate: 1 });
    const ref = await world.enqueue();
    await submit(world.purchase(), ref);
    await world.executed(ref);
    const { provider, ...rest } = afterTheWindow();
    const outOfOrder = { class: 'server', code: 'HTTP_503', message: 'busy' } as const;
    const busy = {
      ...rest,
      provider: { ...provider, downloadImage: () => Promise.resolve({ kind: 'unavailable', fault: outOfOrder } as const) },
    };
    expect(await settle(busy, ref)).toMatchObject({ kind: 'snooze', why: 'image-url' });
    expect(await settle(afterTheWindow(), ref)).toEqual({ kind: 'finished' });
    await expectAgreement(world, ref, succeededOnce);
  });
});

describe('a finished image whose address answers without it is asked for again', () => {
  const answers = ['401', '403', '404', '410', '400', 'html', 'empty', 'truncated', 'other-size', 'redirect', 'reset'];
  test.each([...answers, 'cut', 'cut-chunked', 'endless'])(
    '%s: it comes home later, and its caller sees only that',
    async (imageUrlLateAnswer) => {
      const afterTheWindow = () => world.purchase({ timing: { uploadWindowMs: 0 }, requestTimeoutMs: 300 });
      await world.setFaults({ uploadNeverRate: 1, imageUrlLateRate: 1, imageUrlLateMs: 400, imageUrlLateAnswer });
      const ref = await world.enqueue();
      await submit(world.purchase(), ref);
      await world.executed(ref);
      expect(await settle(afterTheWindow(), ref)).toMatchObject({ kind: 'snooze', why: 'image-url' });
      expect(await world.store.find(ref.generationId)).toMatchObject({ status: 'running', images: [{ status: 'open' }] });
      await world.comeHome(ref, afterTheWindow());
      const view = await expectAgreement(world, ref, succeededOnce);
      expect(view.images[0]?.road).toBe('image-url');
    },
  );

  test('under the address that the provider names then', async () => {
    await world.setFaults({ uploadNeverRate: 1, imageUrlMovesRate: 1, imageUrlMovesMs: 300 });
    const ref = await world.enqueue();
    await submit(world.purchase(), ref);
    await world.executed(ref);
    expect(await settle(afterTheWindow(), ref)).toMatchObject({ kind: 'snooze', why: 'image-url' });
    await world.comeHome(ref, afterTheWindow());
    await expectAgreement(world, ref, succeededOnce);
  });

  test('and an upload that comes meanwhile is kept', async () => {
    await world.setFaults({ uploadLateRate: 1, uploadLateMs: 300, imageUrlGoneRate: 1 });
    const ref = await world.enqueue();
    await submit(world.purchase(), ref);
    await world.executed(ref);
    expect(await settle(afterTheWindow(), ref)).toMatchObject({ kind: 'snooze', why: 'image-url' });
    await world.comeHome(ref, afterTheWindow());
    expect((await expectAgreement(world, ref, succeededOnce)).images[0]?.road).toBe('upload');
  });

  test('also when its generation was cancelled', async () => {
    await world.setFaults({ uploadNeverRate: 1, imageUrlLateRate: 1, imageUrlLateMs: 300 });
    const ref = await world.enqueue();
    await submit(world.purchase(), ref);
    await world.store.cancel(ref.generationId);
    await world.executed(ref);
    expect(await settle(afterTheWindow(), ref)).toMatchObject({ kind: 'snooze', why: 'image-url' });
    await world.comeHome(ref, afterTheWindow());
    await expectAgreement(world, ref, { status: 'cancelled', images: ['succeeded'], executions: 1, amended: true });
  });

  test('also when the horizon has passed and its outcome is unknown', async () => {
    await world.setFaults({ uploadNeverRate: 1, imageUrlLateRate: 1, imageUrlLateMs: 600, executionMs: [200, 200] });
    const afterTheHorizon = () => world.purchase({ timing: { uploadWindowMs: 0, horizonMs: 0 } });
    const ref = await world.enqueue();
    await submit(world.purchase(), ref);
    expect(await settle(afterTheHorizon(), ref)).toMatchObject({ kind: 'snooze', why: 'ended-without-image' });
    await world.executed(ref);
    await eventually(async () => expect(await settle(afterTheHorizon(), ref)).toMatchObject({ kind: 'snooze', why: 'image-url' }));
    await world.comeHome(ref, afterTheHorizon());
    await expectAgreement(world, ref, { status: 'failed', images: ['succeeded'], executions: 1, amended: true });
  });

  test('and only the time with questions counts: an outage of all workers uses up no patience', async () => {
    await world.setFaults({ uploadNeverRate: 1, imageUrlGoneRate: 1 });
    const ref = await world.enqueue();
    await submit(world.purchase(), ref);
    await world.executed(ref);
    const patient = () => world.purchase({ timing: { uploadWindowMs: 0, patienceMs: 400, troubleMs: 10, maxTroubleMs: 100 } });
    await settle(patient(), ref);
    const stoppedAt = Date.now();
    await eventually(() => expect(Date.now() - stoppedAt).toBeGreaterThan(500));
    expect(await settle(patient(), ref)).toMatchObject({ kind: 'snooze', why: 'image-url' });
    await eventually(async () => expect(await settle(patient(), ref)).toMatchObject({ why: 'ended-without-image' }));
    await expectAgreement(world, ref, { status: 'failed', images: ['lost'], executions: 1, lost: 1 });
  });

  test('and the bytes that came in its place are kept, although the address answers with less at the end', async () => {
    await world.setFaults({ uploadNeverRate: 1, imageUrlLateRate: 1, imageUrlLateMs: 3_600_000, imageUrlLateAnswer: 'other-size' });
    const ref = await world.enqueue();
    await submit(world.purchase(), ref);
    await world.executed(ref);
    await settle(afterTheWindow(), ref);
    const { provider, ...rest } = withoutPatience();
    const fault = { class: 'not-found', code: 'HTTP_404', message: 'gone' } as const;
    const gone = { ...rest, provider: { ...provider, downloadImage: () => Promise.resolve({ kind: 'not-there', fault } as const) } };
    expect(await settle(gone, ref)).toMatchObject({ why: 'ended-without-image' });
    expect(await readQuarantine(world, ref)).toBeDefined();
    expect(await world.storage.findResult(ref)).toMatchObject({ status: 'lost', quarantineKey: quarantineKey(ref) });
  });
});

describe('the verified bytes are the kept bytes', () => {
  test('when the presigned PUT is replayed between the two', async () => {
    await world.setFaults({});
    const ref = await world.enqueue();
    await submit(world.purchase(), ref);
    await world.uploaded(ref);
    const frozen = freezingAt(world.purchase(), 'after', 'archive.readStaging');
    const run = settle(frozen.purchase, ref);
    await frozen.stands;
    await world.upload(ref, 'replaced');
    frozen.thaw();
    expect(await run).toEqual({ kind: 'finished' });
    await expectAgreement(world, ref, succeededOnce);
  });

  test('when two runs verified two different uploads: the first is kept, and both record it', async () => {
    await world.setFaults({});
    const [ref, other] = [await world.enqueue(), await world.enqueue()];
    await Promise.all([ref, other].map((each) => submit(world.purchase(), each)));
    await world.uploaded(ref);
    const frozen = freezingAt(world.purchase(), 'before', 'archive.recordResult');
    const run = settle(frozen.purchase, ref);
    await frozen.stands;
    // A valid image of the right size that differs from the kept one.
    await world.upload(ref, await world.uploaded(other));
    await world.comeHome(ref);
    frozen.thaw();
    await run;
    const view = await expectAgreement(world, ref, succeededOnce);
    const image = await world.storage.readImage(ref, 'JPG');
    expect(image.kind === 'found' && image.bytes.length).toBe(view.images[0]?.image?.sizeBytes);
    expect((await world.storage.findResult(ref))?.image).toEqual(view.images[0]?.image);
  });
});

test('without an upload address the image is fetched at once', async () => {
  await world.setFaults({});
  const ref = await world.enqueue();
  await submit(world.purchase({ askForUpload: false }), ref);
  await world.executed(ref);
  await world.comeHome(ref, world.purchase({ askForUpload: false }));
  const view = await expectAgreement(world, ref, succeededOnce);
  expect(view.images[0]?.road).toBe('image-url');
});

test('the waits for an upload grow, and none ends after the upload window', async () => {
  await world.setFaults({ uploadNeverRate: 1 });
  const ref = await world.enqueue();
  await submit(world.purchase(), ref);
  await world.executed(ref);
  for (let run = 0; run < 3; run += 1) {
    const outcome = await settle(world.purchase({ timing: { uploadWindowMs: 60_000, uploadPollMs: 1000 } }), ref);
    if (outcome.kind !== 'snooze') throw new Error(`the run ended in "${outcome.kind}"`);
    expect(outcome.delayMs).toBeGreaterThanOrEqual(1000);
    expect(outcome.delayMs).toBeLessThanOrEqual(10_000);
  }
});
