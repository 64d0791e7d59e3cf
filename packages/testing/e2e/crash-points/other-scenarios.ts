import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { taskUuidOf } from '@darkroom/contracts';
import type { CrashScenario } from '../../src/crash-points/crash-run.ts';
import { strikeProgram, strikeResident, type Program } from '../../src/crash-points/strike.ts';
import { usualRequest } from '../../src/crash-points/usual-request.ts';
import { idOf, type CrashWorld } from '../../src/crash-points/world.ts';
import type { OrderRecord } from '../../src/judge/evidence.ts';

const two = { ...usualRequest, numberResults: 2 } as const;

const caller = ({ process }: CrashWorld, order: OrderRecord, idempotencyKey: string): Program => ({
  name: 'caller',
  script: fileURLToPath(new URL('../../dist/crash-points/caller/main.js', import.meta.url)),
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

/** What every caller is told, and the ledger; but for the times of ends, which a rebuild makes anew. */
async function readAll({ producer, records, orders }: CrashWorld): Promise<string> {
  const views = await Promise.all(
    orders.map(async (order) => {
      const { status, costUsd, reservedUsd, amended, images } = await producer.get(idOf(order));
      return { status, costUsd, reservedUsd, amended, images: images.map(({ settledAt: _, ...image }) => image) };
    }),
  );
  return JSON.stringify({ views, ledger: await records.readLedger() }, undefined, 1);
}

/** Redis is emptied while its worker runs. */
function rebuild(): CrashScenario {
  const known = new WeakMap<CrashWorld, string>();
  return {
    name: 'an operator rebuilds an emptied Redis',
    worlds: 2,
    async prepare(world) {
      await bring(world);
      await world.stack.setProviderFaults({ failProviderErrorRate: 1 });
      await bring(world, undefined, { idempotencyKey: 'a key' });
      // It expires while its image is made, which comes home after that.
      await world.stack.setProviderFaults({ executionMs: [4000, 4000] });
      await bring(world, undefined, { deadlineAt: Date.now() + 3000 });
      await world.stack.setProviderFaults({});
      known.set(world, await readAll(world));
    },
    async pass(world, order) {
      await world.redis.flushall();
      const trace = await strikeProgram(world, command(world, 'rebuild'), order);
      const again = await readAll(world);
      if (again !== known.get(world)) throw new Error(`it was ${known.get(world)}, and is ${again}`);
      const [, keyed] = world.orders;
      const { generationId } = await world.producer.enqueue(usualRequest, { idempotencyKey: 'a key' });
      if (generationId !== idOf(keyed!)) throw new Error('its idempotency key was forgotten');
      return trace;
    },
    async check(world) {
      await bring(world);
      return [];
    },
  };
}

/** Of an order that is to be bought in a moment its job, its key, its place in the index and the sum of holds are wrong. */
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
    // Twenty seconds pass, and the turn of who died is over.
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
  rebuild(),
  reconcile,
];
