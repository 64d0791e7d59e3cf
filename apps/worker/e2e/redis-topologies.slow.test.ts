import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { redisUserOf, type RedisProcess } from '@darkroom/generation-store';
import { createEvents, createProducer, type Producer } from '@darkroom/producer';
import {
  countExecutions,
  createSelfSigned,
  eventually,
  freePort,
  readAclLines,
  readBilledTasks,
  reserveRedis,
  runApp,
  startDashboard,
  startFleet,
  startRedisCluster,
  startSentinels,
  storesEnvironment,
  type Fleet,
  type RedisGroup,
} from '@darkroom/testing';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';

/** Time after which sentinels and nodes of the cluster take a silent server for dead. */
const DEAD_AFTER_MS = 2000;
const RECOVERY_LIMIT_MS = 30_000;
const prefix = '{darkroom}';
const request = { positivePrompt: 'a lighthouse at dusk', width: 1280, height: 896 } as const;
const passwordOf = (user: string): string => `password-of-${user}`;
let dir = '';
let aclFile = '';

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'darkroom-topologies-'));
  aclFile = join(dir, 'darkroom.acl');
  const admin = 'user default on nopass ~* &* +@all';
  await writeFile(aclFile, `${[admin, ...(await readAclLines(passwordOf))].join('\n')}\n`);
});
afterAll(() => rm(dir, { recursive: true }));

interface World {
  fleet: Fleet;
  producer: Producer;
  addressOf: (process: RedisProcess) => string;
}

/** Starts every process, each with a user of its own. @param address Makes the address of Redis for a user. */
async function startWorld(address: (user: string, password: string) => string): Promise<World> {
  const addressOf = (process: RedisProcess): string => address(redisUserOf(process), passwordOf(redisUserOf(process)));
  const [worker, receiver, eraser, api, notifier] = (['worker', 'receiver', 'eraser', 'api', 'notifier'] as const).map(addressOf);
  const fleet = await startFleet({
    redisUsers: async () => ({ worker: worker!, receiver: receiver!, eraser: eraser!, api: api!, notifier: notifier! }),
    erasers: 1,
    apis: 1,
    notifiers: 1,
    env: { DAILY_CAP_USD: '100' },
  });
  const producer = createProducer({ redisUrl: addressOf('producer'), prefix });
  onTestFinished(async () => {
    await producer.close();
    await fleet.stop();
  });
  return { fleet, producer, addressOf };
}

/** Follows one image from the call to its event and to the list. */
async function buyOne({ producer, addressOf }: World): Promise<void> {
  const events = createEvents({ redisUrl: addressOf('producer'), prefix, group: 'flow', from: 'oldest' });
  const { generationId } = await producer.enqueue(request, { tags: ['flow'] });
  expect(await producer.wait(generationId, { timeoutMs: 30_000 })).toMatchObject({ status: 'succeeded' });
  for await (const event of events) {
    if (event.event === 'generation.succeeded' && event.generationId === generationId) break;
  }
  await events.close();
  const { generations } = await producer.list({ tag: 'flow' });
  expect(generations.map((each) => each.generationId)).toContain(generationId);
}

/** Runs a command of operators. */
async function command({ fleet, addressOf }: World, name: string): Promise<string> {
  const env = { ...storesEnvironment({ redisUrl: addressOf('operator'), prefix, s3: fleet.s3Config }), DAILY_CAP_USD: '100' };
  const { code, output } = await runApp('cli', [name], env);
  expect(code, `${name}: ${output}`).toBe(0);
  return output;
}

/** Uses a command that walks through all keys, and the dashboard. */
async function operate(world: World): Promise<void> {
  const { fleet, addressOf } = world;
  // A worker may be reconciling, and only one process does so at a time.
  await eventually(() => command(world, 'reconcile'), { withinMs: 30_000, everyMs: 500 });
  const dashboard = await startDashboard(fleet, { REDIS_URL: addressOf('dashboard') });
  const headers = { connection: 'close' };
  expect(await (await fetch(`${dashboard.url}/generations`, { headers })).text()).toContain('succeeded');
  const queues = await fetch(`${dashboard.url}/queues/api/queues?activeQueue=generations&status=completed&page=1&jobsPerPage=10`, {
    headers,
  });
  expect(queues.status).toBe(200);
  await dashboard.kill();
}

/** Kills the primary while orders arrive, and measures the seconds until an image that was enqueued afterwards is home. */
async function failOver(world: World, group: RedisGroup, name: string): Promise<void> {
  const { producer, fleet } = world;
  const orders: string[] = [];
  const enqueue = async (): Promise<string> => {
    const { generationId } = await producer.enqueue(request);
    orders.push(generationId);
    return generationId;
  };
  for (let at = 0; at < 5; at += 1) await enqueue();
  const old = await group.primary(prefix);
  const killedAt = performance.now();
  await old.kill();
  const since = (): number => Math.round(performance.now() - killedAt) / 1000;
  const later = await eventually(enqueue, { withinMs: RECOVERY_LIMIT_MS, everyMs: 100 });
  const enqueuedAfter = since();
  expect(await producer.wait(later, { timeoutMs: RECOVERY_LIMIT_MS })).toMatchObject({ status: 'succeeded' });
  const homeAfter = since();
  expect((await group.primary(prefix)).url).not.toBe(old.url);
  // Replication is asynchronous: an order that the dead primary alone had is enqueued again, as its caller would do.
  for (const generationId of orders) {
    await eventually(() => producer.enqueue(request, { generationId }), { withinMs: RECOVERY_LIMIT_MS, everyMs: 200 });
    expect(await producer.wait(generationId, { timeoutMs: RECOVERY_LIMIT_MS })).toMatchObject({ status: 'succeeded' });
  }
  const billed = await readBilledTasks(fleet.billFile);
  expect(
    [...billed.values()].every(({ executions }) => executions <= 1),
    'no task was bought twice',
  ).toBe(true);
  expect(countExecutions(billed)).toBe(orders.length + 1);
  process.stdout.write(
    `${name}: a call is taken ${enqueuedAfter.toFixed(1)} s after the kill, its image is home after ${homeAfter.toFixed(1)} s\n`,
  );
}

test('a Redis with TLS and a certificate of an authority of its own', async () => {
  const [own, other] = [createSelfSigned(Date.now()), createSelfSigned(Date.now())];
  const files = { ca: join(dir, 'ca.pem'), key: join(dir, 'key.pem'), wrong: join(dir, 'wrong.pem') };
  await Promise.all([writeFile(files.ca, own.certificate), writeFile(files.key, own.key), writeFile(files.wrong, other.certificate)]);
  const port = await freePort();
  const tls = { 'tls-port': String(port), 'tls-cert-file': files.ca, 'tls-key-file': files.key, 'tls-ca-cert-file': files.ca };
  const redis = await reserveRedis({ settings: { aclfile: aclFile, 'tls-auth-clients': 'no', ...tls } });
  onTestFinished(() => redis[Symbol.asyncDispose]());
  await redis.start();
  const address = (user: string, password: string): string =>
    `rediss://${user}:${password}@127.0.0.1:${port}?ca=${encodeURIComponent(files.ca)}`;
  const world = await startWorld(address);
  await buyOne(world);
  expect(await command(world, 'doctor')).toMatch(/one address, 0 replicas, append-only file on, maxmemory-policy noeviction, TLS/);

  // another password for one user, without a break: both hold until the processes with the first one are replaced
  const admin = new Redis(redis.url);
  const [user, second] = [redisUserOf('worker'), 'second-password'];
  await admin.call('ACL', 'SETUSER', user, `>${second}`);
  await world.fleet.startWorker('worker-second', { REDIS_URL: address(user, second) });
  await admin.call('ACL', 'SETUSER', user, `<${passwordOf(user)}`);
  admin.disconnect();
  await world.fleet.workers[0]?.stop();
  await buyOne(world);

  const wrong = createProducer({ redisUrl: world.addressOf('producer').replace('ca.pem', 'wrong.pem'), prefix });
  await expect(wrong.enqueue(request)).rejects.toMatchObject({
    code: 'queue.unavailable',
    details: { reason: 'tls' },
    cause: expect.objectContaining({ message: expect.stringMatching(/certificate/) as unknown }) as unknown,
  });
  await wrong.close();
}, 90_000);

/** Makes sure that an address that is nearly right is refused with a reason. */
async function expectRefused(redisUrl: string, reason: string): Promise<void> {
  const producer = createProducer({ redisUrl, prefix });
  await expect(producer.enqueue(request), redisUrl).rejects.toMatchObject({ code: 'queue.unavailable', details: { reason } });
  await producer.close();
}

test('Sentinel, whose primary is killed: nothing is bought twice, and everything comes home', async () => {
  const group = await startSentinels(DEAD_AFTER_MS, { aclfile: aclFile });
  onTestFinished(() => group[Symbol.asyncDispose]());
  const world = await startWorld((user, password) => group.address(user, password));
  await buyOne(world);
  expect(await command(world, 'doctor')).toContain('found by sentinels, 2 replicas');
  await expectRefused(world.addressOf('producer').replace('/images', '/pictures'), 'sentinel');
  await failOver(world, group, 'Sentinel');
}, 150_000);

test('Cluster, where the owner of the slot is killed: nothing is bought twice, and everything comes home', async () => {
  const group = await startRedisCluster(DEAD_AFTER_MS, { aclfile: aclFile });
  onTestFinished(() => group[Symbol.asyncDispose]());
  const world = await startWorld((user, password) => group.address(user, password));
  await buyOne(world);
  expect(await command(world, 'doctor')).toContain('node of a cluster, 1 replica');
  await operate(world);
  const { host } = new URL((await group.primary(prefix)).url);
  const [login = '', hosts = ''] = world.addressOf('producer').replace('redis-cluster://', '').split('@');
  const another = hosts.split(',').find((each) => each !== host) ?? '';
  await expectRefused(`redis://${login}@${another}`, 'cluster');
  await failOver(world, group, 'Cluster');
}, 150_000);
