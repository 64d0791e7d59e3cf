import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createGenerationId } from '@darkroom/contracts';
import { eventLogKey } from '@darkroom/generation-store';
import { createProducer } from '@darkroom/producer';
import { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { startEventConsumer } from '../src/event-consumer/event-consumer.ts';
import { eventually, runApp, startFleet, storesEnvironment } from '../src/index.ts';

const ROUNDS = 4;
const EVENTS = 300;
/** Events older than a week go, read or not. */
const PAST_MS = 8 * 24 * 3_600_000;

test('a group that reads slowly beside a trim is told of what it missed, and one that keeps up misses nothing', async () => {
  const fleet = await startFleet();
  // Its own passes would trim before a consumer has begun.
  await fleet.workers[0]?.stop();
  const redis = new Redis(fleet.redisUrl);
  const producer = createProducer({ redisUrl: fleet.redisUrl });
  const stores = { redisUrl: fleet.redisUrl, prefix: fleet.prefix, s3: fleet.s3Config };
  const start = (group: string, paceMs: number) => {
    const seenFile = join(fleet.directory, `${group}.seen`);
    const options = { ...stores, group, consumer: 'one', takeOverMs: 1000, file: join(fleet.directory, `${group}.log`), seenFile, paceMs };
    return startEventConsumer(options);
  };
  const read = (group: string, what: 'log' | 'seen'): string[] => {
    try {
      return readFileSync(join(fleet.directory, `${group}.${what}`), 'utf8')
        .split('\n')
        .slice(0, -1);
    } catch {
      return []; // its consumer has handled nothing yet
    }
  };
  const written: { eventId: string; at: number }[] = [];
  /** Adds events of a past time, as they lie in a stream that grew for long. */
  const addPast = async (round: number): Promise<void> => {
    const from = Date.now() - PAST_MS + round * EVENTS;
    const pipeline = redis.pipeline();
    for (let at = from; at < from + EVENTS; at += 1) {
      const id = createGenerationId(at);
      pipeline.xadd(eventLogKey(fleet.prefix), `${at}-0`, 'event', 'generation.queued', 'id', id, 'tenant', 'acme', 'at', at);
      written.push({ eventId: `${id}-queued`, at });
    }
    await pipeline.exec();
  };
  const quick = start('quick', 0);
  let slow = start('slow', 5);
  try {
    for (let round = 0; round < ROUNDS; round += 1) {
      const before = read('slow', 'log').length;
      await addPast(round);
      // The slow one is in the middle of them, and dies there every other time with one in its hands.
      await eventually(() => expect(read('slow', 'log').length).toBeGreaterThan(before + 20), { withinMs: 30_000 });
      await eventually(() => expect(read('quick', 'log')).toContain(written.at(-1)?.eventId), { withinMs: 30_000 });
      if (round % 2 === 1) await slow.kill();
      // The pass of the stopped worker may hold its turn a little longer.
      await eventually(
        async () => {
          const { code, output } = await runApp('cli', ['reconcile'], { ...storesEnvironment(stores), DAILY_CAP_USD: '100' });
          expect(code, output).toBe(0);
        },
        { withinMs: 60_000 },
      );
      if (round % 2 === 1) slow = start('slow', 5);
    }
    await fleet.workers[0]?.start();
    const { generationId } = await producer.generate({ positivePrompt: 'a red door', width: 1024, height: 1024 });
    for (const group of ['quick', 'slow'])
      await eventually(() => expect(read(group, 'log')).toContain(`${generationId}-succeeded`), { withinMs: 60_000 });

    const missedBy = (group: string): string[] => {
      const handled = new Set(read(group, 'log'));
      return written.filter(({ eventId }) => !handled.has(eventId)).map(({ eventId }) => eventId);
    };
    const toldUntil = read('slow', 'seen').flatMap((line) => {
      const { what } = JSON.parse(line) as { what: { event: string; until?: number } }; // as the consumer writes them
      return what.event === 'events.gap' ? [what.until ?? 0] : [];
    });
    expect(missedBy('quick')).toEqual([]);
    expect(read('quick', 'log')).not.toContain('events.gap');
    const missed = missedBy('slow');
    console.info(`the slow group missed ${missed.length} of ${written.length} events, and was told ${toldUntil.length} times`);
    expect(missed.length).toBeGreaterThan(0);
    const last = written.filter(({ eventId }) => missed.includes(eventId)).at(-1)?.at;
    expect(Math.max(...toldUntil)).toBeGreaterThanOrEqual(last ?? Infinity);
    expect(toldUntil.length).toBeGreaterThanOrEqual(ROUNDS / 2);
  } finally {
    await Promise.all([quick.stop(5000), slow.stop(5000)]);
    redis.disconnect();
    await producer.close();
    await fleet.stop();
  }
});
