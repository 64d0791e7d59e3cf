import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { settle, submit, type Purchase } from '../src/index.ts';
import { expectAgreement, ledgerOf, type Agreed } from './agreement.ts';
import { notKnownYet, startPurchaseWorld, type PurchaseWorld } from './purchase-world.ts';

/** Answers that do not concern the order, and orders that are refused while others are accepted. */
let world: PurchaseWorld;
beforeAll(async () => {
  world = await startPurchaseWorld();
});
afterEach(() => world.setFaults({}));
afterAll(() => world.stop());

const succeededOnce: Agreed = { status: 'succeeded', images: ['succeeded'], executions: 1 };
const held = { settled: 0, reserved: 20_000_000 };

/** Buys an order of another tenant, which shows that the provider accepts purchases. */
async function buyAnother(): Promise<void> {
  expect(await submit(world.purchase(), await world.enqueue())).toEqual({ kind: 'submitted' });
}

const walls = [
  'html-401',
  'html-402',
  'html-403',
  'html-404',
  'html-502',
  'empty-403',
  'json-404',
  'json-403',
  'json-200',
  'html-200',
  'redirect-302',
];

test.each(walls)(
  'an order that a gateway answers with %s for its content ends unknown with its money held, and others are bought',
  async (answer) => {
    const ref = await world.enqueue();
    await world.setFaults({ poisonWord: ref.generationId, poisonAnswer: answer });
    for (let send = 1; send <= 4; send += 1) {
      expect(await submit(world.purchase(), ref)).toEqual({ kind: 'submitted' });
      expect((await settle(world.purchase(), ref)).kind, 'looked for').toBe('snooze');
      await buyAnother();
    }
    await settle(world.purchase(), ref);
    const view = await expectAgreement(world, ref, { status: 'failed', images: ['unknown'], executions: 0, held: 1 });
    expect(view.images[0]?.fault?.code).toBe('provider.blocked');
    expect(await ledgerOf(world, ref.generationId)).toEqual(held);
    expect(await world.store.findTrouble()).toBeUndefined();
  },
);

test.each(['html-403', 'html-503', 'account-403', 'json-404'])(
  'twelve orders in a row that are answered with %s stop no other order',
  async (poisonAnswer) => {
    await world.setFaults({ poisonWord: '"PNG"', poisonAnswer });
    for (let at = 0; at < 12; at += 1) await submit(world.purchase(), await world.enqueue({ format: 'PNG' }));
    expect(await world.store.findTrouble()).toBeUndefined();
    await buyAnother();
  },
);

test('an answer of a gateway does not end an order while no other order is accepted', async () => {
  const ref = await world.enqueue();
  await world.setFaults({ poisonWord: ref.generationId, poisonAnswer: 'html-403' });
  for (let send = 1; send <= 8; send += 1) {
    await submit(world.purchase(), ref);
    expect((await settle(world.purchase(), ref)).kind).toBe('snooze');
  }
  await world.setFaults({});
  expect(await submit(world.purchase(), ref)).toEqual({ kind: 'submitted' });
  await world.comeHome(ref);
  await expectAgreement(world, ref, succeededOnce);
});

test('an order that a gateway passed on before it answered 403 is bought once and comes home', async () => {
  const ref = await world.enqueue();
  await world.setFaults({ poisonWord: ref.generationId, poisonAnswer: 'html-403', wallPassesOn: true });
  await submit(world.purchase(), ref);
  await submit(world.purchase(), ref);
  await world.comeHome(ref);
  await expectAgreement(world, ref, succeededOnce);
});

test('an image of an order that ended as blocked is kept', async () => {
  const ref = await world.enqueue();
  await world.setFaults({
    poisonWord: ref.generationId,
    poisonAnswer: 'html-403',
    wallPassesOn: true,
    ...notKnownYet,
    executionMs: [1500, 1500],
  });
  await submit(world.purchase(), ref);
  for (let strike = 1; strike <= 3; strike += 1) {
    await buyAnother();
    await world.store.countStrike(ref);
  }
  await settle(world.purchase(), ref);
  expect((await world.store.find(ref.generationId))?.images[0]?.status).toBe('unknown');
  await world.setFaults({});
  await world.uploaded(ref);
  await settle(world.purchase(), ref);
  expect((await world.store.find(ref.generationId))?.images[0]?.status).toBe('succeeded');
  expect(await world.billed(ref, 'execution')).toBe(1);
});

test('an order that is refused for the account while others are accepted fails after four sends', async () => {
  const ref = await world.enqueue();
  await world.setFaults({ poisonWord: ref.generationId, poisonAnswer: 'account-403' });
  for (let send = 1; send <= 3; send += 1) {
    expect(await submit(world.purchase(), ref)).toMatchObject({ kind: 'snooze', why: 'provider.account' });
    await buyAnother();
  }
  expect(await submit(world.purchase(), ref)).toEqual({ kind: 'finished' });
  const view = await expectAgreement(world, ref, { status: 'failed', images: ['failed'], executions: 0 });
  expect(view.images[0]?.fault?.code).toBe('provider.refused');
});

test.each([...walls, 'account-403', 'refusal-400'])(
  'while every order is answered with %s none fails, and each is bought once that is over',
  async (answer) => {
    const refs = await Promise.all([world.enqueue(), world.enqueue(), world.enqueue()]);
    await world.setFaults({ gatewayAnswer: answer });
    for (const ref of refs) expect(['release', 'submitted', 'snooze', 'throttle']).toContain((await submit(world.purchase(), ref)).kind);
    for (const ref of refs) expect((await world.store.find(ref.generationId))?.images[0]?.status).toBe('open');
    await world.setFaults({});
    for (const ref of refs) expect(await submit(world.purchase(), ref)).toEqual({ kind: 'submitted' });
    for (const ref of refs) {
      await world.comeHome(ref);
      await expectAgreement(world, ref, succeededOnce);
    }
  },
);

test.each([
  ['the address for uploads, which each dry run has', 'uploadEndpoint', 'closed'],
  ['the address of the webhook, which no dry run has', 'webhookURL', 'open'],
])('where a page answers whatever holds %s, no order fails', async (_, poisonWord, access) => {
  const refs = await Promise.all(Array.from({ length: 8 }, () => world.enqueue()));
  await world.setFaults({ poisonWord, poisonAnswer: 'html-403' });
  expect(await world.purchase().access.ask({ class: 'unknown', code: 'HTTP_403', message: '' })).toBe(access);
  for (const ref of refs) expect(await submit(world.purchase(), ref)).toEqual({ kind: 'submitted' });
  for (const ref of refs) expect((await settle(world.purchase(), ref)).kind).toBe('snooze');
  await world.setFaults({});
  for (const ref of refs) await submit(world.purchase(), ref);
  for (const ref of refs) {
    await world.comeHome(ref);
    await expectAgreement(world, ref, succeededOnce);
  }
});

/** A process that asks as the worker does; where the provider charges for dry runs it makes none. */
const untried = (): Purchase => ({ ...world.purchase(), access: { isHeld: () => false, ask: () => Promise.resolve('untried') } });

test.each([
  ['a dry run is accepted although the account is refused', () => world.purchase()],
  ['no dry run can be made', untried],
])('where every purchase is refused for the account and %s, no order fails and the fleet is told', async (_, process) => {
  const refs = await Promise.all(Array.from({ length: 3 }, () => world.enqueue()));
  await world.setFaults({ poisonWord: '"deliveryMethod":"async"', poisonAnswer: 'account-403' });
  // The provider accepted no purchase for a while.
  await world.redis.set(`${world.prefix}:accepted-at`, Date.now() - 3_600_000);
  for (let send = 1; send <= 6; send += 1) for (const ref of refs) await submit(process(), ref);
  for (const ref of refs) expect((await world.store.find(ref.generationId))?.images[0]?.status).toBe('open');
  for (let at = 0; at < 3; at += 1) await submit(process(), await world.enqueue());
  expect(await world.store.findTrouble()).toMatchObject({ failures: expect.any(Number) });
  await world.setFaults({});
  await world.redis.del(`${world.prefix}:provider-trouble`);
  for (const ref of refs) {
    expect(await submit(world.purchase(), ref)).toEqual({ kind: 'submitted' });
    await world.comeHome(ref);
    await expectAgreement(world, ref, succeededOnce);
  }
});

test('where no dry run can be made, the first refused orders end, and later ones with the same code wait', async () => {
  await world.setFaults({ gatewayAnswer: 'refusal-400' });
  const refs = await Promise.all(Array.from({ length: 7 }, () => world.enqueue()));
  for (const ref of refs) await submit(untried(), ref);
  const ends = await Promise.all(refs.map(async ({ generationId }) => (await world.store.find(generationId))?.status));
  expect(
    ends
      .map((status) => (status === 'failed' ? 'ended' : 'waits'))
      .toSorted()
      .join(' '),
  ).toBe('ended ended ended ended waits waits waits');
  await world.setFaults({});
  await world.redis.del(`${world.prefix}:provider-trouble`);
  await buyAnother();
  await world.setFaults({ gatewayAnswer: 'refusal-400' });
  const [one] = [await world.enqueue()];
  expect(await submit(untried(), one)).toEqual({ kind: 'finished' });
});

test('a provider that refuses the content of every purchase fails no order', async () => {
  const refs = await Promise.all(Array.from({ length: 3 }, () => world.enqueue()));
  await world.setFaults({ gatewayAnswer: 'moderation-403' });
  for (const ref of refs) expect((await submit(world.purchase(), ref)).kind).not.toBe('finished');
  await world.setFaults({});
  for (const ref of refs) expect(await submit(world.purchase(), ref)).toEqual({ kind: 'submitted' });
});

test.each(['data-200', 'wordless-200'])('a gateway that answers every purchase with %s loses none', async (answer) => {
  const ref = await world.enqueue();
  await world.setFaults({ gatewayAnswer: answer });
  expect((await submit(world.purchase(), ref)).kind).toBe('submitted');
  await world.setFaults({});
  expect(await submit(world.purchase(), ref)).toEqual({ kind: 'submitted' });
  await world.comeHome(ref);
  await expectAgreement(world, ref, succeededOnce);
});
