import { createHash, randomUUID } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createGenerationId, hasCode, taskUuidOf } from '@darkroom/contracts';
import type { BulkErasure } from '@darkroom/producer';
import { CALLER } from '../../src/built-apps/built-apps.ts';
import type { CrashScenario } from '../../src/crash-points/crash-run.ts';
import { strikeProgram, strikeResident, type Program } from '../../src/crash-points/strike.ts';
import { usualRequest } from '../../src/crash-points/usual-request.ts';
import { idOf, type CrashWorld, type PlaceOptions } from '../../src/crash-points/world.ts';
import type { OrderRecord } from '../../src/judge/evidence.ts';

/** The part that is changed of what the S3 server keeps of an object. */
interface StoredObject {
  modifiedAt: number;
}

const two = { ...usualRequest, numberResults: 2 } as const;

const caller = ({ process, folder }: CrashWorld, order: OrderRecord, idempotencyKey: string): Program => ({
  name: 'caller',
  script: join(folder, CALLER),
  env: { ...process('worker-0').env, GENERATION_ID: idOf(order), IDEMPOTENCY_KEY: idempotencyKey },
});

const command = ({ process, folder }: CrashWorld, word: string): Program => ({
  name: word,
  script: join(folder, 'apps/cli/dist/main.js'),
  args: [word],
  env: process('worker-0').env,
});

const bring = async (world: CrashWorld, ...words: Parameters<CrashWorld['place']>): Promise<void> => {
  await world.home(await world.place(...words));
  await world.quiet();
};

/** Reads what every caller gets, and the ledger, without the times of ends, which a rebuild changes. */
async function readAll({ producer, records, orders }: CrashWorld): Promise<string> {
  const views = await Promise.all(
    orders.map(async (order) => {
      const { status, costUsd, reservedUsd, amended, images } = await producer.get(idOf(order));
      return { status, costUsd, reservedUsd, amended, images: images.map(({ settledAt: _, ...image }) => image) };
    }),
  );
  return JSON.stringify({ views, ledger: await records.readLedger() }, undefined, 1);
}

/** Brings an order home under an id that is an hour old. */
async function bringOld(world: CrashWorld, options: PlaceOptions = {}): Promise<void> {
  const order = world.note(1, options);
  order.ids = [createGenerationId(Date.now() - 3_600_000)];
  await world.producer.enqueue(usualRequest, { ...options, generationId: idOf(order) });
  await world.home(order);
  await world.quiet();
}

/** Makes all objects in S3 older than the sums of the ledger, and writes the sums as a worker does once a minute. */
async function makeOld({ stack, redis }: CrashWorld): Promise<void> {
  const { s3, prefix } = stack;
  const at = Number((await redis.time())[0]) * 1000;
  const periods: Record<string, number> = {};
  for (const key of await redis.keys(`${prefix}:spend:*`)) {
    const [reserved, settled] = await redis.hmget(key, 'reserved', 'settled');
    periods[key.slice(`${prefix}:spend:`.length)] = Number(reserved ?? 0) + Number(settled ?? 0);
  }
  const today = new Date(at).toISOString().slice(0, 10);
  const [fromDay, fromMonth] = [new Date(at - 86_400_000).toISOString().slice(0, 10), `${Number(today.slice(0, 4)) - 1}-12`];
  const sums = JSON.stringify({ version: 1, at, run: 'a run', level: 2, fromDay, fromMonth, periods });

  await s3.stop();
  const [objects, blob] = [join(s3.bucketDir, 'objects'), randomUUID()];
  let like: StoredObject | undefined;
  for (const name of await readdir(objects)) {
    like = JSON.parse(await readFile(join(objects, name), 'utf8')) as StoredObject; // as the server of the tests writes them
    await writeFile(join(objects, name), JSON.stringify({ ...like, modifiedAt: like.modifiedAt - 1_200_000 }));
  }
  await writeFile(join(s3.bucketDir, 'blobs', blob), sums);
  const key = `records/sums/${today}/${at}-${randomUUID()}.json`;
  const object = {
    ...like,
    key,
    blob,
    sizeBytes: sums.length,
    etag: createHash('md5').update(sums).digest('hex'),
    modifiedAt: at,
    checksums: {},
  };
  await writeFile(join(objects, `${createHash('sha256').update(key).digest('hex')}.json`), JSON.stringify(object));
  await s3.start();
}

/** Repeats a key and an id. Each call finds the earlier generation, or is refused for now. */
async function repeat({ producer }: CrashWorld, keyed: OrderRecord): Promise<void> {
  for (const options of [{ idempotencyKey: 'a key' }, { generationId: idOf(keyed), idempotencyKey: 'a key' }]) {
    const generationId = await producer.enqueue(usualRequest, options).then(
      (enqueued) => enqueued.generationId,
      (error: unknown) => {
        if (hasCode(error, 'queue.unavailable') || hasCode(error, 'store.not-initialised')) return undefined;
        throw error;
      },
    );
    if (generationId !== undefined && generationId !== idOf(keyed)) throw new Error('a repeated enqueue made a new generation');
  }
}

/**
 * Builds the scenario in which an operator rebuilds a Redis that was emptied while its worker ran. The store opens before the rebuild has
 * read old generations, and callers repeat the key of one meanwhile.
 */
function rebuild(): CrashScenario {
  const known = new WeakMap<CrashWorld, string>();
  return {
    name: 'an operator rebuilds an emptied Redis',
    worlds: 2,
    async prepare(world) {
      await bringOld(world);
      await world.stack.setProviderFaults({ failProviderErrorRate: 1 });
      await bringOld(world, { idempotencyKey: 'a key' });
      await makeOld(world);
      // It expires while its image is made, which comes home after that.
      await world.stack.setProviderFaults({ executionMs: [4000, 4000] });
      await bring(world, undefined, { deadlineAt: Date.now() + 3000 });
      await world.stack.setProviderFaults({});
      known.set(world, await readAll(world));
    },
    async pass(world, order) {
      const [, keyed] = world.orders;
      await world.redis.flushall();
      const meanwhile = () => repeat(world, keyed!);
      const trace = await strikeProgram(world, { ...command(world, 'rebuild'), meanwhile }, order);
      await meanwhile();
      const again = await readAll(world);
      if (again !== known.get(world)) throw new Error(`it was ${known.get(world)}, and is ${again}`);
      const { generationId } = await world.producer.enqueue(usualRequest, { idempotencyKey: 'a key' });
      if (generationId !== idOf(keyed!)) throw new Error('the rebuild lost the idempotency key');
      return trace;
    },
    async check(world) {
      await bring(world);
      return [];
    },
  };
}

/** A caller asks for a retry, without an id of its own, and another one asks again: both mean one generation. */
const retry: CrashScenario = {
  name: 'a retry is asked for, and asked for again',
  async pass(world, order) {
    const original = await world.place(two, { runAt: Date.now() + DUE_AFTER_MS });
    original.cancelledAt = Date.now();
    await world.producer.cancel(idOf(original));
    original.outcome = 'final';
    const { env, ...program } = caller(world, original, '');
    const trace = await strikeProgram(world, { ...program, env: { ...env, RETRY_OF: idOf(original) }, isRepeated: false }, order);
    const { generationId, replaces } = await world.producer.retry(idOf(original));
    const retried = world.note(2);
    retried.ids = [generationId];
    retried.retryOf = { id: idOf(original), images: replaces };
    await world.home(retried);
    await world.quiet();
    return trace;
  },
};

/** Erases a tenant: an order that is home and, with a cancel, one that is not due yet. Then nothing of either may be left. */
const erase: CrashScenario = {
  name: 'an erasure is asked for and carried out',
  world: { hasEraser: true },
  idle: (world) => strikeResident(world, 'eraser', { kind: 'trace' }, () => delay(3000)),
  async pass(world, order) {
    const words = `secret ${world.orders.length}.`;
    const tenant = `tenant-${world.orders.length}`;
    const request = { ...usualRequest, positivePrompt: words };
    const home = await world.place(request, { tenant });
    await world.home(home);
    const later = await world.place(request, { tenant, runAt: Date.now() + DUE_AFTER_MS });
    const trace = await strikeResident(world, 'eraser', order, async () => {
      const { erasureId } = await world.producer.erase({ tenant }, { cancel: true });
      later.cancelledAt = Date.now();
      await world.until('the erasure is over', async () => (await world.producer.erasure(erasureId)).status === 'erased');
      const { found, erased, left } = (await world.producer.erasure(erasureId)) as BulkErasure; // of this id
      if (found !== 2 || erased !== 2 || left !== 0) throw new Error(`of 2 it found ${found}, erased ${erased} and left ${left}`);
    });
    later.outcome = 'final';
    for (const each of [home, later]) each.erasedWords = words;
    await world.quiet();
    return trace;
  },
};

/** An order that is about to be bought, whose job, key, place in the index and sum of holds are wrong. */
const reconcile: CrashScenario = {
  name: 'an operator reconciles what disagrees',
  worlds: 2,
  world: { workerEnv: { WORKER_RECONCILE_GRACE_MS: '100' } },
  async pass(world, order) {
    const { redis, stack } = world;
    const runAt = Date.now() + DUE_AFTER_MS;
    const placed = await world.place(usualRequest, { runAt, idempotencyKey: `key ${world.orders.length}` });
    const taskUUID = taskUuidOf({ generationId: idOf(placed), index: 0, n: 1 });
    await redis.zrem(`${stack.prefix}:submissions:delayed`, taskUUID);
    await redis.del(`${stack.prefix}:submissions:${taskUUID}`, ...(await redis.keys(`${stack.prefix}:idempotency:*`)));
    await redis.zrem(`${stack.prefix}:open`, idOf(placed));
    for (const period of await redis.keys(`${stack.prefix}:spend:all:*`)) await redis.hincrby(period, 'reserved', 1_000_000);
    // Twenty seconds pass, and the turn of the dead process ends.
    const meanwhile = async () => redis.del(...(await redis.keys(`${stack.prefix}:turn:*`)), `${stack.prefix}:turn:none`);
    const trace = await strikeProgram(world, { ...command(world, 'reconcile'), meanwhile }, order);
    await world.home(placed);
    await world.quiet();
    return trace;
  },
};
const DUE_AFTER_MS = 4000;

export const otherScenarios: readonly CrashScenario[] = [
  {
    name: 'a receiver takes a delivery',
    idle: (world) => strikeResident(world, 'receiver-0', { kind: 'trace' }, () => delay(3000)),
    idleStrikes: 1,
    pass: (world, order) =>
      strikeResident(world, 'receiver-0', order, async () => {
        await world.home(await world.place());
        await world.quiet();
      }),
  },
  {
    name: 'a caller enqueues, and enqueues again under the same id',
    async pass(world, order) {
      const placed = world.note(2);
      const trace = await strikeProgram(world, caller(world, placed, `key of ${idOf(placed)}`), order);
      await world.home(placed);
      await world.quiet();
      return trace;
    },
  },
  {
    name: 'a caller enqueues, and enqueues again with nothing but its idempotency key',
    async pass(world, order) {
      const placed = world.note(2);
      const key = `key of ${idOf(placed)}`;
      const trace = await strikeProgram(world, { ...caller(world, placed, key), isRepeated: false }, order);
      const { generationId } = await world.producer.enqueue(two, { idempotencyKey: key });
      if (generationId !== idOf(placed)) placed.ids.push(generationId);
      await world.home(placed);
      await world.quiet();
      return trace;
    },
  },
  retry,
  erase,
  rebuild(),
  reconcile,
];
