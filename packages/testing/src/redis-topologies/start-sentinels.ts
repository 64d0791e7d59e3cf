import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { eventually } from '../eventually.ts';
import { reserveRedis } from '../own-redis.ts';
import { checkInStep, loginOf, portOf, startEach, stopEach, type RedisGroup } from './redis-group.ts';

const NAME = 'images';
const SYNC_LIMIT_MS = 20_000;

/** Starts a primary with two replicas and three sentinels. @param settings Settings of primary and replicas. */
export async function startSentinels(downAfterMs: number, settings: Readonly<Record<string, string>> = {}): Promise<RedisGroup> {
  const dir = await mkdtemp(join(tmpdir(), 'darkroom-sentinels-'));
  const usual = { 'repl-diskless-sync-delay': '0', ...settings };
  const primary = await reserveRedis({ settings: usual });
  const follows = { replicaof: `127.0.0.1 ${portOf(primary)}` };
  const replicas = await Promise.all([1, 2].map(() => reserveRedis({ settings: { ...usual, ...follows } })));
  const sentinels = await Promise.all(
    [1, 2, 3].map(async (at) => {
      const sentinelFile = join(dir, `sentinel-${at}.conf`);
      await writeFile(
        sentinelFile,
        `sentinel monitor ${NAME} 127.0.0.1 ${portOf(primary)} 2\nsentinel down-after-milliseconds ${NAME} ${downAfterMs}\nsentinel failover-timeout ${NAME} 10000\n`,
      );
      return reserveRedis({ sentinelFile, appendfsync: 'no' });
    }),
  );
  const servers = [primary, ...replicas, ...sentinels];
  await startEach(servers);
  const watching = new Redis(sentinels[0]!.url, { lazyConnect: true });
  const stop = async (): Promise<void> => {
    watching.disconnect();
    await stopEach(servers);
    await rm(dir, { recursive: true });
  };
  try {
    await watching.connect();
    await eventually(
      async () => {
        const state = await watching.info('sentinel');
        if (!/status=ok,.*slaves=2,sentinels=3/.test(state)) throw new Error(`the sentinels are not in step: ${state}`);
        for (const { url } of replicas) await checkInStep(url);
      },
      { withinMs: SYNC_LIMIT_MS, everyMs: 200 },
    );
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    address: (user, password) =>
      `redis-sentinel://${loginOf(user, password)}${sentinels.map((each) => `127.0.0.1:${portOf(each)}`).join(',')}/${NAME}`,
    async primary() {
      const [, port] = (await watching.call('SENTINEL', 'get-master-addr-by-name', NAME)) as string[]; // host and port
      return [primary, ...replicas].find((each) => portOf(each) === Number(port))!; // they watch no other
    },
    [Symbol.asyncDispose]: stop,
  };
}
