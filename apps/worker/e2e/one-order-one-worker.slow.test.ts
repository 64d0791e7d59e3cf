import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buildGenerationStore, connectPatient, type GenerationStore } from '@darkroom/generation-store';
import { createProducer, type Producer } from '@darkroom/producer';
import { eventually, readBilledTasks, startFleet, type Fleet } from '@darkroom/testing';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

/** Proves that one order, one worker or one address in trouble stops no other, and fails no order of others. */
const quick = { executionMs: [20, 60], uploadDelayMs: [20, 100] };
let fleet: Fleet;
let producer: Producer;
let store: GenerationStore;
let disconnect: () => void;

beforeAll(async () => {
  fleet = await startFleet({
    workers: 1,
    workerEnv: { TIMING_FIRST_POLL_MS: '300', TIMING_MAX_POLL_MS: '500' },
  });
  producer = createProducer({ redisUrl: fleet.redisUrl });
  const redis = connectPatient(fleet.redisUrl);
  store = buildGenerationStore(
    { prefix: fleet.prefix, retention: { recordSeconds: 60, idempotencySeconds: 60 }, pollRate: { perSecond: 1, burst: 1 } },
    redis,
  );
  disconnect = () => redis.disconnect();
});
afterEach(() => fleet.setFaults(quick));
afterAll(async () => {
  await producer.close();
  disconnect();
  await fleet.stop();
});

const enqueue = async (positivePrompt: string): Promise<string> =>
  (await producer.enqueue({ positivePrompt, width: 1024, height: 1024 })).generationId;
const statusOf = async (id: string): Promise<string> => (await producer.wait(id, { timeoutMs: 25_000 })).status;

test.each([
  ['html-403', 'provider.blocked', 6],
  // Five generations refused for the account between two acceptances are trouble of all, and the gaps of a slow machine are long.
  ['account-403', 'provider.refused', 4],
])('orders whose prompt draws the answer %s end by themselves with %s, while twenty others succeed', async (poisonAnswer, code, orders) => {
  await fleet.setFaults({ ...quick, poisonWord: 'POISON', poisonAnswer });
  const poisoned = await Promise.all(Array.from({ length: orders }, () => enqueue('a POISON in every word')));
  const ended = Promise.all(poisoned.map((id) => producer.wait(id, { timeoutMs: 40_000 })));
  // Placed one after the other: a strike counts only after another order was accepted, so the backend keeps ordering meanwhile.
  let isOver = false;
  void ended.then(
    () => (isOver = true),
    () => (isOver = true),
  );
  const others: string[] = [];
  while (!isOver || others.length < 20) {
    const ids = await Promise.all(Array.from({ length: 4 }, (_, at) => enqueue(`lamp ${others.length + at}`)));
    others.push(...ids);
    expect(new Set(await Promise.all(ids.map(statusOf)))).toEqual(new Set(['succeeded']));
  }
  expect((await ended).map(({ status, images }) => [status, images[0]?.fault?.code])).toEqual(poisoned.map(() => ['failed', code]));
  expect(await store.heldWorkers()).toEqual([]);
  expect(await store.pauses()).toEqual([]);
  expect(await fleet.workers[0]!.log()).not.toContain('"event":"provider.in-trouble"');
});

test('workers with an old key or a wrong address send no order, say so, are not ready, and leave all orders to the others', async () => {
  const billed = (await readBilledTasks(fleet.billFile)).size;
  const wrong: Awaited<ReturnType<Fleet['startWorker']>>[] = [];
  // Answers once and then leaves each question open, so that the stop finds the worker in the middle of one.
  let asked = 0;
  const silent = createServer((_request, response) => {
    asked += 1;
    if (asked === 1) response.writeHead(404).end('not here');
  });
  await new Promise<void>((listening) => silent.listen(0, '127.0.0.1', listening));
  try {
    for (const [name, env] of Object.entries({
      silent: { RUNWARE_URL: `http://127.0.0.1:${(silent.address() as AddressInfo).port}/v1` },
      'old-key': { RUNWARE_API_KEY: 'an-old-key' },
      'no-path': { RUNWARE_URL: fleet.emulatorUrl },
      'other-host': { RUNWARE_URL: `${fleet.receiverUrl}/v1` },
    }))
      wrong.push(await fleet.startWorker(name, env, '/livez'));
    await eventually(
      async () =>
        expect((await store.heldWorkers()).map(({ kind }) => kind).toSorted()).toEqual(['account', 'foreign', 'foreign', 'foreign']),
      { withinMs: 20_000 },
    );
    const ids = await Promise.all(Array.from({ length: 20 }, (_, at) => enqueue(`beside wrong workers, ${at}`)));
    expect(new Set(await Promise.all(ids.map(statusOf)))).toEqual(new Set(['succeeded']));
    expect((await readBilledTasks(fleet.billFile)).size).toBe(billed + 20);
    await eventually(() => expect(asked).toBeGreaterThan(1));
    for (const worker of wrong) {
      expect((await fetch(`${worker.url}/readyz`)).status).toBe(503);
      const log = await worker.log();
      expect(log).toContain('"event":"buying.held"');
      expect(log).not.toContain('"event":"submission.sending"');
    }
  } finally {
    await Promise.all(wrong.map((worker) => worker.stop()));
    silent.closeAllConnections();
    silent.close();
  }
  await eventually(async () => expect(await store.heldWorkers()).toEqual([]), { withinMs: 15_000 });
});

test.each(['json-404', 'json-200', 'html-200', 'redirect-302', 'html-403'])(
  'while the provider answers every request with %s no order of a backlog fails, and afterwards each is bought once',
  async (gatewayAnswer) => {
    const billed = (await readBilledTasks(fleet.billFile)).size;
    await fleet.setFaults({ ...quick, gatewayAnswer });
    const ids = await Promise.all(Array.from({ length: 20 }, (_, at) => enqueue(`behind ${gatewayAnswer}, ${at}`)));
    await eventually(async () => expect(await store.heldWorkers()).toHaveLength(1), { withinMs: 15_000 });
    const statuses = await Promise.all(ids.map(async (id) => (await producer.get(id)).status));
    expect(statuses.filter((status) => status !== 'queued' && status !== 'running')).toEqual([]);
    await fleet.setFaults(quick);
    expect(new Set(await Promise.all(ids.map(statusOf)))).toEqual(new Set(['succeeded']));
    const tasks = await readBilledTasks(fleet.billFile);
    expect(tasks.size).toBe(billed + 20);
    expect([...tasks.values()].filter(({ executions }) => executions > 1)).toEqual([]);
    await eventually(async () => expect(await store.heldWorkers()).toEqual([]), { withinMs: 15_000 });
  },
);
