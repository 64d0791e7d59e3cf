import { setMaxListeners } from 'node:events';
import { createGenerationId } from '@darkroom/contracts';
import { buildEventTail, eventLogKey, waitForEvents, type LoggedEvent } from '@darkroom/generation-store';
import { silentLogger } from '@darkroom/service-runtime';
import { uniquePrefix } from '@darkroom/testing';
import { Redis } from 'ioredis';
import { expect, inject, onTestFinished, test } from 'vitest';
import { createEventFeed } from '../src/streams/event-feed.ts';
import { createHistory } from '../src/streams/history.ts';

const never = new AbortController().signal;
const now = (): number => performance.now();

/** An hour of events of other tenants, and the last one of "honest" in the midst of them. */
async function setup(count: number) {
  const prefix = uniquePrefix();
  const redis = new Redis(inject('redisUrl'));
  const listening = redis.duplicate();
  const log = eventLogKey(prefix);
  const begin = Date.now() - 3_600_000;
  const ends = createGenerationId(begin);
  for (let from = 0; from < count; from += 1000) {
    const pipeline = redis.pipeline();
    for (let at = from; at < from + 1000; at += 1) {
      const isOwn = at === count / 4;
      const given = ['event', 'generation.succeeded', 'id', isOwn ? ends : createGenerationId(begin + at), 'at', begin + at, 'revision', 3];
      pipeline.xadd(log, `${begin + at}-0`, ...given, 'tenant', isOwn ? 'honest' : 'other');
    }
    await pipeline.exec();
  }
  let reads = 0;
  const tail = buildEventTail(redis, prefix);
  const counted = { ...tail, readAfter: (place: string, most: number) => ((reads += 1), tail.readAfter(place, most)) };
  const feed = createEventFeed({
    tail: counted,
    wait: (place, _blockMs, most) => waitForEvents(listening, prefix, place, 100, most),
    logger: silentLogger,
  });
  onTestFinished(async () => {
    await feed.stop();
    listening.disconnect();
    await redis.del(log);
    await redis.quit();
  });
  await feed.start?.();
  return { feed, begin, ends, reads: () => reads, redis, log };
}

test('a key that asks for the oldest events again and again costs Redis a bounded number of reads, and another key gets its final event', async () => {
  const world = await setup(8000);
  const leaving = new AbortController();
  setMaxListeners(0, leaving.signal);
  const beganAt = now();
  // Each is a walk through the 3,000 events that memory does not hold: 6 reads, 1,200 in all.
  const greedy = Array.from({ length: 200 }, (_, at) =>
    world.feed.next(`1-${at}`, { tenant: 'nobody', keyId: 'greedy' }, leaving.signal).catch(() => undefined),
  );
  const page = await world.feed.next(`${world.begin}-0`, { tenant: 'honest', keyId: 'honest' }, never);
  expect(page.events).toMatchObject([{ event: { eventId: `${world.ends}-succeeded` } }]);
  const seconds = (now() - beganAt) / 1000;
  expect(world.reads()).toBeLessThanOrEqual(21 + 20 * seconds);
  leaving.abort(new Error('left'));
  await Promise.all(greedy);
}, 60_000);

test('readers that come back soon after a start are served from memory', async () => {
  const world = await setup(2000);
  await expect.poll(() => world.feed.newest()).toBe(`${world.begin + 1999}-0`);
  const page = await world.feed.next(`${world.begin + 1}-0`, { tenant: 'honest', keyId: 'honest' }, never);
  expect(page.events).toHaveLength(1);
  expect(world.reads()).toBe(0);
});

test('keys take turns, and readers of one key behind one place share a read', async () => {
  const order: string[] = [];
  const history = createHistory(
    { readAfter: async (place): Promise<LoggedEvent[]> => (order.push(place), []), now },
    { perSecond: 1000, burst: 100 },
  );
  const read = (keyId: string, place: string) => history.read(keyId, place, never);
  await Promise.all([read('a', '1-0'), read('a', '2-0'), read('a', '2-0'), read('a', '3-0'), read('b', '9-0')]);
  expect(order).toEqual(['1-0', '9-0', '2-0', '3-0']);
});

test('a Redis that goes back tells a gap to readers that were further, and they get what comes next', async () => {
  const world = await setup(2000);
  await expect.poll(() => world.feed.newest()).toBe(`${world.begin + 1999}-0`);
  const reader = { tenant: 'honest', keyId: 'honest' };
  const waiting = world.feed.next(await world.feed.newest(), reader, never);
  // A replica that lacks the last hundred events takes over.
  const lost = await world.redis.xrevrange(world.log, '+', '-', 'COUNT', 100);
  await world.redis.xdel(world.log, ...lost.map(([place]) => place));
  const [[last] = ['']] = await world.redis.xrevrange(world.log, '+', '-', 'COUNT', 1);
  await world.redis.call('XSETID', world.log, last);
  expect(await waiting).toEqual({ events: [], place: last, gap: last });
  const fields = ['event', 'generation.failed', 'id', world.ends, 'at', world.begin, 'revision', 3, 'tenant', 'honest'];
  await world.redis.xadd(world.log, `${world.begin + 1950}-0`, ...fields);
  const page = await world.feed.next(last, reader, never);
  expect(page).toMatchObject({ place: `${world.begin + 1950}-0`, events: [{ event: { event: 'generation.failed' } }] });
});

test('readers whose place lies within a page share its read, whatever their keys', async () => {
  let reads = 0;
  const events = Array.from({ length: 10 }, (_, at): LoggedEvent => ({ place: `${at + 1}-0` }) as LoggedEvent);
  const history = createHistory(
    { readAfter: async (place): Promise<LoggedEvent[]> => ((reads += 1), events.slice(Number(place.split('-')[0]))), now },
    { perSecond: 1000, burst: 1000 },
  );
  const places = ['0-0', '1-0', '4-0', '9-0'];
  const found = await Promise.all(places.map((place, key) => history.read(`key-${key}`, place, never)));
  expect(found.map((each) => each[0]?.place)).toEqual(['1-0', '2-0', '5-0', '10-0']);
  expect(reads).toBe(1);
  // Nothing is known of what lies behind the page.
  expect(await history.read('key-9', '10-0', never)).toEqual([]);
  expect(reads).toBe(2);
});

test('a reader that leaves takes no turn, and the others get theirs or the error of Redis', async () => {
  const places: string[] = [];
  const history = createHistory(
    {
      readAfter: (place): Promise<LoggedEvent[]> => {
        places.push(place);
        return place === '3-0' ? Promise.reject(new Error('away')) : Promise.resolve([]);
      },
      now,
    },
    { perSecond: 100, burst: 1 },
  );
  const leaving = new AbortController();
  const first = history.read('a', '1-0', never);
  const left = history.read('a', '2-0', leaving.signal);
  const failing = history.read('a', '3-0', never);
  leaving.abort(new Error('left'));
  await expect(left).rejects.toThrow('left');
  await expect(failing).rejects.toThrow('away');
  expect(await first).toEqual([]);
  expect(places).toEqual(['1-0', '3-0']);
  history.stop();
  await expect(history.read('a', '4-0', never)).rejects.toThrow('the API is stopping');
});
