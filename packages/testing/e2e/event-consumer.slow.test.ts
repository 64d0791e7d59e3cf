import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createGenerationId, parseGrokImagineRequest } from '@darkroom/contracts';
import { buildGenerationStore, connectPatient, eventLogKey } from '@darkroom/generation-store';
import { createEvents } from '@darkroom/producer';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import type { CrashPoint } from '../src/crash-points/order.ts';
import { createTap } from '../src/crash-points/tap.ts';
import { startEventConsumer } from '../src/event-consumer/event-consumer.ts';
import { eventually } from '../src/eventually.ts';
import { uniquePrefix } from '../src/unique-prefix.ts';

// A consumer dies at each request of its life: before it is sent, and after its answer came and before the process read it. Its life has
// an event that it takes over from a dead consumer, and two of its own. Another one, or itself under its name, must see what is left.

const EVENTS = 3;
const GROUP = 'mail';
/** Longer than any pause of a busy machine: no other consumer takes over the event on which a living one works. */
const TAKE_OVER_MS = 600_000;
const LONG_AGO_MS = 2 * TAKE_OVER_MS;
/** Stands for the prefix, which each death has to itself. */
const ANY_PREFIX = '<prefix>';
/** A consumer that has not died by then never comes to its point. */
const DIES_WITHIN_MS = 120_000;
/** Deaths at the same time: a consumer's start is most of the time. */
const AT_ONCE = 3;

const redisUrl = inject('redisUrl');
const redis = connectPatient(redisUrl);
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'darkroom-consumers-'));
});
afterAll(() => {
  redis.disconnect();
  rmSync(folder, { recursive: true });
});

/** A stream with events of which a dead consumer has taken the first, and a consumer that is not started yet. */
async function setup(name: string) {
  // Without the digits and hexadecimal letters that names of requests leave out.
  const prefix = uniquePrefix().replaceAll(/[0-9a-f]/g, (letter) => 'ghijklmnopqrstuv'.charAt(parseInt(letter, 16)));
  const log = eventLogKey(prefix);
  const file = join(folder, `${name}.log`);
  const options = { retention: { recordSeconds: 600, idempotencySeconds: 172_800 }, pollRate: { perSecond: 1, burst: 1 } };
  const store = buildGenerationStore({ prefix, ...options }, redis);
  await store.setCaps({ allPerDay: 1e12 });
  await store.initialise('epoch-1');
  const request = parseGrokImagineRequest({ positivePrompt: 'a red door' });
  const add = async (): Promise<string> => {
    const { generationId } = await store.enqueue({
      generationId: createGenerationId(Date.now()),
      tenant: 'default',
      request,
      imageNanoUsd: 20_000_000,
    });
    return `${generationId}-queued`;
  };
  const ids: string[] = [];
  for (let at = 0; at < EVENTS; at += 1) ids.push(await add());
  await redis.xgroup('CREATE', log, GROUP, '0');
  await redis.xreadgroup('GROUP', GROUP, 'dead', 'COUNT', 1, 'STREAMS', log, '>');
  /** Makes all that was taken and not acknowledged look as if its consumers had died long ago. */
  const age = async (): Promise<void> => {
    const pending = (await redis.xpending(log, GROUP, '-', '+', 100)) as [string, string][]; // the form of its rows
    for (const [place, owner] of pending) await redis.xclaim(log, GROUP, owner, 0, place, 'IDLE', LONG_AGO_MS, 'JUSTID');
  };
  await age();
  const tap = createTap(folder, name, { redis: redisUrl, s3: 'http://127.0.0.1:1', provider: 'http://127.0.0.1:2' });
  return {
    prefix,
    ids,
    add,
    age,
    tap,
    unacknowledged: async (): Promise<unknown> => (await redis.xpending(log, GROUP))[0], // its first field is a count
    start: () =>
      startEventConsumer({ redisUrl, prefix, group: GROUP, consumer: 'one', takeOverMs: TAKE_OVER_MS, file, beside: tap.environment }),
    handled: (): string[] => {
      try {
        return readFileSync(file, 'utf8').split('\n').slice(0, -1);
      } catch {
        return []; // it died before its first event
      }
    },
  };
}

/** Counts the requests of a consumer that lives. @returns those until the last event is acknowledged. */
async function trace(name: string): Promise<CrashPoint[]> {
  const world = await setup(name);
  await world.tap.order({ kind: 'trace' });
  const consumer = world.start();
  const steps = await eventually(
    async () => {
      const { steps: read } = await world.tap.read();
      const acknowledged = read.filter(({ step, request }) => step === 'answered' && request.startsWith('redis XACK'));
      expect(acknowledged).toHaveLength(EVENTS);
      return read.slice(0, read.indexOf(acknowledged.at(-1)!) + 1);
    },
    { withinMs: 60_000 },
  );
  await consumer.stop(10_000);
  expect(world.handled()).toEqual(world.ids);
  return steps.map(({ step, request, occurrence }) => ({
    request: request.replace(world.prefix, ANY_PREFIX),
    occurrence,
    moment: step === 'sent' ? 'before' : 'after',
  }));
}

/** Lets a consumer die at a point, and another one go on. @returns why that is wrong. */
async function die(at: CrashPoint, number: number): Promise<string[]> {
  const world = await setup(`death-${number}`);
  await world.tap.order({ kind: 'die', at: { ...at, request: at.request.replace(ANY_PREFIX, world.prefix) } });
  const consumer = world.start();
  const late = setTimeout(() => void consumer.kill(), DIES_WITHIN_MS);
  await consumer.ended;
  clearTimeout(late);
  const { died } = await world.tap.read();
  const handled = world.handled();
  const isSame = number % 2 === 0;
  await world.age();
  const last = await world.add();
  const left: { eventId: string; deliveries: number }[] = [];
  const heir = createEvents({ redisUrl, prefix: world.prefix, group: GROUP, consumer: isSame ? 'one' : 'two', takeOverMs: 60_000 });
  let isOver = false;
  for await (const event of heir) {
    // The loop asked for this one: all before it are acknowledged.
    if (isOver || event.event === 'events.gap') break;
    left.push(event);
    isOver = event.eventId === last;
    if (isOver) await world.add();
  }
  await heir.close();
  const seen = new Set([...handled, ...left.map(({ eventId }) => eventId)]);
  const where = `${at.moment} ${at.request} (${at.occurrence})`;
  const unmarked = left.filter(({ eventId, deliveries }) => handled.includes(eventId) && deliveries < 2);
  return [
    ...(died === undefined ? [`${where}: the consumer did not come there`] : []),
    ...world.ids.filter((id) => !seen.has(id)).map((id) => `${where}: ${id} is lost`),
    ...unmarked.map(({ eventId }) => `${where}: ${eventId} is not told to be a repetition`),
    ...(seen.size === EVENTS + 1 ? [] : [`${where}: ${seen.size} ids for ${EVENTS + 1} events`]),
    ...(new Set(left.map(({ eventId }) => eventId)).size === left.length ? [] : [`${where}: one was handed out twice to one consumer`]),
    // The heir left its loop at the event behind the last one, which it keeps.
    ...((await world.unacknowledged()) === 1 ? [] : [`${where}: some event was not acknowledged`]),
  ];
}

test('a consumer that dies at any request of its life loses no event, and repetitions have the same id', async () => {
  // The first life loads scripts into Redis, which no later one does.
  await trace('loads');
  const points = await trace('golden');
  expect(points.length).toBeGreaterThan(2 * EVENTS * 4);
  const wrong: string[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    for (let number = next++; number < points.length; number = next++) wrong.push(...(await die(points[number]!, number)));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  console.info(`${points.length} deaths`);
  expect(wrong).toEqual([]);
});
