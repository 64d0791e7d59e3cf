import { taskUuidOf, type SubmissionRef, type Told, type ToldFacts } from '@darkroom/contracts';
import { parseDelivery, toldOf } from '@darkroom/runware-client';
import { eventually } from '@darkroom/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { settle, submit, type Purchase } from '../src/index.ts';
import { expectAgreement, type Agreed } from './agreement.ts';
import { intercept } from './interruptions.ts';
import { nextOf, startPurchaseWorld, type PurchaseWorld } from './purchase-world.ts';

/** I6: facts of a verified image may come with a delivery; each doubt about them is one question to the provider, whose answer decides. */
let world: PurchaseWorld;
beforeAll(async () => {
  world = await startPurchaseWorld();
});
afterAll(() => world.stop());

const succeededOnce: Agreed = { status: 'succeeded', images: ['succeeded'], executions: 1 };

/** Counts the questions that a process puts to the provider and to S3. */
function counting(purchase: Purchase) {
  const calls: string[] = [];
  const counted = intercept(purchase, (name, call) => {
    if (/^(provider|archive)\./.test(name) && name !== 'archive.verify') calls.push(name.split('.')[1]!);
    return call();
  });
  const of = (prefix: string) => calls.filter((name) => name.startsWith(prefix));
  return { purchase: counted, calls, questions: () => of('lookUp').length };
}

/** Facts that the provider's own delivery tells. */
async function trueFacts(ref: SubmissionRef): Promise<ToldFacts> {
  const body = await eventually(() => {
    const [first] = world.webhooks.bodiesOf(ref);
    if (first === undefined) throw new Error('no delivery has come');
    return first;
  });
  const parsed = parseDelivery(body);
  const told = parsed.kind === 'parsed' ? toldOf(parsed.items, taskUuidOf(ref)) : 'nothing';
  if (typeof told === 'string') throw new Error(`the delivery tells ${told}`);
  return told;
}

let bodies = 0;
const deliver = (ref: SubmissionRef, told: Told) => world.store.recordDelivery(ref, { body: `delivery ${(bodies += 1)}`, told });

/** Makes a submission whose image was uploaded, with the facts of its own delivery. */
async function uploaded(faults: Record<string, unknown> = {}) {
  await world.setFaults(faults);
  const ref = await world.enqueue();
  await submit(world.purchase(), ref);
  await world.uploaded(ref);
  return { ref, facts: await trueFacts(ref) };
}

test('a verified upload and a delivery with its facts end a submission without a question', async () => {
  const { ref, facts } = await uploaded();
  await deliver(ref, facts);
  const { purchase, calls } = counting(world.purchase());
  expect(await settle(purchase, ref)).toEqual({ kind: 'finished' });
  expect(calls).toEqual(['readStaging', 'keepImage', 'recordResult']);
  const { images } = await expectAgreement(world, ref, succeededOnce);
  expect(images[0]).toMatchObject({ seed: facts.seed, imageUUID: facts.imageUUID, factsFrom: 'delivery', costUsd: '0.02' });
  expect(await world.storage.findResult(ref)).toMatchObject({ costSource: 'reported', factsFrom: 'delivery' });
});

test('after a delivery before its upload the provider is not asked, and nothing succeeds until the upload is there', async () => {
  await world.setFaults({ uploadDelayMs: [400, 400] });
  const ref = await world.enqueue();
  await submit(world.purchase(), ref);
  await deliver(ref, await trueFacts(ref));
  const { purchase, questions } = counting(world.purchase());
  expect(await settle(purchase, ref)).toMatchObject({ kind: 'snooze', why: 'upload' });
  await world.uploaded(ref);
  expect(await settle(purchase, ref)).toEqual({ kind: 'finished' });
  expect(questions()).toBe(0);
  expect((await expectAgreement(world, ref, succeededOnce)).images[0]?.factsFrom).toBe('delivery');
});

describe('one question decides', () => {
  const falsely = (facts: ToldFacts): ToldFacts => ({ ...facts, seed: 1, imageUUID: '00000000-0000-4000-8000-000000000000' });
  const doubts: Record<string, (ref: SubmissionRef, facts: ToldFacts) => Promise<unknown>> = {
    'a dearer cost': (ref, facts) => deliver(ref, { ...falsely(facts), costNanoUsd: facts.costNanoUsd + 1 }),
    'a cheaper cost': (ref, facts) => deliver(ref, { ...falsely(facts), costNanoUsd: 0 }),
    'something unclear': (ref) => deliver(ref, 'unclear'),
    'two deliveries that disagree': async (ref, facts) => {
      await deliver(ref, falsely(facts));
      await deliver(ref, facts);
    },
    'no delivery': async () => undefined,
    'a cancelled generation': async (ref, facts) => {
      await world.store.cancel(ref.generationId);
      await deliver(ref, falsely(facts));
    },
  };
  test.each(Object.entries(doubts))('after %s', async (name, cause) => {
    const { ref, facts } = await uploaded();
    await cause(ref, facts);
    const { purchase, questions } = counting(world.purchase());
    expect(await settle(purchase, ref)).toEqual({ kind: 'finished' });
    expect(questions()).toBe(1);
    const view = await expectAgreement(world, ref, {
      ...succeededOnce,
      ...(name.includes('cancelled') ? { status: 'cancelled', amended: true } : {}),
    });
    expect(view.images[0]).toMatchObject({ seed: facts.seed, imageUUID: facts.imageUUID, factsFrom: 'provider' });
  });

  test('after a repeated send, because the other send may have been executed', async () => {
    await world.setFaults({ submit429Rate: 1 });
    const ref = await world.enqueue();
    await submit(world.purchase(), ref);
    await world.setFaults({});
    await submit(world.purchase(), ref);
    await world.uploaded(ref);
    const facts = await trueFacts(ref);
    await deliver(ref, falsely(facts));
    const { purchase, questions } = counting(world.purchase());
    await world.comeHome(ref, purchase);
    expect(questions()).toBe(1);
    expect((await expectAgreement(world, ref, succeededOnce)).images[0]).toMatchObject({ seed: facts.seed, factsFrom: 'provider' });
  });

  test('after a repeated send the provider is asked as often as without a delivery, because it may report the task late', async () => {
    await world.setFaults({ submit429Rate: 1 });
    const ref = await world.enqueue();
    await submit(world.purchase(), ref);
    await world.setFaults({ pollLagMs: [600, 600] });
    await submit(world.purchase(), ref);
    await world.uploaded(ref);
    const facts = await trueFacts(ref);
    await deliver(ref, facts);
    expect(await settle(world.purchase(), ref)).toMatchObject({ kind: 'snooze', why: 'facts' });
    const { provider } = world.purchase();
    await eventually(async () => expect((await provider.lookUp(taskUuidOf(ref))).kind).toBe('succeeded'));
    await world.comeHome(ref);
    expect((await expectAgreement(world, ref, succeededOnce)).images[0]).toMatchObject({ seed: facts.seed, factsFrom: 'provider' });
  });

  test('after a cost that differs from the hold the provider is asked as often as without a delivery, because that cost is the price charged', async () => {
    const { ref, facts } = await uploaded({ cost: 'quoted', pollLagMs: [600, 600] });
    await deliver(ref, { ...facts, costNanoUsd: facts.costNanoUsd - 1 });
    expect(await settle(world.purchase(), ref)).toMatchObject({ kind: 'snooze', why: 'facts' });
    const { provider } = world.purchase();
    await eventually(async () => expect((await provider.lookUp(taskUuidOf(ref))).kind).toBe('succeeded'));
    await world.comeHome(ref);
    expect((await expectAgreement(world, ref, succeededOnce)).images[0]).toMatchObject({ seed: facts.seed, factsFrom: 'provider' });
    expect(await world.storage.findResult(ref)).toMatchObject({ costSource: 'reported' });
  });

  test('the provider has forgotten the task: the image succeeds at the cost of its hold', async () => {
    const { ref } = await uploaded({ pollForgetsAfterMs: 1, detailsForgetAfterMs: 1 });
    await deliver(ref, 'unclear');
    const { purchase, questions } = counting(world.purchase());
    expect(await settle(purchase, ref)).toEqual({ kind: 'finished' });
    // Both of the provider's views of the task.
    expect(questions()).toBe(2);
    const [image] = (await expectAgreement(world, ref, succeededOnce)).images;
    expect([image?.seed, image?.factsFrom]).toEqual([undefined, undefined]);
  });
});

describe('a delivery proves no image and no failure', () => {
  test('without an upload the provider is asked once the upload window is over', async () => {
    await world.setFaults({ uploadNeverRate: 1 });
    const ref = await world.enqueue();
    await submit(world.purchase(), ref);
    const facts = await trueFacts(ref);
    await deliver(ref, { ...facts, seed: 1, imageURL: 'https://im.runware.ai/of-another-task.jpg' });
    expect(await settle(world.purchase(), ref)).toMatchObject({ kind: 'snooze', why: 'upload' });
    const { purchase, questions } = counting(world.purchase({ timing: { uploadWindowMs: 0 } }));
    expect(await settle(purchase, ref)).toEqual({ kind: 'finished' });
    expect(questions()).toBe(1);
    const view = await expectAgreement(world, ref, succeededOnce);
    expect(view.images[0]).toMatchObject({ seed: facts.seed, road: 'image-url', factsFrom: 'provider' });
  });

  test('a delivery of success for a failed task changes nothing', async () => {
    await world.setFaults({ failProviderErrorRate: 1 });
    const ref = await world.enqueue();
    await submit(world.purchase(), ref);
    await world.failed(ref);
    await settle(world.purchase(), ref);
    await deliver(ref, { seed: 1, costNanoUsd: 20_000_000 });
    await settle(world.purchase(), ref);
    expect((await world.store.beginSettlement(ref))?.status).toBe('failed');
    await world.setFaults({});
    await submit(world.purchase(), nextOf(ref));
    await world.comeHome(nextOf(ref));
    await expectAgreement(world, ref, succeededOnce);
  });
});

test('a run without a turn moves no image, and no image is moved twice', async () => {
  const { ref } = await uploaded({ pollLagMs: [60_000, 60_000] });
  const { purchase, calls, questions } = counting(world.purchase());
  const takePollTurn = async () => ({ kind: 'wait' as const, delayMs: 700 });
  const waiting = { ...purchase, store: { ...purchase.store, takePollTurn } };
  for (let run = 0; run < 3; run += 1)
    expect(await settle(waiting, ref)).toEqual({ kind: 'snooze', delayMs: 700, why: 'poll-rate', seenDelivery: 0 });
  expect(calls).toEqual([]);
  for (let run = 0; run < 3; run += 1) expect(await settle(purchase, ref)).toMatchObject({ kind: 'snooze', why: 'facts' });
  expect(calls.filter((name) => !name.startsWith('lookUp'))).toEqual(['readStaging', 'keepImage']);
  expect(questions()).toBe(6);
  await world.setFaults({});
  await deliver(ref, await trueFacts(ref));
  expect(await settle(purchase, ref)).toEqual({ kind: 'finished' });
  expect(calls.filter((name) => !name.startsWith('lookUp'))).toEqual(['readStaging', 'keepImage', 'recordResult']);
  await expectAgreement(world, ref, succeededOnce);
});
