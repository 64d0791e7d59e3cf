import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { eventually } from '../eventually.ts';
import { reserveRedis, type OwnRedis } from '../own-redis.ts';
import { startSwitchingProxy } from '../switching-proxy.ts';

/** A Redis behind one address, as that of a managed store: another node may take its place, and connections may fall silent. */
export interface FailOverRedis extends OwnRedis {
  /**
   * A replica takes its place. The old node becomes its replica, keeps the connections that stand, answers their reads and refuses
   * their writes. The replica is behind by all that the old node takes within `lagMs` before that, which is lost.
   * @returns ends the old node.
   */
  failOver(lagMs?: number): Promise<() => Promise<void>>;
  /** The connections that stand swallow every byte and stay open; new ones work. */
  silence(): void;
  /** Lets no write in any more, as at `maxmemory` with `noeviction`. @returns lets them in again. */
  fill(): Promise<() => Promise<void>>;
}

/** How long a replica may take to have everything, on a busy machine. */
const SYNC_LIMIT_MS = 20_000;

/** Chooses an address; nothing answers there before `start`. @param dir Where each node keeps its data, in a folder of its own. */
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
            // After a full copy Redis writes its log anew; killed before that is done it would come back without what was written since.
            if (!/aof_rewrite_in_progress:0[^]*aof_rewrite_scheduled:0/.test(await ofNext.info('persistence')))
              throw new Error('the replica still writes its log anew');
          },
          { withinMs: SYNC_LIMIT_MS, everyMs: 20 },
        );
        // What the old node is told from here on is lost with it, as in a failover that nobody announced.
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

/** Connects to each node by its own address, which no failover moves. */
async function withClients<T extends readonly OwnRedis[]>(
  nodes: T,
  work: (...clients: { [At in keyof T]: Redis }) => Promise<void>,
): Promise<void> {
  const clients = nodes.map(({ url }) => new Redis(url));
  try {
    await work(...(clients as { [At in keyof T]: Redis })); // one for each node
  } finally {
    for (const client of clients) client.disconnect();
  }
}
