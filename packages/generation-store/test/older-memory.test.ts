import { randomUUID } from 'node:crypto';
import { createGenerationId, parseGrokImagineRequest } from '@darkroom/contracts';
import { eventually, reserveRedis, startSwitchingProxy, uniquePrefix, type OwnRedis } from '@darkroom/testing';
import { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { buildGenerationStore, type GenerationStore } from '../src/index.ts';
import { IMAGE_NANO_USD, retention } from './world.ts';

const prefix = uniquePrefix();

/** Starts a Redis with a connection and a store. */
async function startNode() {
  const redis: OwnRedis = await reserveRedis({ appendfsync: 'no' });
  await redis.start();
  const client = new Redis(redis.url);
  await client.config('SET', 'repl-diskless-sync-delay', '0');
  return {
    redis,
    client,
    port: Number(new URL(redis.url).port),
    store: storeOn(client),
    [Symbol.asyncDispose]: async () => {
      client.disconnect();
      await redis[Symbol.asyncDispose]();
    },
  };
}
type Node = Awaited<ReturnType<typeof startNode>>;

const storeOn = (client: Redis): GenerationStore =>
  buildGenerationStore({ prefix, retention, pollRate: { perSecond: 10, burst: 3 } }, client);

async function follow(replica: Node, primary: Node): Promise<void> {
  await replica.client.replicaof('127.0.0.1', primary.port);
  await eventually(
    async () => {
      if (!/role:slave[^]*master_link_status:up/.test(await replica.client.info('replication'))) throw new Error('not in step yet');
    },
    { withinMs: 20_000, everyMs: 20 },
  );
}

/** Opens a store in which the first of two waiting images may be bought. */
async function openStore(store: GenerationStore): Promise<void> {
  await store.setCaps({ allPerDay: 2 * IMAGE_NANO_USD });
  await store.initialise('epoch-1');
}

async function order(store: GenerationStore): Promise<string> {
  const generationId = createGenerationId(Date.now());
  const request = parseGrokImagineRequest({ positivePrompt: 'a lighthouse' });
  await store.enqueue({ generationId, tenant: 'acme', request, imageNanoUsd: IMAGE_NANO_USD, idempotencyKey: 'order-1' });
  return generationId;
}

const buy = async (store: GenerationStore, generationId: string): Promise<string> => {
  const commitment = await store.commit({ generationId, index: 0, n: 1 }, randomUUID());
  return commitment.kind === 'stop' ? commitment.reason : commitment.kind;
};

test('a server that followed one that lagged, and was promoted again, is compared: only the name of its history has changed', async () => {
  await using a = await startNode();
  await using b = await startNode();
  await openStore(a.store);
  await follow(b, a);
  await b.client.replicaof('NO', 'ONE');
  // A server names another history from its first replica on.
  await a.store.confirmComparison(await a.store.readServerRun());
  expect(await buy(a.store, await order(a.store))).toBe('go');
  const compared = await a.store.readServerRun();
  await follow(a, b);
  await a.client.replicaof('NO', 'ONE');

  // As a process that has seen nothing before.
  const fresh = storeOn(a.client);
  expect(await fresh.readServerRun()).toMatchObject({ isOpen: true, isRecovering: true });
  await expect(order(fresh)).rejects.toMatchObject({ code: 'queue.unavailable' });
  const again = await fresh.readServerRun();
  expect(again.run.split('/')[0]).toBe(compared.run.split('/')[0]);
  expect(await fresh.confirmComparison(compared), 'the comparison of another history').toBe(false);
  expect(await fresh.confirmComparison(again)).toBe(true);
  expect(await buy(fresh, await order(fresh))).toBe('go');
});

test('an address that leads back to a server which another one has replaced: the process that has seen both buys nothing', async () => {
  await using a = await startNode();
  await using b = await startNode();
  await openStore(a.store);
  const waiting = await order(a.store);
  await follow(b, a);
  await b.client.replicaof('NO', 'ONE');

  await using proxy = await startSwitchingProxy(a.redis.url);
  const client = new Redis(proxy.url);
  const moveTo = async (node: Node): Promise<void> => {
    proxy.moveTo(node.redis.url);
    client.disconnect(true);
    await client.ping();
  };
  try {
    const store = storeOn(client);
    await store.readServerRun();
    await moveTo(b);
    const ofB = await store.readServerRun();
    expect(ofB.isRecovering).toBe(true);
    await store.confirmComparison(ofB);
    await store.readServerRun();
    expect(await buy(store, waiting)).toBe('go');

    await moveTo(a);
    expect(await buy(store, waiting), 'on the server that never heard of the purchase').toBe('recovering');
    const ofA = await store.readServerRun();
    expect(await storeOn(a.client).readServerRun(), 'as others see it').toMatchObject({ isRecovering: true });
    await store.confirmComparison(ofA);
    expect(await store.readServerRun()).toMatchObject({ isRecovering: false });

    // The other one is the one that was replaced now.
    await moveTo(b);
    expect(await store.readServerRun()).toMatchObject({ isRecovering: true });
  } finally {
    client.disconnect();
  }
});

test('a healed partition: what a process has seen of the server that was cut off is compared at once, and once', async () => {
  await using a = await startNode();
  await using b = await startNode();
  await openStore(a.store);
  const [first, second] = [await order(a.store), createGenerationId(Date.now())];
  const request = parseGrokImagineRequest({ positivePrompt: 'a lighthouse' });
  await a.store.enqueue({ generationId: second, tenant: 'acme', request, imageNanoUsd: IMAGE_NANO_USD });
  await follow(b, a);
  // A server names another history from its first replica on.
  await a.store.confirmComparison(await a.store.readServerRun());
  await a.client.wait(1, 10_000);
  await b.client.replicaof('NO', 'ONE');
  const checkpointOfB = async (): Promise<number> => Number(await b.client.hget(`${prefix}:checkpoint`, 'at'));
  const parted = await checkpointOfB();
  await b.store.confirmComparison(await b.store.readServerRun());
  expect(await b.store.readServerRun()).toMatchObject({ isRecovering: false });

  await using proxy = await startSwitchingProxy(a.redis.url);
  const [client, other] = [new Redis(proxy.url), new Redis(proxy.url)];
  try {
    const [store, bystander] = [storeOn(client), storeOn(other)];
    const begun = Number((await b.client.time())[0]) * 1000 + 1000;
    await eventually(async () => {
      await a.store.noteCheckpoint();
      if (Number(await a.client.hget(`${prefix}:checkpoint`, 'at')) <= begun) throw new Error('the clock of Redis has not moved on');
    });
    await Promise.all([store.readServerRun(), bystander.readServerRun()]);
    expect(await buy(store, first), 'on the server that was cut off').toBe('go');

    proxy.moveTo(b.redis.url);
    for (const each of [client, other]) each.disconnect(true);
    await b.store.noteCheckpoint();
    const underWay = await b.store.readServerRun();
    expect(await checkpointOfB()).toBeGreaterThan(parted);
    expect(await buy(store, second), 'on the server that never heard of the purchase').toBe('recovering');
    expect(await checkpointOfB(), 'the comparison begins where the two parted').toBe(parted);
    expect(await b.store.confirmComparison(underWay), 'what was read before does not confirm it').toBe(false);
    await store.confirmComparison(await store.readServerRun());
    expect([await store.readServerRun(), await bystander.readServerRun()]).toMatchObject([
      { isRecovering: false },
      { isRecovering: false },
    ]);
    expect(await buy(store, second)).toBe('go');
  } finally {
    client.disconnect();
    other.disconnect();
  }
});

test('an older copy in a running server: the process that has seen the later state buys nothing until it is compared', async () => {
  await using a = await startNode();
  await openStore(a.store);
  const waiting = await order(a.store);
  await a.store.noteCheckpoint();
  const keys = await a.client.keys('*');
  const copy = await Promise.all(keys.map(async (key) => ({ key, dump: await a.client.dumpBuffer(key) })));
  const checkpoint = (): Promise<string | null> => a.client.hget(`${prefix}:checkpoint`, 'at');
  const before = await checkpoint();
  await eventually(async () => {
    await a.store.noteCheckpoint();
    if ((await checkpoint()) === before) throw new Error('the clock of Redis has not moved on');
  });
  await a.store.readServerRun();
  expect(await buy(a.store, waiting)).toBe('go');

  const goBack = async (): Promise<void> => {
    await a.client.flushall();
    for (const { key, dump } of copy) await a.client.restore(key, 0, dump);
  };
  await goBack();
  expect(await buy(a.store, waiting)).toBe('recovering');
  const compared = await storeOn(a.client).readServerRun();
  expect(compared).toMatchObject({ isRecovering: true });
  expect(await a.store.confirmComparison(await a.store.readServerRun())).toBe(true);
  expect(await a.store.readServerRun()).toMatchObject({ isRecovering: false });

  // A worker that stood still after its comparison, until Redis had gone back once more.
  expect(await buy(a.store, waiting)).toBe('go');
  await goBack();
  expect(await buy(a.store, waiting)).toBe('recovering');
  expect(await a.store.confirmComparison(compared)).toBe(false);
  expect(await buy(a.store, waiting)).toBe('recovering');
});

test('another store under the same prefix is another one, and not an older state', async () => {
  await using a = await startNode();
  await openStore(a.store);
  await a.store.noteCheckpoint();
  await a.store.readServerRun();
  await a.client.flushall();
  await a.store.setCaps({ allPerDay: IMAGE_NANO_USD });
  await a.store.initialise('epoch-2');
  expect(await a.store.readServerRun()).toMatchObject({ isOpen: true, isRecovering: false });
});
