import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { eventually } from '@darkroom/testing';
import { describe, expect, inject, test } from 'vitest';
import { createEvents, type DarkroomEvent, type Events, type EventsGap, type EventsOptions } from '../src/index.ts';
import { problemsOf } from './problems-of.ts';
import { bringHome, refsOf, request, setup, type World } from './world.ts';

const program = fileURLToPath(new URL('programs/consume.mjs', import.meta.url));

const open = ({ prefix }: World, options: Partial<EventsOptions> = {}): Events & AsyncDisposable => {
  const events = createEvents({ redisUrl: inject('redisUrl'), prefix, group: 'mail', from: 'oldest', ...options });
  return {
    ...events,
    [Symbol.asyncDispose]: () => events.close(),
  };
};

/** Reads so many events, and acknowledges them all. */
async function take(events: Events, count: number): Promise<(DarkroomEvent | EventsGap)[]> {
  const taken: (DarkroomEvent | EventsGap)[] = [];
  for await (const event of events) {
    // The loop is left at the one behind them, which is not acknowledged.
    if (taken.length === count) break;
    taken.push(event);
  }
  return taken;
}

/** Reads until an event comes, and leaves the loop there. */
async function takeUntil(events: Events, last: string): Promise<(DarkroomEvent | EventsGap)[]> {
  const taken: (DarkroomEvent | EventsGap)[] = [];
  for await (const event of events) {
    taken.push(event);
    if ('eventId' in event && event.eventId === last) break;
  }
  return taken;
}

const idsOf = (events: readonly (DarkroomEvent | EventsGap)[]): string[] =>
  events.map((event) => ('eventId' in event ? event.eventId : event.event));

/** Enqueues so many generations. @returns the ids of their first events. */
async function enqueue({ producer }: World, count: number): Promise<string[]> {
  const enqueued = await producer.enqueueMany(Array.from({ length: count }, () => request));
  return enqueued.map(({ generationId }) => `${generationId}-queued`);
}

describe('a consumer', () => {
  test('passes by what cannot be read, which is put aside for its group', async () => {
    await using world = await setup();
    await using events = open(world);
    const first = await enqueue(world, 1);
    const damaged = await world.redis.xadd(`${world.prefix}:event-log`, '*', 'event', 'generation.queued', 'at', 'never');
    const later = await enqueue(world, 2);
    expect(idsOf(await take(events, 2))).toEqual([...first, later[0]]);
    const [[, fields] = [], ...more] = await world.redis.xrange(`${world.prefix}:events-dead`, '-', '+');
    expect(more).toEqual([]);
    expect(fields).toEqual(expect.arrayContaining(['group', 'mail', 'place', damaged]));
  });

  test('is given every event with an id that stays the same, in the order in which they came', async () => {
    await using world = await setup();
    await using events = open(world);
    const { generationId } = await world.producer.enqueue(request, { tenant: 'acme' });
    for (const ref of refsOf(generationId)) await bringHome(world.store, ref);
    await world.producer.enqueue(request);
    const origin = { provider: 'runware', model: 'xai:grok-imagine@image' };
    const taken = await take(events, 3);
    expect(taken).toEqual([
      {
        event: 'generation.queued',
        eventId: `${generationId}-queued`,
        generationId,
        tenant: 'acme',
        ...origin,
        at: expect.any(Number),
        revision: 1,
        deliveries: 1,
      },
      {
        event: 'submission.succeeded',
        eventId: `${generationId}-0-1-succeeded`,
        generationId,
        tenant: 'acme',
        ...origin,
        at: expect.any(Number),
        revision: 4,
        index: 0,
        n: 1,
        deliveries: 1,
      },
      {
        event: 'generation.succeeded',
        eventId: `${generationId}-succeeded`,
        generationId,
        tenant: 'acme',
        ...origin,
        at: expect.any(Number),
        revision: 4,
        deliveries: 1,
      },
    ]);
  });

  test('begins a new group with the next event, and a known group where the group is', async () => {
    await using world = await setup();
    await enqueue(world, 1);
    const first = open(world, { from: 'next' });
    const reading = take(first, 1);
    await eventually(async () => expect(await world.redis.xinfo('GROUPS', `${world.prefix}:event-log`)).toHaveLength(1));
    const [second = '', third = ''] = await enqueue(world, 2);
    expect(idsOf(await reading)).toEqual([second]);
    await first.close();
    // It left the loop at the third one, which another consumer takes over.
    await using again = open(world, { from: 'next', takeOverMs: 1000 });
    expect(idsOf(await takeUntil(again, third))).toEqual([third]);
  });

  test('sees the events of its tenant alone', async () => {
    await using world = await setup();
    await using events = open(world, { tenant: 'acme' });
    await enqueue(world, 3);
    const { generationId } = await world.producer.enqueue(request, { tenant: 'acme' });
    await world.producer.enqueue(request, { tenant: 'acme' });
    expect(idsOf(await take(events, 1))).toEqual([`${generationId}-queued`]);
  });

  test('loses none to a group of the same name of another tenant, or of none', async () => {
    await using world = await setup();
    const tenants = ['a:b', 'a+b', 'a.b', undefined];
    const expected = new Map<string | undefined, string[]>(tenants.map((tenant) => [tenant, []]));
    for (let round = 0; round < 3; round += 1)
      for (const tenant of tenants) {
        const { generationId } = await world.producer.enqueue(request, tenant === undefined ? {} : { tenant });
        for (const reader of new Set([tenant, undefined])) expected.get(reader)?.push(`${generationId}-queued`);
      }
    const seen = new Map(tenants.map((tenant): [string | undefined, string[]] => [tenant, []]));
    const readers = tenants.map((tenant) => ({ tenant, events: open(world, tenant === undefined ? {} : { tenant }) }));
    const reading = readers.map(async ({ tenant, events }) => {
      for await (const event of events) seen.get(tenant)?.push(...idsOf([event]));
    });
    try {
      await eventually(() => expect(seen).toEqual(expected));
    } finally {
      for (const { events } of readers) await events.close();
      await Promise.all(reading);
    }
    const groups = (await world.redis.xinfo('GROUPS', `${world.prefix}:event-log`)) as [string, string][]; // its rows begin with the name
    expect(groups.map(([, name]) => name).toSorted()).toEqual(['mail', 'mail@a.b', 'mail@a~2bb', 'mail@a~3ab']);
  });

  test('is told of events that were trimmed before its group read them', async () => {
    await using world = await setup();
    const log = `${world.prefix}:event-log`;
    await world.redis.xgroup('CREATE', log, 'mail', '0', 'MKSTREAM');
    const [, gone = ''] = await enqueue(world, 2);
    const [row] = await world.redis.xrevrange(log, '+', '-', 'COUNT', 1);
    const [place = ''] = row ?? [];
    await world.redis.xtrim(log, 'MAXLEN', 0);
    await world.redis.set(`${world.prefix}:events-trimmed`, place);
    const [next = ''] = await enqueue(world, 2);
    await using events = open(world);
    const taken = await take(events, 2);
    expect(taken[0]).toEqual({ event: 'events.gap', until: Number(place.split('-')[0]) });
    expect(idsOf(taken)).toEqual(['events.gap', next]);
    expect(gone).not.toBe('');
  });

  test('begins at the oldest event again when Redis has lost its memory', async () => {
    await using world = await setup();
    await using events = open(world, { from: 'next' });
    const taken: string[] = [];
    const reading = (async () => {
      for await (const event of events) {
        taken.push(...idsOf([event]));
        if (taken.length === 2) return;
      }
    })();
    await eventually(async () => expect(await world.redis.exists(`${world.prefix}:event-log`)).toBe(1));
    const [first = ''] = await enqueue(world, 1);
    await eventually(() => expect(taken).toEqual([first]));
    await world.redis.del(`${world.prefix}:event-log`);
    const [second = ''] = await enqueue(world, 1);
    await reading;
    expect(taken).toEqual([first, second]);
  });

  test('ends its loop at a close, also while it waits, and twice', async () => {
    await using world = await setup();
    const events = open(world);
    const reading = take(events, 1);
    await eventually(async () => expect(await world.redis.exists(`${world.prefix}:event-log`)).toBe(1));
    await events.close();
    await events.close();
    expect(await reading).toEqual([]);
  });

  test('is refused with all problems of its options at once', async () => {
    const wrong = { redisUrl: 'x', group: 'a b', from: 'start', takeOverMs: 1, tenant: '', grup: 1 };
    const { paths } = await problemsOf(() => createEvents(wrong as unknown as EventsOptions)); // a caller without types
    expect(paths.toSorted()).toEqual(['from', 'group', 'grup', 'redisUrl', 'takeOverMs', 'tenant']);
  });
});

describe('a consumer that dies', () => {
  /** Runs a consumer in a process of its own until it stands at an event. */
  async function runUntilItStands(world: World, consumer: string, handled: number) {
    const child = spawn(process.execPath, [program, inject('redisUrl'), world.prefix, 'mail', consumer, String(handled)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
    expect((await lines.next()).value).toBe('ready');
    const seen: string[] = [];
    while (seen.length <= handled) seen.push(String((await lines.next()).value));
    return {
      seen,
      kill: async () => {
        child.kill('SIGKILL');
        await once(child, 'exit');
      },
    };
  }

  test('by SIGKILL loses none: unacknowledged events are given to another consumer, and again to itself under its own name', async () => {
    await using world = await setup();
    const ids = await enqueue(world, 6);
    const one = await runUntilItStands(world, 'one', 2);
    expect(one.seen).toEqual(ids.slice(0, 3));
    // Another consumer of the group goes on meanwhile, and is not given what the first one keeps.
    const other = open(world, { consumer: 'other', takeOverMs: 1000 });
    expect(idsOf(await takeUntil(other, ids[4] ?? ''))).toEqual(ids.slice(3, 5));
    await other.close();
    await one.kill();
    await using same = open(world, { consumer: 'other', takeOverMs: 1000 });
    const left = await takeUntil(same, ids[2] ?? '');
    expect(idsOf(left)).toEqual([ids[4], ids[5], ids[2]]);
    expect(left).toMatchObject([{ deliveries: 2 }, { deliveries: 1 }, { deliveries: 2 }]);
  });

  test('ten times at one event lets the group go on, and the event is put aside', async () => {
    await using world = await setup();
    const [poison = '', next = ''] = await enqueue(world, 3);
    for (let times = 1; times <= 10; times += 1) {
      await using events = open(world, { consumer: 'one' });
      for await (const event of events) {
        expect(event).toMatchObject({ eventId: poison, deliveries: times });
        break;
      }
    }
    await using events = open(world, { consumer: 'one' });
    expect(idsOf(await take(events, 1))).toEqual([next]);
    const [[, fields] = []] = await world.redis.xrange(`${world.prefix}:events-dead`, '-', '+');
    expect(fields).toContain(poison.replace('-queued', ''));
  });
});
