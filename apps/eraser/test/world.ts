import { randomUUID } from 'node:crypto';
import { buildGenerationStore, buildReconcileStore, connectPatient, defaultRetention } from '@darkroom/generation-store';
import { createObjectStorage } from '@darkroom/object-storage';
import { createLogger } from '@darkroom/service-runtime';
import { startTestS3, uniquePrefix } from '@darkroom/testing';
import { inject, onTestFinished } from 'vitest';
import { createEraser } from '../src/app.ts';

/** Starts a bucket beside the Redis of this run, with a store that belongs to it. The end of the test stops everything. */
export async function setup() {
  const s3 = await startTestS3();
  const prefix = uniquePrefix();
  const url = inject('redisUrl');
  const redis = connectPatient(url);
  const store = buildGenerationStore({ prefix, retention: defaultRetention, pollRate: { perSecond: 1, burst: 1 } }, redis);
  const { bucket, region, endpoint, credentials } = s3;
  const config = { bucket, region, endpoint, credentials };
  const storage = createObjectStorage({ ...config, requestTimeoutMs: 10_000, maxImageBytes: 1024 }, { now: Date.now });
  const ownerId = randomUUID();
  onTestFinished(async () => {
    storage.close();
    redis.disconnect();
    await s3.stop();
  });
  return {
    s3,
    prefix,
    store,
    storage,
    reconcile: buildReconcileStore({ prefix }, redis),
    /** Opens the store, as the first worker does. @param owner Of the bucket; the owner of the store when absent. */
    async open(owner: string = ownerId) {
      await storage.recordOwner({ version: 1, id: owner, prefix, at: 0, epoch: 'epoch' });
      await store.initialise('epoch', ownerId);
    },
    async startEraser({ redisUrl = url } = {}) {
      const lines: string[] = [];
      const eraser = createEraser(
        {
          redis: { url: redisUrl, prefix },
          darkroom: { id: undefined },
          s3: config,
          eraser: { everyMs: 100 },
          log: { level: 'debug', logPrompts: false },
          listen: { host: '127.0.0.1', port: 0 },
        },
        { logger: createLogger({ name: 'test', level: 'debug' }, { write: (line) => void lines.push(line) }) },
      );
      onTestFinished(() => eraser.stop());
      await eraser.start();
      const ask = async (path: string) => {
        const response = await fetch(eraser.url() + path, { headers: { connection: 'close' } });
        return { status: response.status, body: await response.text() };
      };
      return { eraser, ask, lines };
    },
  };
}
