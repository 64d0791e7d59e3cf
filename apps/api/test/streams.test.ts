import { parseApiKey } from '@darkroom/contracts';
import { buildEventTail, eventLogKey, waitForEvents } from '@darkroom/generation-store';
import { revokeApiKey } from '@darkroom/recovery';
import { silentLogger } from '@darkroom/service-runtime';
import { createDraws, eventually } from '@darkroom/testing';
import { fastify } from 'fastify';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createEventFeed } from '../src/streams/event-feed.ts';
import { openSse } from '../src/streams/sse.ts';
import { bringHome } from './bring-home.ts';
import { openStream } from './read-sse.ts';
import { order, startWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

const create = async (key: string, more: object = {}): Promise<string> => {
  const answer = await world.call(key, 'POST', '/v1/generations', { ...order, ...more });
  return ((await answer.json()) as { generationId: string }).generationId;
};

test('follows a generation from its present state to its end, and then answers 204 to the reader that has it', async () => {
  const key = await world.key();
  const generationId = await create(key, { numberResults: 2 });
  const url = `${world.url}/v1/generations/${generationId}/events`;
  const stream = await openStream(url, key);
  expect(await stream.next()).toMatchObject({
    event: 'generation',
    data: { status: 'queued', images: [{ status: 'open' }, { status: 'open' }] },
  });
  await bringHome(world.store, generationId, 0);
  await bringHome(world.store, generationId, 1);
  const seen: unknown[] = [];
  for (let event = await stream.next(); event !== undefined; event = await stream.next()) seen.push(event.data);
  expect(seen.at(-1)).toMatchObject({ status: 'succeeded', createdAt: expect.stringMatching(/Z$/) });
  const again = await openStream(url, key, stream.lastId());
  expect([again.status, await again.next()]).toEqual([204, undefined]);
  const late = await openStream(url, key, 'an-earlier-one');
  expect(await late.next()).toMatchObject({ data: { status: 'succeeded' } });
  expect(await late.next()).toBeUndefined();
});

test('a stream that is cut at random and resumed misses no event of the tenant, and tells none of another one', async () => {
  const key = await world.key('cutter');
  const draws = createDraws(7);
  const url = `${world.url}/v1/events`;
  let stream = await openStream(url, key);
  const expected = new Set<string>();
  const seen = new Map<string, unknown>();
  const making = (async () => {
    const other = await world.key('other');
    for (let at = 0; at < 12; at += 1) {
      const generationId = await create(key);
      await create(other);
      await bringHome(world.store, generationId);
      expected.add(`${generationId}-succeeded`);
    }
  })();
  const isDone = (): boolean => expected.size === 12 && [...expected].every((id) => seen.has(id));
  for (let reads = 0; !isDone(); reads += 1) {
    const event = await stream.next();
    if (event === undefined) throw new Error('the stream ended by itself');
    expect(event.data).toMatchObject({ tenant: 'cutter' });
    seen.set((event.data as { eventId: string }).eventId, event.data);
    if (draws.chance(`cut ${reads}`, 0.3)) {
      const last = stream.lastId();
      stream.cut();
      stream = await openStream(url, key, last);
    }
  }
  await making;
  stream.cut();
  expect([...seen.keys()].filter((id) => id.endsWith('-queued'))).toHaveLength(12);
});

test('the streams of a key end within seconds once it is revoked, and those of another key go on', async () => {
  const [lost, kept] = [await world.key('revoked'), await world.key('revoked')];
  const generationId = await create(lost);
  const open = async (path: string, key: string) => {
    const stream = await openStream(`${world.url}${path}`, key);
    expect(stream.status).toBe(200);
    return stream;
  };
  const paths = ['/v1/events', `/v1/generations/${generationId}/events`];
  const ending = await Promise.all(paths.map((path) => open(path, lost)));
  const other = await open('/v1/events', kept);
  await revokeApiKey({ store: world.store, archive: world.storage }, parseApiKey(lost)?.id ?? '');
  for (const stream of ending) {
    const seen = [];
    for (let event = await stream.next(); event !== undefined; event = await stream.next()) seen.push(event);
    expect(seen.at(-1)).toMatchObject({ event: 'error', data: { code: 'api.unauthenticated', status: 401 } });
  }
  const next = await create(kept);
  expect(await other.next()).toMatchObject({ event: 'generation.queued', data: { generationId: next } });
  other.cut();
});

test('a damaged event keeps no reader from those behind it', async () => {
  const key = await world.key('beside');
  const stream = await openStream(`${world.url}/v1/events`, key);
  const tail = buildEventTail(world.redis, world.prefix);
  const last = (await tail.readLast(1))[0]?.place ?? '0-0';
  await world.redis.xadd(eventLogKey(world.prefix), '*', 'event', 'generation.succeeded', 'at', 'yesterday');
  const generationId = await create(key);
  expect(await stream.next()).toMatchObject({ event: 'generation.queued', data: { generationId } });
  stream.cut();
  expect(await tail.readAfter(last, 10)).toMatchObject([{ isUnreadable: true, tenant: '' }, { id: generationId }]);
  expect((await tail.readLast(2)).map(({ isUnreadable }) => isUnreadable)).toEqual([true, undefined]);
});

test('a reader that comes back too late is told of its gap', async () => {
  const key = await world.key('late');
  await create(key);
  const [[place] = ['0-0']] = await world.redis.xrange(`${world.prefix}:event-log`, '-', '+', 'COUNT', 1);
  await world.redis.set(`${world.prefix}:events-trimmed`, place);
  const stream = await openStream(`${world.url}/v1/events`, key, '1-0');
  expect(await stream.next()).toMatchObject({ event: 'gap', id: place, data: { until: expect.stringMatching(/Z$/) } });
  stream.cut();
  await world.redis.del(`${world.prefix}:events-trimmed`);
  // An id that Redis never gave: it lost its memory since.
  const ahead = await openStream(`${world.url}/v1/events`, key, '9999999999999-0');
  expect(await ahead.next()).toMatchObject({ event: 'gap' });
  ahead.cut();
  const wrong = await openStream(`${world.url}/v1/events`, key, 'yesterday');
  expect(wrong.status).toBe(422);
  await wrong.next();
});

test('a reader that a trim overtakes is told of its gap', async () => {
  const key = await world.key('overtaken');
  await create(key);
  const tail = buildEventTail(world.redis, world.prefix);
  const feed = createEventFeed({ tail, wait: () => new Promise(() => undefined), logger: silentLogger });
  const [first = ['0-0']] = await world.redis.xrange(`${world.prefix}:event-log`, '-', '+', 'COUNT', 1);
  const never = new AbortController().signal;
  expect(await feed.findGap('0-0')).toBeUndefined();
  // Between that look and the next read.
  await world.redis.set(`${world.prefix}:events-trimmed`, first[0]);
  await feed.start?.();
  await eventually(async () => expect(await feed.newest()).not.toBe('0-0'));
  expect(await feed.next('0-0', { tenant: 'overtaken', keyId: 'one' }, never)).toEqual({ events: [], place: first[0], gap: first[0] });
  await world.redis.del(`${world.prefix}:events-trimmed`);
});

test('a reader that comes back after an hour without events has no gap, and none for those of others', async () => {
  const key = await world.key('patient');
  const generationId = await create(key);
  const stream = await openStream(`${world.url}/v1/events`, key);
  await bringHome(world.store, generationId);
  for (;;) if ((await stream.next())?.event === 'generation.succeeded') break;
  const last = stream.lastId() ?? '';
  stream.cut();
  // As the reconciler trims a log whose last event is an hour old.
  const [[newest] = ['0-0']] = await world.redis.xrevrange(`${world.prefix}:event-log`, '+', '-', 'COUNT', 1);
  await world.redis.set(`${world.prefix}:events-trimmed`, newest);
  await world.redis.xtrim(`${world.prefix}:event-log`, 'MAXLEN', 0);
  const again = await openStream(`${world.url}/v1/events`, key, last);
  const next = await create(key);
  expect(await again.next()).toMatchObject({ event: 'generation.queued', data: { generationId: next } });
  again.cut();
  await world.redis.del(`${world.prefix}:events-trimmed`);

  const leaving = new AbortController();
  const listening = world.redis.duplicate();
  const feed = createEventFeed({
    tail: buildEventTail(world.redis, world.prefix),
    wait: (place, _blockMs, count) => waitForEvents(listening, world.prefix, place, 100, count),
    logger: silentLogger,
  });
  await feed.start?.();
  // It has begun behind the newest event.
  const begunAt = await feed.newest();
  const seen: string[] = [];
  const waiting = feed.next(begunAt, { tenant: 'nobody', keyId: 'one' }, leaving.signal, (place) => void seen.push(place));
  await create(key);
  await eventually(() => expect(seen.at(-1)).not.toBe(begunAt));
  leaving.abort(new Error('left'));
  await expect(waiting).rejects.toThrow('left');
  await feed.stop();
  await listening.quit();
});

test('comments tell the place that a reader has reached', async () => {
  const server = fastify();
  let place = '1-0';
  server.get('/', async (_request, reply) => {
    openSse(reply, AbortSignal.timeout(60_000), { commentMs: 5, place: () => place });
    return reply;
  });
  const stream = await openStream(await server.listen({ port: 0, host: '127.0.0.1' }), '');
  place = '2-0';
  void stream.next();
  await eventually(() => expect(stream.lastId()).toBe('2-0'));
  stream.cut();
  await server.close();
});

test('beyond the most open streams the next one is refused, and the others end at a stop', async () => {
  await using small = await startWorld({ env: { API_MAX_STREAMS: '3', API_MAX_STREAMS_PER_TENANT: '2' } });
  const [key, other] = [await small.key(), await small.key('other')];
  const url = `${small.url}/v1/events`;
  const [one, two] = [await openStream(url, key), await openStream(url, key)];
  const three = await openStream(url, key);
  expect([three.status, three.retryAfter]).toEqual([429, '10']);
  await three.next();
  const [its, none] = [await openStream(url, other), await openStream(url, other)];
  expect([its.status, none.status]).toEqual([200, 429]);
  await none.next();
  its.cut();
  one.cut();
  await eventually(async () => {
    const four = await openStream(url, key);
    four.cut();
    expect(four.status).toBe(200);
  });
  const ending = two.next();
  const begunAt = performance.now();
  const stop = small.api.stop();
  expect(await ending).toBeUndefined();
  // Streams end at once. The server waits up to 2.5 s longer for connections that have sent no request yet.
  expect(performance.now() - begunAt).toBeLessThan(1000);
  await stop;
});
