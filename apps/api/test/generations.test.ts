import { createGenerationId } from '@darkroom/contracts';
import { eventually } from '@darkroom/testing';
import { expect, test } from 'vitest';
import { bringHome } from './bring-home.ts';
import { shareWorld, type Body } from './shared-world.ts';
import { order } from './world.ts';

const shared = shareWorld();
const { call, create } = shared;

test('enqueues, names the place, and reads it with times as text and money as decimal text', async () => {
  const made = await create({
    tags: ['door'],
    metadata: { team: 'blue' },
    priority: 'high',
    deadlineAt: new Date(Date.now() + 3_600_000).toISOString(),
  });
  expect(made.status).toBe(202);
  expect(made.headers.get('location')).toBe(`/v1/generations/${made.body.generationId}`);
  const read = await call('GET', made.headers.get('location') ?? '');
  expect(read.body).toMatchObject({
    status: 'queued',
    tenant: 'acme',
    costUsd: '0',
    reservedUsd: '0.02',
    createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
    deadlineAt: expect.stringMatching(/Z$/),
    tags: ['door'],
    metadata: { team: 'blue' },
    priority: 'high',
    request: { positivePrompt: order.positivePrompt },
    images: [{ index: 0, status: 'open' }],
  });
});

test('answers a poll with 304 until the generation changes', async () => {
  const { body } = await create();
  const path = `/v1/generations/${body.generationId}`;
  const etag = (await call('GET', path)).headers.get('etag') ?? '';
  expect(etag).toMatch(/^W\/".+"$/);
  const again = await call('GET', path, undefined, { 'if-none-match': `"other", ${etag}` });
  expect([again.status, again.body, again.headers.get('etag')]).toEqual([304, undefined, etag]);
  await call('POST', `${path}/cancel`);
  expect((await call('GET', path, undefined, { 'if-none-match': etag })).status).toBe(200);
});

test.each(['order-1', '"order-2"', '"with \\" quote"'])(
  'the idempotency key %s finds the first generation, and refuses another request',
  async (name) => {
    const headers = { 'idempotency-key': name };
    const first = await create({}, headers);
    const again = await create({}, headers);
    expect([first.status, again.status]).toEqual([202, 200]);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(first.headers.get('idempotent-replayed')).toBeNull();
    expect(again.body.generationId).toBe(first.body.generationId);
    const other = await create({ positivePrompt: 'another' }, headers);
    expect([other.status, other.body]).toEqual([
      422,
      expect.objectContaining({ code: 'request.key-reused', generationId: first.body.generationId }),
    ]);
    const bare = name.startsWith('"') ? name.slice(1, -1).replace('\\"', '"') : name;
    const found = await call('GET', `/v1/generations?idempotencyKey=${encodeURIComponent(bare)}`);
    expect(found.body).toMatchObject({ data: [{ generationId: first.body.generationId, images: ['open'], codes: [] }], next: null });
  },
);

test('bare and quoted, a key is one key; quotes that do not end are refused', async () => {
  const first = await create({}, { 'idempotency-key': 'same' });
  expect((await create({}, { 'idempotency-key': '"same"' })).body.generationId).toBe(first.body.generationId);
  expect((await create({}, { 'idempotency-key': '"same' })).status).toBe(400);
  expect((await call('GET', '/v1/generations?idempotencyKey=nobody-used-it')).body).toEqual({ data: [], next: null });
});

test('names all problems at once, in the words of the body, and enqueues nothing', async () => {
  const wrong = { prompt: 'x', width: 1, height: 2, deadlineAt: 5, runAt: 'tomorrow', tags: [''], priority: 'urgent', tenant: 'bob' };
  const { status, body } = await call('POST', '/v1/generations', wrong, { 'idempotency-key': ' '.repeat(3) + '\u00a0' });
  expect(status).toBe(422);
  const paths = (body['problems'] as { path: string; message: string }[]).map(({ path }) => path);
  expect(paths).toEqual(expect.arrayContaining(['prompt', 'positivePrompt', 'deadlineAt', 'runAt', 'tags[0]', 'priority', 'tenant']));
  expect(JSON.stringify(body)).toContain('ISO 8601');
  expect(JSON.stringify(body)).not.toMatch(/options|Date or/);
  expect(body).toMatchObject({ retryable: false, problemCount: paths.length });
});

test('a known id with another request is 409, and an id out of time 422', async () => {
  const generationId = createGenerationId(Date.now());
  expect((await create({ generationId })).status).toBe(202);
  expect((await create({ generationId })).status).toBe(200);
  expect(await create({ generationId, positivePrompt: 'another' })).toMatchObject({
    status: 409,
    body: { code: 'request.conflict', generationId },
  });
  expect(await create({ generationId: createGenerationId(Date.now() - 3 * 86_400_000) })).toMatchObject({
    status: 422,
    body: { code: 'request.id-out-of-time', redisTime: expect.stringMatching(/Z$/) },
  });
});

test('a reached cap is 402 with the end of the period, and asks for no repetition', async () => {
  await shared.world.store.setCaps({ allPerDay: 10_000 * 20_000_000, tenantPerDay: 1 });
  const { status, body, headers } = await create();
  await shared.world.store.setCaps({ allPerDay: 10_000 * 20_000_000, tenantPerDay: 5000 * 20_000_000 });
  expect(status).toBe(402);
  expect(body).toMatchObject({ code: 'spend.cap-reached', resetsAt: expect.stringMatching(/T00:00:00/) });
  expect(headers.get('retry-after')).toBeNull();
});

test('waits as preferred, and answers 202 when the time is over', async () => {
  const found = createGenerationId(Date.now());
  const pending = create({ generationId: found }, { prefer: 'respond-async, wait=30' });
  await eventually(async () => expect((await call('GET', `/v1/generations/${found}`)).status).toBe(200));
  await bringHome(shared.world.store, found);
  const { status, body, headers } = await pending;
  expect([status, headers.get('preference-applied')]).toEqual([200, 'wait=30']);
  expect(body).toMatchObject({ status: 'succeeded', images: [{ status: 'succeeded', url: `/v1/generations/${found}/images/0` }] });
  const late = await create({}, { prefer: 'wait=1' });
  expect([late.status, late.body.status]).toEqual([202, 'queued']);
});

test('lists in pages that continue, by status, tag, metadata and time', async () => {
  const own = await shared.world.key('lister');
  const read = async (query: string) => {
    const answer = await shared.world.call(own, 'GET', `/v1/generations?${query}`);
    return {
      status: answer.status,
      link: answer.headers.get('link'),
      body: (await answer.json()) as { data: Body[]; next: string | null },
    };
  };
  const ids: string[] = [];
  for (let at = 0; at < 5; at += 1) {
    const answer = await shared.world.call(own, 'POST', '/v1/generations', {
      ...order,
      tags: [at % 2 === 0 ? 'even' : 'odd'],
      metadata: { at: String(at) },
    });
    ids.unshift(((await answer.json()) as Body).generationId);
  }
  const first = await read('limit=2');
  expect(first.body.data.map(({ generationId }) => generationId)).toEqual(ids.slice(0, 2));
  const next = /^<\/v1\/generations\?(.+)>; rel="next"$/.exec(first.link ?? '')?.[1] ?? '';
  expect((await read(next)).body.data.map(({ generationId }) => generationId)).toEqual(ids.slice(2, 4));
  expect((await read('tag=odd')).body.data).toHaveLength(2);
  expect((await read('metadata[at]=3')).body.data).toHaveLength(1);
  expect((await read('status=queued,succeeded&limit=100')).body.data).toHaveLength(5);
  expect((await read(`createdBefore=2020-01-02T00:00:00Z`)).body).toEqual({ data: [], next: null });
  const cursor = encodeURIComponent(first.body.next ?? '');
  expect(await read(`tag=odd&cursor=${cursor}`)).toMatchObject({ status: 422, body: { problems: [{ path: 'cursor' }] } });
  expect(await read('limit=0&createdFrom=yesterday&status=done&tag=a&tag=b')).toMatchObject({ status: 422, body: { problemCount: 4 } });
});

test('a batch enqueues all or none, and names the wrong one', async () => {
  const { status, body } = await call('POST', '/v1/generations/batch', {
    requests: [order, { ...order, numberResults: 2 }],
    tags: ['batch'],
  });
  expect(status).toBe(202);
  expect(body).toMatchObject({
    generations: [
      { created: true, atMostUsd: '0.02' },
      { created: true, atMostUsd: '0.04' },
    ],
  });
  expect(await call('POST', '/v1/generations/batch', { requests: [order, { ...order, widht: 3 }], idempotencyKey: 'x' })).toMatchObject({
    status: 422,
    body: {
      problems: expect.arrayContaining([
        expect.objectContaining({ path: 'requests[1].widht' }),
        expect.objectContaining({ path: 'idempotencyKey' }),
      ]),
    },
  });
  expect((await call('POST', '/v1/generations/batch', {})).status).toBe(422);
});

test('cancels, buys again, and says why an image is not bought again', async () => {
  const { body } = await create({ numberResults: 2 });
  const path = `/v1/generations/${body.generationId}`;
  await bringHome(shared.world.store, body.generationId);
  expect((await call('POST', `${path}/cancel`)).body).toMatchObject({ status: 'cancelled', images: [{ status: 'succeeded' }, {}] });
  const refused = await call('POST', `${path}/retry`, { images: [0] });
  expect(refused).toMatchObject({
    status: 409,
    body: { code: 'retry.already-succeeded', images: [{ index: 0, code: 'retry.already-succeeded' }] },
  });
  const retried = await call('POST', `${path}/retry`);
  expect(retried).toMatchObject({ status: 202, body: { retryOf: body.generationId, replaces: [1], status: 'queued' } });
  const again = await call('POST', `${path}/retry`, { images: [1] });
  expect([again.status, again.body.generationId]).toEqual([200, retried.body.generationId]);
  expect((await call('POST', `${path}/retry`, { images: [7], mayPayAgain: false, why: 'x' })).body).toMatchObject({
    code: 'request.invalid',
    problemCount: 3,
  });
});

test('leads to an image, or names it as JSON', async () => {
  const { body } = await create({ numberResults: 2 });
  await bringHome(shared.world.store, body.generationId);
  const path = `/v1/generations/${body.generationId}/images`;
  const there = await call('GET', `${path}/0?ttlSeconds=60`);
  expect([there.status, there.headers.get('cache-control'), there.body]).toEqual([302, 'no-store', undefined]);
  expect(there.headers.get('location')).toMatch(/images\/0-1\.jpg\?.*X-Amz-Expires=60/);
  const json = await call('GET', `${path}/0`, undefined, { accept: 'application/json' });
  expect(json).toMatchObject({ status: 200, body: { index: 0, url: expect.stringContaining('X-Amz-Signature'), image: { width: 1280 } } });
  expect(await call('GET', `${path}/1`)).toMatchObject({ status: 404, body: { code: 'image.not-there' } });
  expect(await call('GET', `${path}/first`)).toMatchObject({ status: 422, body: { problems: [{ path: 'index' }] } });
});

test('erases with the scope for it alone, and not while open unless it cancels', async () => {
  const { body } = await create();
  const path = `/v1/generations/${body.generationId}`;
  expect(await call('DELETE', path)).toMatchObject({ status: 409, body: { code: 'generation.open' } });
  const erased = await call('DELETE', `${path}?cancel=true`);
  expect(erased).toMatchObject({ status: 202, body: { status: 'requested', requestedAt: expect.stringMatching(/Z$/), retries: [] } });
  expect((await call('GET', erased.headers.get('location') ?? '')).body).toMatchObject({ generationId: body.generationId });
  expect(await call('POST', '/v1/erasures', { generationId: body.generationId, retires: true })).toMatchObject({
    status: 422,
    body: { problems: [{ path: 'retires', message: expect.stringContaining('did you mean "retries"') }] },
  });
});

test('quotes without enqueueing, and tells the spend of the tenant alone', async () => {
  expect((await call('POST', '/v1/quotes', { ...order, numberResults: 3 })).body).toEqual({
    images: 3,
    imageUsd: '0.02',
    atMostUsd: '0.06',
    currency: 'USD',
  });
  const { body } = await call('GET', '/v1/spend');
  expect(body).toMatchObject({
    tenant: 'acme',
    periods: [
      { period: 'day', capUsd: '100' },
      { period: 'month', capUsd: null },
    ],
  });
  expect(JSON.stringify(body)).not.toContain('all:');
});

test('keeps a reference image, and refuses what is none', async () => {
  const { default: sharp } = await import('sharp');
  const bytes = new Uint8Array(
    await sharp({ create: { width: 64, height: 64, channels: 3, background: 'red' } })
      .jpeg()
      .toBuffer(),
  );
  const kept = await call('POST', '/v1/inputs', bytes, { 'content-type': 'image/jpeg' });
  expect(kept.status).toBe(201);
  const reference = String(kept.body['reference']);
  expect((await create({ inputs: { referenceImages: [reference] } })).status).toBe(202);
  expect(await call('POST', '/v1/inputs', new Uint8Array(20 * 1024 * 1024 + 1))).toMatchObject({ status: 413 });
  expect(await call('POST', '/v1/inputs', {})).toMatchObject({ status: 415 });
});
