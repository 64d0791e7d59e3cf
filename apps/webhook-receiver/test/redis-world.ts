import { createGenerationId, mintCapability, parseGrokImagineRequest, parseUsd, type SubmissionRef } from '@darkroom/contracts';
import { buildGenerationStore, connectPatient } from '@darkroom/generation-store';
import { createSettlements, jobIdOf } from '@darkroom/queues';
import { createLogger } from '@darkroom/service-runtime';
import { uniquePrefix } from '@darkroom/testing';
import type { Redis } from 'ioredis';
import { inject, onTestFinished } from 'vitest';
import { createWebhookReceiver } from '../src/app.ts';
import { keys, pathOf } from './setup.ts';

export const HOUR_MS = 3_600_000;

/** Starts a receiver on a real Redis, with a queued submission whose settlement is parked for an hour. */
export async function setupOnRedis(url: string = inject('redisUrl')) {
  const prefix = uniquePrefix();
  const redis = connectPatient(url);
  const settlements = createSettlements(redis, { prefix });
  const store = buildGenerationStore(
    { prefix, retention: { recordSeconds: 3600, idempotencySeconds: 3600 }, pollRate: { perSecond: 1, burst: 1 } },
    redis,
  );
  const receiver = createWebhookReceiver(
    {
      redis: { url, prefix },
      keys,
      tracing: { endpoint: undefined },
      log: { level: 'info', logPrompts: false },
      listen: { host: '127.0.0.1', port: 0 },
    },
    { logger: createLogger({ name: 'test', level: 'silent' }) },
  );
  onTestFinished(async () => {
    await receiver.stop();
    await settlements.close();
    redis.disconnect();
  });
  await store.initialise('epoch');
  await store.setCaps({ allPerDay: parseUsd(1) });
  const ref: SubmissionRef = { generationId: createGenerationId(Date.now()), index: 0, n: 1 };
  const request = parseGrokImagineRequest({ positivePrompt: 'a lighthouse', width: 1024, height: 1024 });
  await store.enqueue({ generationId: ref.generationId, tenant: 'default', request, imageNanoUsd: parseUsd('0.02') });
  await settlements.park(ref, HOUR_MS, true);
  await receiver.start();
  const capabilityOf = (which: SubmissionRef): string => mintCapability(keys, which, Date.now() + HOUR_MS);

  return {
    ref,
    redis,
    prefix,
    store,
    receiver,
    capabilityOf,
    stateOf: (which: SubmissionRef): Promise<string> => settlements.queue.getJobState(jobIdOf(which)),
    post: async (which: SubmissionRef, body: string) =>
      (await fetch(receiver.url() + pathOf(capabilityOf(which)), { method: 'POST', body })).status,
    /** Reads all keys of the prefix, byte for byte. */
    dump: () => dumpKeys(redis, `${prefix}:*`),
  };
}

/** Reads every matching key, with its content as Redis serializes it. */
export async function dumpKeys(redis: Redis, pattern: string): Promise<Record<string, string>> {
  // Without the sign of life, which every process writes by itself.
  const names = (await redis.keys(pattern.replaceAll(/[{[\\]/g, String.raw`\$&`))).filter((name) => !name.endsWith(':alive')).toSorted();
  const dumps = await Promise.all(names.map((name) => redis.dumpBuffer(name)));
  return Object.fromEntries(names.map((name, at) => [name, dumps[at]?.toString('base64') ?? '']));
}
