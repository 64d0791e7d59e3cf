import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { redisProcesses, redisUserOf, type RedisProcess } from '@darkroom/generation-store';
import { createProducer, createWebhookEndpoints, type Producer } from '@darkroom/producer';
import { queueNames } from '@darkroom/queues';
import { eventually, runApp, startDashboard, startFleet, storesEnvironment, type Fleet } from '@darkroom/testing';
import { Redis } from 'ioredis';
import { expect, onTestFinished, test } from 'vitest';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const request = { positivePrompt: 'a lighthouse at dusk', width: 1280, height: 896 } as const;

/** Creates the users of the shipped file, each with a password of its own. */
async function setUsers(redisUrl: string): Promise<void> {
  const file = await readFile(join(root, 'infra/redis/darkroom.acl'), 'utf8');
  const admin = new Redis(redisUrl);
  for (const line of file.trim().split('\n')) {
    const [, user = '', ...rules] = line.split(' ');
    await admin.call('ACL', 'SETUSER', user, ...rules.map((rule) => (rule.startsWith('>') ? `>password-of-${user}` : rule)));
  }
  admin.disconnect();
}

const addressOf = (redisUrl: string, process: RedisProcess): string => {
  const user = redisUserOf(process);
  return redisUrl.replace('redis://', `redis://${user}:password-of-${user}@`);
};

async function setup() {
  const fleet = await startFleet({
    redisUsers: async (redisUrl) => {
      await setUsers(redisUrl);
      return {
        worker: addressOf(redisUrl, 'worker'),
        receiver: addressOf(redisUrl, 'receiver'),
        eraser: addressOf(redisUrl, 'eraser'),
        api: addressOf(redisUrl, 'api'),
        notifier: addressOf(redisUrl, 'notifier'),
      };
    },
    erasers: 1,
    apis: 1,
    notifiers: 1,
    workerEnv: { DAILY_CAP_USD: '100', WORKER_RECONCILE_EVERY_MS: '2000', WORKER_RECONCILE_GRACE_MS: '1000' },
  });
  onTestFinished(() => fleet.stop());
  const as = (process: RedisProcess): Redis => {
    const redis = new Redis(addressOf(fleet.redisUrl, process));
    onTestFinished(() => redis.disconnect());
    return redis;
  };
  const admin = new Redis(fleet.redisUrl);
  const producer = createProducer({
    redisUrl: addressOf(fleet.redisUrl, 'producer'),
    prefix: fleet.prefix,
    allowLoopbackWebhooks: true,
  });
  onTestFinished(async () => {
    await producer.close();
    admin.disconnect();
  });
  return { fleet, admin, producer, as };
}

async function openDashboard(fleet: Fleet) {
  const dashboard = await startDashboard(fleet, { REDIS_URL: addressOf(fleet.redisUrl, 'dashboard') });
  onTestFinished(() => dashboard.kill());
  const ask = async (path: string, method = 'GET'): Promise<string> => {
    const response = await fetch(`${dashboard.url}${path}`, { method, headers: { connection: 'close', origin: dashboard.url } });
    const text = await response.text();
    expect(response.ok, `${method} ${path}: ${response.status} ${text}`).toBe(true);
    return text;
  };
  return { ask };
}

/** Runs a command as the user of operators. */
const operate = (fleet: Fleet, ...words: string[]): Promise<string> => operateAs('operator', fleet, ...words);

async function operateAs(user: RedisProcess, { redisUrl, prefix, s3Config }: Fleet, ...words: string[]): Promise<string> {
  const { code, output } = await runApp('cli', words, {
    ...storesEnvironment({ redisUrl: addressOf(redisUrl, user), prefix, s3: s3Config }),
    DAILY_CAP_USD: '100',
  });
  expect(code, `${words.join(' ')}: ${output}`).toBe(0);
  return output;
}

async function buy(producer: Producer): Promise<string> {
  const { generationId } = await producer.enqueue(request, { idempotencyKey: randomUUID() });
  expect(await producer.wait(generationId)).toMatchObject({ status: 'succeeded' });
  return generationId;
}

/** Calls every function of the library. */
async function useLibrary(producer: Producer): Promise<void> {
  await producer.cancel(await buy(producer));
  const many = await producer.enqueueMany([request, { ...request, numberResults: 3 }]);
  for (const each of many) expect(await producer.wait(each.generationId)).toMatchObject({ status: 'succeeded' });
  const later = await producer.enqueue(request, { runAt: new Date(Date.now() + 3_600_000) });
  expect(await producer.cancel(later.generationId)).toBe('cancelled');
  expect(await producer.get(later.generationId)).toMatchObject({ status: 'cancelled' });
  await producer.enqueue(request, { runAt: new Date(Date.now() + 3_600_000), tags: ['a tag'] });
  const { erasureId } = await producer.erase({ tag: 'a tag' }, { cancel: true });
  await eventually(async () => expect(await producer.erasure(erasureId)).toMatchObject({ status: 'erased', found: 1, erased: 1 }));
}

/** Returns the commands that Redis refused. A login that fails while Redis has no users yet does not count. */
async function readDenials(admin: Redis): Promise<unknown[]> {
  const entries = (await admin.call('ACL', 'LOG')) as unknown[][]; // a list of names and values for each entry
  return entries.filter((entry) => !entry.includes('auth'));
}

test('a whole Darkroom works with the users of infra/redis/darkroom.acl, one for each process', async () => {
  const { fleet, admin, producer, as } = await setup();
  const { prefix } = fleet;
  const denials = () => readDenials(admin);
  await useLibrary(producer);
  const endpoints = createWebhookEndpoints({ redisUrl: addressOf(fleet.redisUrl, 'producer'), prefix, allowLoopback: true });
  onTestFinished(() => endpoints.close());
  const { endpointId } = await endpoints.create({ url: 'http://127.0.0.1:9/' });
  await eventually(async () => expect((await endpoints.get(endpointId)).recorded).toBe(true), { withinMs: 30_000 });
  const told = await producer.enqueue(request, { runAt: new Date(Date.now() + 3_600_000), webhookURL: 'http://127.0.0.1:9/' });
  await producer.cancel(told.generationId);
  await endpoints.test(endpointId);
  const notificationId = `${told.generationId}-cancelled_${endpointId}`;
  await eventually(async () => expect((await endpoints.notification(notificationId)).status).toBe('failed'), { withinMs: 30_000 });
  expect((await endpoints.notifications({ limit: 100 })).notifications.length).toBeGreaterThan(1);
  await endpoints.resend(notificationId);
  expect(await endpoints.resendFailed(endpointId, { since: 1_700_000_000_000 })).toBe(1);
  await endpoints.rotateSecret(endpointId);
  await eventually(async () => expect((await endpoints.notification(notificationId)).attempts).toBeGreaterThan(5), { withinMs: 30_000 });
  const { url = '' } = fleet.erasers[0] ?? {};
  await eventually(async () => expect((await fetch(`${url}/readyz`, { headers: { connection: 'close' } })).status).toBe(200));
  expect(await (await fetch(`${url}/metrics`, { headers: { connection: 'close' } })).text()).toContain(
    'darkroom_uploads_left{process="eraser"} 0',
  );
  expect(await denials(), 'library, worker, receiver, eraser and notifier').toEqual([]);

  // Every task fails once, so each image is bought again.
  await fleet.setFaults({ failProviderErrorRate: 1 });
  const failing = await producer.enqueue(request);
  await eventually(async () => expect((await producer.get(failing.generationId)).images[0]?.submissions).toBeGreaterThan(1));
  await fleet.setFaults({ failProviderErrorRate: 0 });
  await producer.wait(failing.generationId);

  const { ask } = await openDashboard(fleet);
  const later = await producer.enqueue(request, { runAt: new Date(Date.now() + 3_600_000) });
  const job = (await producer.get(later.generationId)).images[0]?.taskUUID;
  for (const page of ['', '/logs', '/flow']) await ask(`/queues/api/queues/submissions/${job}${page}`);
  await ask(`/queues/api/queues/submissions/${job}/promote`, 'PUT');
  for (const queue of Object.values(queueNames)) {
    for (const page of ['metrics', 'default-job-options', 'workers', 'rate-limit']) await ask(`/queues/api/queues/${queue}/${page}`);
    for (const state of ['latest', 'delayed', 'failed', 'waiting', 'prioritized', 'active', 'completed', 'paused'])
      await ask(`/queues/api/queues?activeQueue=${queue}&status=${state}&page=1&jobsPerPage=10`);
    await ask(`/queues/api/queues/${queue}/pause`, 'PUT');
    await ask(`/queues/api/queues/${queue}/resume`, 'PUT');
    await ask(`/queues/api/queues/${queue}/promote`, 'PUT');
    await ask(`/queues/api/queues/${queue}/retry/failed`, 'PUT');
  }
  await ask('/queues/api/job-schedulers');
  await ask('/queues/api/redis/stats');
  for (const state of ['latest', 'failed', 'waiting', 'active', 'completed'])
    await ask(`/queues/api/queues?activeQueue=generations&status=${state}&page=1&jobsPerPage=10`);
  for (const page of [
    '/',
    '/generations',
    `/generations/${failing.generationId}`,
    '/spend',
    '/health',
    '/generations/many',
    `/generations?id=${failing.generationId.slice(0, 8)}`,
  ])
    await ask(page);
  await ask('/metrics');
  expect(await denials(), 'dashboard').toEqual([]);

  await fleet.workers[0]?.kill();
  const waiting = await producer.enqueue(request);
  await fleet.workers[0]?.start();
  expect(await producer.wait(waiting.generationId)).toMatchObject({ status: 'succeeded' });
  expect(await denials(), 'another worker').toEqual([]);

  // Commands that each user must not run.
  for (const process of redisProcesses) {
    const redis = as(process);
    for (const call of forbidden[process])
      await expect(
        redis.call(...(call.map((word) => word.replace('…', prefix)) as [string, ...string[]])),
        `${process}: ${call.join(' ')}`,
      ).rejects.toThrow('NOPERM');
  }
}, 180_000);

test('operators and workers have enough rights after a restart and after the loss of all data', async () => {
  const { fleet, admin, producer } = await setup();
  await Promise.all([['status'], ['spend'], ['unknown']].map((words) => operate(fleet, ...words)));
  // A worker may be reconciling, and only one process does so at a time.
  await eventually(() => operate(fleet, 'reconcile'), { withinMs: 60_000, everyMs: 500 });
  await operate(fleet, 'pause', '--reason', 'a test');
  await operate(fleet, 'resume');
  expect(await readDenials(admin), 'operator').toEqual([]);
  // In a cluster these run in a worker's pod, with its user.
  const inPod = [['status'], ['spend'], ['unknown'], ['caps'], ['limits', '--tasks', '900'], ['keys', '--create', 'me'], ['upgrade']];
  for (const words of [...inPod, ['pause', '--reason', 'a test'], ['resume']]) await operateAs('worker', fleet, ...words);
  expect(await readDenials(admin), 'an operator in the pod of a worker').toEqual([]);

  await fleet.redis.stop();
  await fleet.redis.start();
  // A restarted Redis has lost the users, because no file holds them.
  await setUsers(fleet.redisUrl);
  await eventually(() => buy(producer), { withinMs: 20_000, everyMs: 500 });
  await fleet.workers[0]?.kill();
  await admin.flushall();
  expect(await operate(fleet, 'rebuild')).toContain('the store is open');
  await fleet.workers[0]?.start();
  await buy(producer);
  expect(await readDenials(admin), 'comparison and rebuild').toEqual([]);
}, 180_000);

const dangerous = [
  ['FLUSHALL'],
  ['KEYS', '*'],
  ['CONFIG', 'GET', '*'],
  ['ACL', 'LIST'],
  ['SCRIPT', 'FLUSH'],
  ['SHUTDOWN'],
  ['GET', 'other'],
];
/** Commands that the library may not send. The HTTP API stands on the library, and may not either. */
const forbiddenToProducers = [
  ...dangerous,
  ['HSET', '…:caps', 'all:day', '1'],
  ['HSET', '…:limits', 'tasksAtProvider', '1'],
  ['DEL', '…:epoch'],
  ['SET', '…:server-run', 'x'],
  ['DEL', '…:buying-paused'],
  ['DEL', '…:generation:x'],
  ['LPUSH', '…:settlements:wait', 'x'],
  ['LPUSH', '…:maintenance:wait', 'x'],
  ['ZREM', '…:tasks-at-provider', 'x'],
  ['HSET', '…:deliveries:x', 'x', 'x'],
];
const forbidden: Readonly<Record<RedisProcess, readonly string[][]>> = {
  producer: forbiddenToProducers,
  api: [...forbiddenToProducers, ['DEL', '…:api-key:x'], ['SADD', '…:api-keys', 'x'], ['RPUSH', '…:api-keys-unrecorded', 'x']],
  // It acts through the library, lowers caps and pauses.
  dashboard: [
    ...dangerous,
    ['HSET', '…:limits', 'tasksAtProvider', '1'],
    ['DEL', '…:epoch'],
    ['SET', '…:server-run', 'x'],
    ['DEL', '…:buying-paused'],
    ['DEL', '…:caps'],
    ['DEL', '…:generation:x'],
    ['ZREM', '…:tasks-at-provider', 'x'],
    ['HSET', '…:deliveries:x', 'x', 'x'],
    ['DEL', '…:api-key:x'],
    ['HSET', '…:tenant-rules:acme', 'retainImagesDays', '1'],
  ],
  receiver: [
    ...dangerous,
    ['LPUSH', '…:submissions:wait', 'x'],
    ['HSET', '…:submissions:x', 'name', 'submit'],
    ['HSET', '…:generation:x', 'status', 'failed'],
    ['HSET', '…:caps', 'all:day', '1'],
    ['HINCRBY', '…:spend:all:day:2026-01-01', 'reserved', '-1'],
    ['DEL', '…:submission:x:0-1'],
    ['DEL', '…:buying-paused'],
    ['DEL', '…:epoch'],
  ],
  notifier: [
    ...dangerous,
    ['HSET', '…:generation:x', 'status', 'failed'],
    ['HSET', '…:caps', 'all:day', '1'],
    ['DEL', '…:webhook-endpoint:x'],
    ['LPUSH', '…:submissions:wait', 'x'],
    ['HGETALL', '…:deliveries:x'],
    ['XADD', '…:event-log', '*', 'event', 'x'],
    ['DEL', '…:epoch'],
  ],
  eraser: [
    ...dangerous,
    ['DEL', '…:submission:x:0-1'],
    ['HSET', '…:caps', 'all:day', '1'],
    ['HSET', '…:tenant-rules:acme', 'retainImagesDays', '1'],
    ['HSET', '…:spend:all:day:2026-01-01', 'settled', '0'],
    ['LPUSH', '…:submissions:wait', 'x'],
    ['SET', '…:epoch', 'x'],
    ['DEL', '…:owner'],
  ],
  worker: dangerous,
  operator: dangerous,
};
