import { createProducer, type Producer } from '@darkroom/producer';
import {
  eventually,
  reserveRedis,
  startFleet,
  startSwitchingProxy,
  type Fleet,
  type OwnRedis,
  type SwitchingProxy,
} from '@darkroom/testing';
import { Redis } from 'ioredis';
import { expect, onTestFinished, test } from 'vitest';

const LIMIT_MS = 15_000;

interface World {
  fleet: Fleet;
  proxy: SwitchingProxy;
  next: OwnRedis;
  producer: Producer;
}

async function setup(): Promise<World> {
  const next = await reserveRedis();
  await next.start();
  let proxy: SwitchingProxy | undefined;
  const fleet = await startFleet({
    redisAddress: async (url) => {
      proxy = await startSwitchingProxy(url);
      return proxy.url;
    },
  });
  const front = proxy!;
  const producer = createProducer({ redisUrl: front.url, prefix: fleet.prefix });
  onTestFinished(async () => {
    await producer.close();
    await fleet.stop();
    await front[Symbol.asyncDispose]();
    await next[Symbol.asyncDispose]();
  });
  return { fleet, proxy: front, next, producer };
}

const order = (producer: Producer) => producer.enqueue({ positivePrompt: 'a lighthouse at dusk', width: 1280, height: 896 });

/** Measures the time from the failure until each process works again, and records the readiness meanwhile. */
async function measure({ fleet, producer }: World, failure: string): Promise<void> {
  const startedAt = performance.now();
  const since = (): number => Math.round(performance.now() - startedAt);
  const readiness = async (name: string, url: string): Promise<[string, number, string]> => {
    const seen: string[] = [];
    // A ready process can write to Redis again. The test must see it unready first, or see that it never noticed.
    const at = await eventually(
      async () => {
        const response = await fetch(`${url}/readyz`, { headers: { connection: 'close' } });
        const { checks } = (await response.json()) as { checks: Record<string, unknown> };
        const text = `${response.status} ${JSON.stringify(checks['redis'])}`;
        if (seen.at(-1) !== text) seen.push(text);
        if (!response.ok) throw new Error(text);
        return since();
      },
      { withinMs: LIMIT_MS, everyMs: 100 },
    );
    return [name, at, seen.join(', ')];
  };
  const enqueued = eventually(() => order(producer), { withinMs: LIMIT_MS, everyMs: 100 }).then(({ generationId }) => ({
    generationId,
    at: since(),
  }));
  const [worker, receiver] = await Promise.all([
    readiness('worker ready', fleet.workerUrls[0] ?? ''),
    readiness('receiver ready', fleet.receiverUrl),
  ]);
  const { generationId, at: enqueuedAt } = await enqueued;
  expect(await producer.wait(generationId, { timeoutMs: 2 * LIMIT_MS })).toMatchObject({ status: 'succeeded' });
  const rows: [string, number, string][] = [worker, receiver, ['producer enqueues', enqueuedAt, ''], ['worker has bought it', since(), '']];
  process.stdout.write(
    `${failure}\n${rows.map(([what, ms, said]) => `  ${what.padEnd(22)}${String(ms).padStart(6)} ms  ${said}`).join('\n')}\n`,
  );
  for (const [what, ms] of rows) expect(ms, `${failure}: ${what}`).toBeLessThan(LIMIT_MS);
}

test('a failover that leaves connections to the demoted node open stops every process only briefly', async () => {
  const world = await setup();
  const { fleet, proxy, next, producer } = world;
  const first = await order(producer);
  await producer.wait(first.generationId);
  const [old, primary] = [new Redis(fleet.redisUrl), new Redis(next.url)];
  await old.config('SET', 'repl-diskless-sync-delay', '0');
  await primary.config('SET', 'repl-diskless-sync-delay', '0');
  await primary.replicaof('127.0.0.1', Number(new URL(fleet.redisUrl).port));
  await eventually(async () => expect(await primary.info('replication')).toContain('master_link_status:up'), { withinMs: 10_000 });
  await primary.call('REPLICAOF', 'NO', 'ONE');
  await old.replicaof('127.0.0.1', Number(new URL(next.url).port));
  proxy.moveTo(next.url);
  await measure(world, 'demoted node, connections open');
  old.disconnect();
  primary.disconnect();
});

test('every process replaces connections that swallow its bytes', async () => {
  const world = await setup();
  await order(world.producer);
  world.proxy.silence();
  await measure(world, 'established connections swallow bytes');
});
