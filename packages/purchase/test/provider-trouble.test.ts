import { freePort } from '@darkroom/testing';
import type { SubmissionRef } from '@darkroom/contracts';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { submit } from '../src/index.ts';
import { expectAgreement } from './agreement.ts';
import { startPurchaseWorld, type PurchaseWorld } from './purchase-world.ts';

/** A provider in trouble gets one trial request at a time. */
let world: PurchaseWorld;
let deadAddress: string;
beforeAll(async () => {
  world = await startPurchaseWorld();
  deadAddress = `http://127.0.0.1:${await freePort()}/v1`;
});
beforeEach(() => world.setFaults({}));
afterAll(() => world.stop());

const timing = { troubleMs: 100, maxProbeMs: 300 };
const away = () => world.purchase({ timing, providerUrl: deadAddress });
const enqueueMany = (count: number): Promise<SubmissionRef[]> => Promise.all(Array.from({ length: count }, () => world.enqueue()));

test('after five refused connections in a row, each retried by itself, no request leaves', async () => {
  const refs = await enqueueMany(6);
  const outcomes = [];
  for (const ref of refs.slice(0, 5)) outcomes.push(await submit(away(), ref));
  expect(outcomes.map(({ kind }) => kind)).toEqual(['snooze', 'snooze', 'snooze', 'snooze', 'snooze']);
  expect(await submit(world.purchase({ timing }), refs[5]!)).toMatchObject({ kind: 'throttle', why: 'provider-trouble' });
  expect(await world.billed(refs[5]!, 'submission')).toBe(0);
  expect(await world.store.findTrouble(), 'an operator sees why').toMatchObject({
    failures: 5,
    code: expect.stringMatching(/\w/) as string,
  });
});

test('one of many waiting orders is sent as a trial request, and its answer lets the others go', async () => {
  await world.setFaults({ submit503Rate: 1 });
  const refs = await enqueueMany(8);
  // One request that always gets this answer says nothing of the others.
  expect(await submit(world.purchase({ timing }), refs[0]!)).toEqual({ kind: 'submitted' });
  expect(await submit(world.purchase({ timing }), refs[1]!)).toMatchObject({ kind: 'snooze', why: 'provider.unknown' });
  const sentUntil = async (ms: number): Promise<number> => {
    const endsAt = performance.now() + ms;
    while (performance.now() < endsAt) {
      for (const ref of refs) {
        const outcome = await submit(world.purchase({ timing }), ref);
        // The order of the trial request is put aside, so that the next trial belongs to another order.
        expect(outcome).toMatchObject(
          outcome.kind === 'throttle'
            ? { why: 'provider-trouble' }
            : { kind: 'snooze', why: expect.stringMatching(/^(provider\.unknown|poll-rate)$/) },
        );
        // A stopped job looks again soon, however long the wait for the next trial request is.
        if (outcome.kind === 'throttle' && outcome.why === 'provider-trouble')
          expect(outcome.delayMs).toBeLessThanOrEqual(timing.troubleMs);
      }
    }
    return (await Promise.all(refs.map((ref) => world.billed(ref, 'submission')))).reduce((sum, sends) => sum + sends, 0);
  };
  // One at once, and trial requests after 100, 300, 600, 900 and 1200 ms.
  const sends = await sentUntil(1300);
  expect(sends).toBeGreaterThanOrEqual(4);
  // A busy machine may add another; all eight at each look would be hundreds.
  expect(sends).toBeLessThanOrEqual(9);

  await world.setFaults({});
  for (const ref of refs) expect(await submit(world.purchase({ timing }), ref)).toEqual({ kind: 'submitted' });
  for (const ref of refs) {
    await world.comeHome(ref);
    await expectAgreement(world, ref, { status: 'succeeded', images: ['succeeded'], executions: 1 });
  }
});

test.each([
  ['a refusal of the request', { maxReferenceImages: 1 }, { references: 2 }],
  ['an acceptance', {}, {}],
])('%s is an answer', async (_, faults, ordered) => {
  await world.setFaults(faults);
  for (const generationId of ['a', 'b', 'c', 'd', 'e'])
    await world.store.reportTrouble({ generationId, tolerated: 5, firstWaitMs: 1, maxWaitMs: 1 });
  const ref = await world.enqueue(ordered);
  await submit(world.purchase({ timing }), ref);
  expect(await world.store.findTrouble()).toBeUndefined();
});

test('a run that stops in the middle of its request counts as no trouble of the provider', async () => {
  await world.setFaults({ submitSlowRate: 1, submitSlowMs: 2000 });
  for (const ref of await enqueueMany(6)) await submit(world.purchase({ timing }), ref, AbortSignal.timeout(40));
  expect(await world.store.findTrouble()).toBeUndefined();
});

test('a key that is refused in the question before a repeated send is the trouble of this process, and the fleet is not told', async () => {
  await world.setFaults({ submitResetAfterRate: 1 });
  const refs = await enqueueMany(6);
  for (const ref of refs.slice(0, 4)) await submit(world.purchase({ timing }), ref);
  await world.setFaults({});
  await submit(world.purchase({ timing }), refs[5]!);
  expect(await world.store.findTrouble()).toBeUndefined();

  await world.setFaults({ gatewayAnswer: 'account-403' });
  const asked: string[] = [];
  const purchase = world.purchase({ timing });
  const ask: typeof purchase.access.ask = async (fault) => {
    const access = await purchase.access.ask(fault);
    asked.push(`${fault.class} ${access}`);
    return access;
  };
  for (let round = 0; round < 2; round += 1)
    for (const ref of refs.slice(0, 4)) await submit({ ...purchase, access: { ...purchase.access, ask } }, ref);
  expect(asked.slice(0, 4)).toEqual(Array.from({ length: 4 }, () => 'auth closed'));
  expect(await world.store.findTrouble()).toBeUndefined();
});
