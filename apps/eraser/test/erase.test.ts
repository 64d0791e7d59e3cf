import { createGenerationId, defaultTiming } from '@darkroom/contracts';
import { intentKey, requestKey } from '@darkroom/object-storage';
import { createLogger } from '@darkroom/service-runtime';
import { expect, test } from 'vitest';
import { sweepErasures } from '../src/sweep-erasures.ts';
import { PROMPT, secretRequest, setup, type World } from './world.ts';

const sweep = ({ buildParts }: Pick<World, 'buildParts'>, onErased: (images: number) => void = () => undefined) =>
  sweepErasures({ ...buildParts(), onErased });

test('after an erasure no object and no key holds the prompt or the bytes, and money, status and result stay', async () => {
  const world = await setup();
  await world.open();
  const ref = await world.buy();
  const { generationId } = ref;
  expect((await world.findSecrets()).length).toBeGreaterThan(3);
  const [money, result] = [await world.ledger(), await world.storage.findResult(ref)];
  expect(await world.store.requestErasure(generationId, false, 'acme')).toMatchObject({ retries: [] });
  expect(await world.store.find(generationId), 'before the sweep').toMatchObject({ status: 'succeeded' });
  await sweep(world);
  expect(await world.findSecrets()).toEqual([]);
  expect(await world.ledger()).toEqual(money);
  expect(await world.storage.findResult(ref)).toEqual(result);
  expect(await world.storage.findRequest(generationId)).toMatchObject({ kind: 'erased' });
  const found = await world.store.findErasure(generationId, 'acme');
  expect(found?.erasedAt).toBeGreaterThanOrEqual(found?.requestedAt ?? Infinity);
  const intent = await world.storage.findIntent(ref, 0);
  expect(found?.sweptUntil).toBe((intent?.firstSentAt ?? 0) + defaultTiming.resendWindowMs + defaultTiming.capabilityTtlMs);
  await expect(world.store.find(generationId)).rejects.toMatchObject({ code: 'generation.erased' });
  expect((await world.store.list({}, 10)).generations).toMatchObject([{ generationId, status: 'succeeded', costUsd: '0.02' }]);
  expect(await world.countErased(generationId)).toBe(1);
});

test('a request that went by its age leaves a view with the images, until a caller erases these too', async () => {
  const world = await setup();
  await world.open();
  const request = { ...secretRequest(), safety: { checkContent: true } };
  const [{ generationId }, withheld] = [await world.buy(), await world.buy({ request, withholdFlagged: true })];
  const aged = [generationId, withheld.generationId].map((id) => ({ generationId: id, tenant: 'acme', what: 'requests' as const }));
  await world.erasing.store.beginAged('rules');
  await world.erasing.store.takeAged('rules', { date: '2026-01-01', after: '-', nextLook: Infinity }, aged);
  await sweep(world);
  expect(await world.findSecrets([PROMPT])).toEqual([]);
  const view = await world.store.find(generationId, undefined, 'acme');
  expect(await world.store.findErasure(generationId), 'no caller has asked').toBeUndefined();
  expect(view).toMatchObject({ status: 'succeeded', requestErasedAt: expect.any(Number), request: { positivePrompt: '' } });
  expect(view?.images[0]?.image?.key).toContain(generationId);
  expect(await world.store.find(generationId, undefined, 'other')).toBeUndefined();
  expect((await world.store.find(withheld.generationId))?.images[0]).toMatchObject({ withheld: true });
  expect(await world.store.readWithheld(10)).toMatchObject({ count: 1 });
  // Once Redis has let go of it nothing can be shown, and it was not erased either.
  await world.forgetEntry(generationId);
  expect(await world.store.find(generationId)).toBeUndefined();
  for (const id of [generationId, withheld.generationId]) await world.store.requestErasure(id, false);
  await sweep(world);
  expect(await world.findSecrets()).toEqual([]);
  for (const id of [generationId, withheld.generationId])
    await expect(world.store.find(id)).rejects.toMatchObject({ code: 'generation.erased' });
  expect(await world.store.readWithheld(10), 'nothing is left to release').toEqual({ count: 0, oldest: [] });
});

test('a generation of another model is erased as every other, and its events and lists name it on', async () => {
  const world = await setup();
  await world.open();
  const request = { model: 'acme:poster@1', text: PROMPT, scale: 2, numberResults: 1, outputFormat: 'PNG' } as const;
  const dimensions = { kind: 'exact', width: 200, height: 300 } as const;
  const outline = {
    provider: 'acme',
    model: request.model,
    expected: { outputFormat: 'PNG', dimensions },
    request: { ...request, text: '' },
  } as const;
  const { generationId } = await world.buy({ request, outline });
  expect((await world.findSecrets()).length).toBeGreaterThan(3);
  await world.store.requestErasure(generationId, false);
  await sweep(world);
  expect(await world.findSecrets()).toEqual([]);
  await expect(world.store.find(generationId)).rejects.toMatchObject({ code: 'generation.erased' });
  expect((await world.store.list({}, 10)).generations).toMatchObject([{ model: 'acme:poster@1', status: 'succeeded', costUsd: '0.02' }]);
});

test('an image that comes home after the first sweep is booked, and deleted at the next', async () => {
  const world = await setup();
  await world.open();
  const ref = await world.buy({}, false);
  await expect(world.store.requestErasure(ref.generationId, false)).rejects.toMatchObject({ code: 'generation.open' });
  await world.store.cancel(ref.generationId);
  await world.store.requestErasure(ref.generationId, true);
  await sweep(world);
  expect(await world.findSecrets(['a very secret lighthouse'])).toEqual([]);
  await world.bringHome(ref);
  expect((await world.findSecrets()).length).toBeGreaterThan(0);
  let images = 0;
  await sweep(world, (deleted) => (images += deleted));
  expect(images).toBe(1);
  expect(await world.findSecrets()).toEqual([]);
  expect(await world.storage.findResult(ref)).toMatchObject({ status: 'succeeded', costNanoUsd: 20_000_000 });
  expect(await world.countErased(ref.generationId), 'once').toBe(1);
});

test('nothing is erased of a generation that is open again, of another tenant, or that does not exist', async () => {
  const world = await setup();
  await world.open();
  const { generationId } = await world.buy();
  const stranger = createGenerationId(Date.now());
  expect(await world.store.requestErasure(generationId, false, 'other'), 'as if it did not exist').toBeUndefined();
  expect(await world.store.findErasure(generationId, 'other')).toBeUndefined();
  await world.store.requestErasure(stranger, false);
  // Redis has let go of it, and S3 tells whose it is.
  await world.forgetEntry(generationId);
  await world.store.requestErasure(generationId, false, 'other');
  await sweep(world);
  expect(await world.store.findErasure(stranger)).toBeUndefined();
  expect(await world.store.findErasure(generationId, 'other')).toBeUndefined();
  expect(await world.storage.findRequest(generationId)).toMatchObject({ kind: 'found' });
  expect(await world.storage.findRequest(stranger)).toMatchObject({ kind: 'missing' });
  await world.store.requestErasure(generationId, false, 'acme');
  await sweep(world);
  expect(await world.storage.findRequest(generationId)).toMatchObject({ kind: 'erased' });
  await expect(world.store.find(generationId, undefined, 'acme')).rejects.toMatchObject({ code: 'generation.erased' });
});

test('a worker that writes the request of an erased generation finds the tombstone', async () => {
  const world = await setup();
  await world.open();
  const { generationId } = await world.buy();
  const request = await world.storage.findRequest(generationId);
  if (request.kind !== 'found') throw new Error(request.kind);
  await world.store.requestErasure(generationId, false);
  await sweep(world);
  const { version, salt, ...again } = request.kept;
  expect([version, salt.length > 15]).toEqual([1, true]);
  expect(await world.storage.recordRequest(again)).toMatchObject({ kind: 'erased' });
});

test('a second request sweeps again and keeps the time of the first erasure', async () => {
  const world = await setup();
  await world.open();
  const { generationId } = await world.buy();
  await world.store.requestErasure(generationId, false);
  await sweep(world);
  const first = await world.store.findErasure(generationId);
  await world.store.requestErasure(generationId, false);
  await sweep(world);
  expect(await world.store.findErasure(generationId)).toMatchObject({ erasedAt: first?.erasedAt, requestedAt: first?.requestedAt });
});

test('an intent and an entry of an earlier version lose their request, and keep everything else', async () => {
  const world = await setup();
  await world.open();
  const ref = await world.buy();
  const { generationId } = ref;
  const request = secretRequest();
  const intent = await world.storage.findIntent(ref, 0);
  if (intent?.version !== 2) throw new Error('the intent is of another version');
  const { provider, model, outputFormat, dimensions, outline, requestDigest, ...fields } = intent;
  await world.s3.put(intentKey(ref, 0), JSON.stringify({ ...fields, version: 1, request }));
  await world.changeEntry(generationId, { request: JSON.stringify(request) }, ['provider', 'model', 'expected', 'outline']);
  await world.store.requestErasure(generationId, false);
  await sweep(world);
  expect(await world.findSecrets()).toEqual([]);
  const erased = await world.storage.findIntent(ref, 0);
  expect(erased).toEqual({ ...intent, requestDigest: expect.stringMatching(/^[0-9a-f]{64}$/) });
  expect(erased).not.toMatchObject({ requestDigest });
  expect(await world.store.findSubmissions(generationId)).toMatchObject([{ status: 'succeeded' }]);
});

test('a generation with an intent that cannot be read is not called erased, and stops no other', async () => {
  const world = await setup();
  await world.open();
  const [damaged, other] = [await world.buy(), await world.buy()];
  await world.s3.put(intentKey(damaged, 0), `{ "prompt": "${PROMPT}"`);
  for (const { generationId } of [damaged, other]) await world.store.requestErasure(generationId, false);
  await sweep(world);
  expect((await world.store.findErasure(damaged.generationId))?.erasedAt).toBeUndefined();
  expect((await world.store.findErasure(other.generationId))?.erasedAt).toBeGreaterThan(0);
  expect(await world.storage.findRequest(damaged.generationId)).toMatchObject({ kind: 'erased' });
  expect(await world.erasing.store.readDueErasures(1), 'it is put off').toEqual([]);
});

test('a tenant erases nothing of which nothing readable names the owner, and its owner is found in the kept request', async () => {
  const world = await setup();
  await world.open();
  const [unread, whole, requested] = [await world.buy(), await world.buy(), await world.buy()];
  await Promise.all([unread, requested].map(world.damageIntent));
  await world.s3.put(requestKey(unread.generationId), '{ "prompt"');
  for (const { generationId } of [unread, whole, requested]) {
    await world.forgetEntry(generationId);
    await world.store.requestErasure(generationId, false, 'mallory');
  }
  await sweep(world);
  for (const { generationId } of [unread, whole, requested]) {
    expect((await world.store.findErasure(generationId))?.erasedAt).toBeUndefined();
    expect((await world.storage.findRequest(generationId).catch(() => ({ kind: 'unreadable' }))).kind).not.toBe('erased');
  }
});

test('images that come home while their generations are swept are booked, and nothing of them is left', async () => {
  const world = await setup();
  await world.open();
  const refs = await Promise.all(Array.from({ length: 12 }, () => world.buy({}, false)));
  for (const { generationId } of refs) {
    await world.store.cancel(generationId);
    await world.store.requestErasure(generationId, true);
  }
  await Promise.all([...refs.map(world.bringHome), world.eraseAll(), world.eraseAll()]);
  await world.eraseAll();
  expect(await world.findSecrets()).toEqual([]);
  for (const ref of refs) {
    expect(await world.storage.findResult(ref)).toMatchObject({ status: 'succeeded', costNanoUsd: 20_000_000 });
    expect(await world.countErased(ref.generationId)).toBe(1);
  }
  for (const period of Object.values(await world.ledger()))
    expect(period).toMatchObject({ settled: String(12 * 20_000_000), reserved: '0' });
});

test('what is damaged in Redis stops its own generation alone, and a caller who asks once more begins anew', async () => {
  const world = await setup();
  await world.open();
  const [lost, entry, sound, timeless, odd] = [
    await world.buy(),
    await world.buy(),
    await world.buy(),
    await world.buy(),
    await world.buy(),
  ];
  for (const { generationId } of [lost, entry, sound, timeless, odd]) await world.store.requestErasure(generationId, false);
  await world.retype(`erasure:${lost.generationId}`);
  await world.changeErasure(timeless.generationId, { erasedAt: 'yesterday' });
  await world.changeErasure(odd.generationId, { isForced: 'perhaps' });
  await world.retype(`generation:${entry.generationId}`);
  const lines: string[] = [];
  const parts = { ...world.buildParts(), logger: createLogger({ name: 'test' }, { write: (line: string) => void lines.push(line) }) };
  await world.eraseAll(parts);
  expect(await world.store.findErasure(sound.generationId)).toMatchObject({ erasedAt: expect.any(Number) });
  const failed = lines
    .map((line) => JSON.parse(line) as { event: string; generationId: string })
    .filter(({ event }) => event === 'erasure.failed');
  expect(failed.map(({ generationId }) => generationId).toSorted()).toEqual(
    [lost, entry, timeless, odd].map(({ generationId }) => generationId).toSorted(),
  );
  for (const { generationId } of [lost, timeless, odd]) await world.store.requestErasure(generationId, false);
  await world.eraseAll();
  for (const { generationId } of [lost, timeless, odd])
    expect(await world.store.findErasure(generationId)).toMatchObject({ erasedAt: expect.any(Number) });
});

test('a damaged erasure of one generation or of many stops no erasure of many', async () => {
  const world = await setup();
  await world.open();
  const [one, other] = [await world.buy(), await world.buy()];
  await world.store.requestErasure(one.generationId, false);
  await world.retype(`erasure:${one.generationId}`);
  const ask = () =>
    world.store.requestBulk({ erasureId: createGenerationId(Date.now()), tenant: 'acme', isForced: false, withRetries: false });
  const [damaged, retyped, sound] = [await ask(), await ask(), await ask()];
  await world.changeErasure(damaged.erasureId, { found: 'many' });
  await world.retype(`erasure:${retyped.erasureId}`);
  for (let rounds = 0; rounds < 4; rounds += 1) await world.eraseAll();
  expect(await world.store.findBulk(sound.erasureId)).toMatchObject({ found: 2, erased: 2, left: 0, erasedAt: expect.any(Number) });
  for (const { generationId } of [one, other]) expect(await world.storage.findRequest(generationId)).toMatchObject({ kind: 'erased' });
  // what its caller asks about once more is not known any more
  for (const { erasureId } of [damaged, retyped]) expect(await world.store.findBulk(erasureId)).toBeUndefined();
});

test('what a copy of the bucket brings back is erased again if a caller asks again, by id or by tag', async () => {
  const world = await setup();
  await world.open();
  const refs = [await world.buy({ tags: ['secret'] }), await world.buy({ tags: ['secret'] })];
  const old = await world.keepOld(40);
  const putBack = await world.copyBucket();
  const ask = (all: typeof refs) => Promise.all(all.map(({ generationId }) => world.store.requestErasure(generationId, false)));
  await ask(refs);
  await world.eraseByAge({ requests: 30, images: 30 });
  expect(await world.findSecrets()).toEqual([]);

  await putBack();
  expect(await world.findSecrets()).not.toEqual([]);
  // the copy of what went by its age is young
  await ask([...refs, old]);
  await world.eraseAll();
  expect(await world.findSecrets()).toEqual([]);

  await putBack();
  const erasureId = createGenerationId(Date.now());
  await world.store.requestBulk({ erasureId, isForced: false, withRetries: false, tag: 'secret' });
  await world.eraseAll();
  expect(await world.store.findBulk(erasureId)).toMatchObject({ found: 2, erased: 2, erasedAt: expect.any(Number) });
  for (const { generationId } of refs) expect(await world.storage.findRequest(generationId)).toMatchObject({ kind: 'erased' });
});
