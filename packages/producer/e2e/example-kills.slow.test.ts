import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createProducer } from '@darkroom/producer';
import { eventually, reserveRedis, startFleet } from '@darkroom/testing';
import { Redis } from 'ioredis';
import sharp from 'sharp';
import { expect, onTestFinished, test } from 'vitest';
import { bringHome, IMAGE_NANO_USD, openStore, refsOf } from '../test/world.ts';
import { environmentBeside, startExample } from './example-program.ts';

test('the event consumer loses none when it is killed at several moments, and drops repeats by their id', async () => {
  const fleet = await startFleet({ faults: { uploadBeforeWebhookRate: 1 } });
  const folder = mkdtempSync(join(tmpdir(), 'darkroom-pictures-'));
  onTestFinished(async () => {
    await fleet.stop();
    rmSync(folder, { recursive: true });
  });
  const env = environmentBeside(fleet);
  const producer = createProducer({ redisUrl: fleet.redisUrl });
  const ordered = await producer.enqueueMany(Array.from({ length: 16 }, () => ({ positivePrompt: 'a lighthouse' })));
  await Promise.all(ordered.map(({ generationId }) => producer.wait(generationId)));
  await producer.close();
  const files = ordered.map(({ generationId }) => `${generationId}-succeeded.jpg`);
  const start = () => startExample('event-consumer/event-consumer.mjs', [folder], env);

  // Before its first read, at its first picture, at a few more, and while a second consumer works beside it.
  const printed: string[] = [];
  for (const moment of [/ready/, /saved/, /(saved[^]*){2}/, /(saved[^]*){3}/]) {
    const consumer = start();
    await consumer.untilItPrints(moment);
    await consumer.kill();
    printed.push(consumer.output());
  }
  const [last, beside] = [start(), start()];
  await beside.untilItPrints(/ready/);
  await beside.kill();
  await eventually(() => expect(readdirSync(folder)).toEqual(expect.arrayContaining(files)), { withinMs: 90_000 });
  for (const file of files) expect((await sharp(readFileSync(join(folder, file))).metadata()).format).toBe('jpeg');

  // All events once more, as after the death of a consumer before its acknowledgement; one generation is gone by then.
  const redis = new Redis(fleet.redisUrl);
  const gone = ordered.at(-1)?.generationId ?? '';
  await redis.del(`{darkroom}:generation:${gone}`);
  rmSync(join(folder, `${gone}-succeeded.jpg`));
  await redis.xgroup('SETID', '{darkroom}:event-log', 'pictures', '0');
  redis.disconnect();
  // The log has them in the order in which they succeeded.
  for (const { generationId } of ordered) await last.untilItPrints(new RegExp(`(dropped|gone) ${generationId}-succeeded`));
  expect(last.output()).toContain(`gone ${gone}-succeeded`);
  expect(await last.stop()).toBe(0);
  printed.push(beside.output(), last.output());
  for (const { generationId } of ordered)
    expect(printed.join('').split(`saved ${generationId}-`).length - 1, 'times that it was saved').toBeLessThanOrEqual(1);
});

test('a row and its generation come together, wherever their process is killed', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'darkroom-rows-'));
  await using redis = await reserveRedis();
  await redis.start();
  const connection = new Redis(redis.url);
  const store = openStore(connection, '{darkroom}');
  await store.setCaps({ allPerDay: 1000 * IMAGE_NANO_USD });
  await store.initialise('epoch-1');
  const producer = createProducer({ redisUrl: redis.url });
  // A Redis that never answers: what waits for it has surely sent nothing to the other one.
  const sockets: Socket[] = [];
  const silent = createServer((socket) => sockets.push(socket)).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const { port } = silent.address() as { port: number }; // of a server that listens
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    silent.close();
    await producer.close();
    connection.disconnect();
    rmSync(folder, { recursive: true });
  });
  const run = (args: string[], redisUrl = redis.url) =>
    startExample('postgres-row/postgres-row.mjs', args, { REDIS_URL: redisUrl, POSTGRES_FOLDER: join(folder, 'postgres') });
  const idsInRedis = async (): Promise<string[]> => (await producer.list()).generations.map(({ generationId }) => generationId).toSorted();

  // Between the row and the enqueue.
  const first = run(['order', 'first'], `redis://127.0.0.1:${port}`);
  const noted = await first.untilItPrints(/noted (\S+)/);
  await first.kill();
  expect(await idsInRedis()).toEqual([]);
  // Around the enqueue and its mark, and while the next row is written.
  const second = run(['order', 'second', 'third', 'fourth']);
  await second.untilItPrints(/(?:queued|later) (\S+)/);
  await second.kill();
  const ids = [noted, ...[...second.output().matchAll(/noted (\S+)/g)].map(([, id = '']) => id)].toSorted();
  // The sweeper is killed at its first generation, and comes again.
  const killed = run(['sweep']);
  await killed.untilItPrints(/(?:queued|later) (\S+)/);
  await killed.kill();
  const sweep = async (): Promise<string> => {
    for (;;) {
      const swept = run(['sweep']);
      expect(await swept.ended).toBe('with exit code 0');
      // PGlite works on the same thread: on a busy machine Redis may seem to be away.
      if (!swept.output().includes('later')) return swept.output();
    }
  };
  await sweep();

  // A row can be there whose line was not printed; each row has its generation, and no generation lacks its row.
  const known = await idsInRedis();
  expect(known).toEqual(expect.arrayContaining(ids));
  // An order that Redis loses in a failover is made again, and ends no sweep.
  const key = `{darkroom}:generation:${known[0]}`;
  await connection.del(key, `${key}:request`, `{darkroom}:submission:${known[0]}:0-1`);
  await sweep();
  expect(await idsInRedis()).toEqual(known);
  for (const id of known) await bringHome(store, refsOf(id)[0]!);
  const home = [...(await sweep()).matchAll(/^succeeded (\S+) images\/0-1\.jpg$/gm)].map(([, id]) => id);
  expect(home.toSorted()).toEqual(known);
});
