import type { PurchaseWorld } from './purchase-world.ts';

/** Takes down everything in Redis, jobs and all. @returns puts it back, as a failover to a replica that was behind would. */
export async function photograph({ redis, prefix }: Pick<PurchaseWorld, 'redis' | 'prefix'>): Promise<() => Promise<void>> {
  const dumps = new Map<string, Buffer>();
  for (const key of await redis.keys(`${prefix}*`)) {
    const dump = await redis.dumpBuffer(key);
    if (dump !== null) dumps.set(key, dump);
  }
  return async () => {
    await Promise.all((await redis.keys(`${prefix}*`)).map((key) => redis.del(key)));
    for (const [key, dump] of dumps) await redis.restore(key, 0, dump);
  };
}
