import { freePort } from '@darkroom/local-stack';
import { Redis } from 'ioredis';
import { eventually } from '../eventually.ts';
import { reserveRedis, type OwnRedis } from '../own-redis.ts';
import { checkInStep, loginOf, portOf, startEach, stopEach, type RedisGroup } from './redis-group.ts';

const SLOTS = 16_384;
const PRIMARIES = 3;
const FORM_LIMIT_MS = 30_000;

interface Node {
  readonly server: OwnRedis;
  readonly client: Redis;
  readonly busPort: number;
}

/** Starts a cluster of three primaries, each with a replica. */
export async function startRedisCluster(nodeTimeoutMs: number, settings: Readonly<Record<string, string>> = {}): Promise<RedisGroup> {
  const reserved = await Promise.all(
    Array.from({ length: 2 * PRIMARIES }, async () => {
      // The usual port of the bus, 10,000 above the other, may lie beyond the last port.
      const busPort = await freePort();
      const own = { 'cluster-enabled': 'yes', 'cluster-port': String(busPort), 'cluster-node-timeout': String(nodeTimeoutMs) };
      const server = await reserveRedis({ settings: { 'repl-diskless-sync-delay': '0', ...own, ...settings } });
      return { server, busPort };
    }),
  );
  const servers = reserved.map(({ server }) => server);
  await startEach(servers);
  const nodes = reserved.map((each): Node => ({ ...each, client: new Redis(each.server.url, { retryStrategy: () => 500 }) }));
  for (const { client } of nodes) client.on('error', () => undefined);
  const stop = async (): Promise<void> => {
    for (const { client } of nodes) client.disconnect();
    await stopEach(servers);
  };
  try {
    await form(nodes);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    address: (user, password) =>
      `redis-cluster://${loginOf(user, password)}${servers
        .slice(0, PRIMARIES)
        .map((each) => `127.0.0.1:${portOf(each)}`)
        .join(',')}`,
    async primary(prefix) {
      const key = `${prefix}:epoch`;
      for (const { client, server } of nodes) {
        const answer = await client.exists(key).then(
          () => true,
          () => false,
        );
        if (answer) return server;
      }
      throw new Error('no node owns the slot');
    },
    [Symbol.asyncDispose]: stop,
  };
}

async function form(nodes: readonly Node[]): Promise<void> {
  const [first, ...others] = nodes;
  for (const { server, busPort } of others) await first!.client.call('CLUSTER', 'MEET', '127.0.0.1', portOf(server), busPort);
  const primaries = nodes.slice(0, PRIMARIES);
  for (const [at, { client }] of primaries.entries()) {
    const [begin, end] = [at, at + 1].map((part) => Math.floor((part * SLOTS) / PRIMARIES));
    await client.call('CLUSTER', 'ADDSLOTSRANGE', begin!, end! - 1);
  }
  const inStep = { withinMs: FORM_LIMIT_MS, everyMs: 200 };
  await eventually(async () => {
    for (const { client } of nodes) {
      const known = String(await client.call('CLUSTER', 'NODES'))
        .trim()
        .split('\n');
      if (known.length < nodes.length || known.some((line) => line.includes('handshake')))
        throw new Error('the nodes do not know each other yet');
    }
  }, inStep);
  for (const [at, { client }] of nodes.slice(PRIMARIES).entries())
    await client.call('CLUSTER', 'REPLICATE', String(await primaries[at]!.client.call('CLUSTER', 'MYID')));
  await eventually(async () => {
    for (const { client } of nodes)
      if (!String(await client.call('CLUSTER', 'INFO')).includes('cluster_state:ok')) throw new Error('the cluster is not whole yet');
    for (const { server } of nodes.slice(PRIMARIES)) await checkInStep(server.url);
    // A primary takes part in a failover once it knows the replica, which the others tell.
    const replicas = String(await first!.client.call('CLUSTER', 'NODES'))
      .split('\n')
      .filter((line) => line.includes('slave'));
    if (replicas.length < nodes.length - PRIMARIES) throw new Error('the replicas are not known yet');
  }, inStep);
}
