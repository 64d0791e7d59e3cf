import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { eventually } from '../eventually.ts';
import { reserveRedis, type OwnRedis } from '../own-redis.ts';
import { startSwitchingProxy } from '../switching-proxy.ts';

/** A Redis behind one address, like a managed store: another node may replace it, and connections may fall silent. */
export interface FailOverRedis extends OwnRedis {
  /**
   * Promotes a replica. The old node becomes its replica, keeps its open connections, answers their reads and refuses their writes.
   * The new node lacks the writes that the old one took in the last `lagMs`, and they are lost.
   * @returns a function that ends the old node.
   */
  failOver(lagMs?: number): Promise<() => Promise<void>>;
  /** The open connections swallow every byte and stay open; new ones work. */
  silence(): void;
  /** Makes Redis refuse every write, as at `maxmemory` with `noeviction`. @returns a function that allows writes again. */
  fill(): Promise<() => Promise<void>>;
}

/** Time for a replica to copy everything, on a busy machine. */
const SYNC_LIMIT_MS = 20_000;

/** Reserves an address; no server answers there before `start`. @param dir Folder with a subfolder for the data of each node. */
export async function reserveFailOverRedis(dir: string): Promise<FailOverRedis> {
  let nodes = 0;
  const reserveNode = (): Promise<OwnRedis> => reserveRedis({ dir: join(dir, `node-${(nodes += 1)}`) });
  let current = await reserveNode();
  const demoted = new Set<OwnRedis>();
  const proxy = await startSwitchingProxy(current.url);
  const stop = async (): Promise<void> => {
    await Promise.all([current, ...demoted].map((node) => node.stop()));
    demoted.clear();
  };
  return {
    url: proxy.url,
    get pid() {
      return current.pid;
    },
    start: () => current.start(),
    stop,
    kill: () => current.kill(),
    copyData: () => current.copyData(),
    changeAway: (change) => current.changeAway(change),
    async failOver(lagMs = 0) {
      const [old, next] = [current, await reserveNode()];
      await next.start();
      await withClients([old, next], async (ofOld, ofNext) => {
        for (const client of [ofOld, ofNext]) await client.config('SET', 'repl-diskless-sync-delay', '0');
        await ofNext.replicaof('127.0.0.1', portOf(old));
        await eventually(
          async () => {
            if (!(await ofNext.info('replication')).includes('master_link_status:up')) throw new Error('the replica is not in step yet');
            // After a full copy Redis rewrites its log. A kill before the end of that would lose all writes since the copy.
            if (!/aof_rewrite_in_progress:0[^]*aof_rewrite_scheduled:0/.test(await ofNext.info('persistence')))
              throw new Error('the replica still rewrites its log');
          },
          { withinMs: SYNC_LIMIT_MS, everyMs: 20 },
        );
        // Writes to the old node from here on are lost, as in a failover without a warning.
        await ofNext.replicaof('NO', 'ONE');
        await delay(lagMs);
        await ofOld.replicaof('127.0.0.1', portOf(next));
      });
      proxy.moveTo(next.url);
      demoted.add(old);
      current = next;
      return async () => {
        await old.stop();
        demoted.delete(old);
      };
    },
    silence: () => proxy.silence(),
    async fill() {
      const node = current;
      await setMaxMemory(node, '1');
      return () => (node.pid === undefined ? Promise.resolve() : setMaxMemory(node, '0'));
    },
    [Symbol.asyncDispose]: async () => {
      await stop();
      await proxy[Symbol.asyncDispose]();
    },
  };
}

const portOf = ({ url }: OwnRedis): number => Number(new URL(url).port);

const setMaxMemory = (node: OwnRedis, bytes: string): Promise<void> =>
  withClients([node], async (client) => void (await client.config('SET', 'maxmemory', bytes)));

/** Connects to each node at its own address, which no failover moves. */
async function withClients<T extends readonly OwnRedis[]>(
  nodes: T,
  work: (...clients: { [At in keyof T]: Redis }) => Promise<void>,
): Promise<void> {
  const clients = nodes.map(({ url }) => new Redis(url));
  try {
    await work(...(clients as { [At in keyof T]: Redis })); // one client for each node
  } finally {
    for (const client of clients) client.disconnect();
  }
}
