import { defined, type ApiScope, type Models } from '@darkroom/contracts';
import { buildGenerationStore, type GenerationStore } from '@darkroom/generation-store';
import { createObjectStorage, type ObjectStorage } from '@darkroom/object-storage';
import { createProducer, type Producer } from '@darkroom/producer';
import { createApiKey } from '@darkroom/recovery';
import { silentLogger, type Logger } from '@darkroom/service-runtime';
import { startTestS3, uniquePrefix } from '@darkroom/testing';
import { Redis } from 'ioredis';
import { inject } from 'vitest';
import { createApi, loadApiConfig, type Api } from '../src/app.ts';

const IMAGE_NANO_USD = 20_000_000;
export const order = { positivePrompt: 'a lighthouse at dusk', width: 1280, height: 896 };

export interface World extends AsyncDisposable {
  readonly url: string;
  readonly prefix: string;
  readonly redis: Redis;
  readonly redisUrl: string;
  readonly store: GenerationStore;
  readonly storage: ObjectStorage;
  readonly producer: Producer;
  readonly api: Api;
  /** Makes a key. @returns its text. */
  key(tenant?: string, scopes?: ApiScope[]): Promise<string>;
  call(key: string | undefined, method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Response>;
}

export interface WorldOptions {
  env?: Readonly<Record<string, string>>;
  logger?: Logger;
  models?: Models;
  /** Address of Redis for the API alone. */
  redisUrl?: (redisUrl: string, prefix: string) => Promise<string>;
}

/** An API beside a Redis with an open store and a bucket. No worker runs: nothing is bought. */
export async function startWorld({ env = {}, logger = silentLogger, models, redisUrl: addressOf }: WorldOptions = {}): Promise<World> {
  const prefix = uniquePrefix();
  const redisUrl = inject('redisUrl');
  const redis = new Redis(redisUrl, { maxRetriesPerRequest: null });
  const s3 = await startTestS3();
  const retention = { recordSeconds: 600, idempotencySeconds: 172_800 };
  const store = buildGenerationStore({ prefix, retention, pollRate: { perSecond: 1, burst: 1 } }, redis);
  await store.setCaps({ allPerDay: 10_000 * IMAGE_NANO_USD, tenantPerDay: 5000 * IMAGE_NANO_USD });
  await store.initialise('epoch-1');
  const { endpoint, region, bucket, credentials } = s3;
  const storage = createObjectStorage(
    { endpoint, region, bucket, credentials, requestTimeoutMs: 10_000, maxImageBytes: 2 ** 25 },
    { now: Date.now },
  );
  const producer = createProducer({ redisUrl, prefix });
  const api = createApi(
    loadApiConfig({
      REDIS_URL: (await addressOf?.(redisUrl, prefix)) ?? redisUrl,
      DARKROOM_PREFIX: prefix,
      S3_BUCKET: bucket,
      S3_REGION: region,
      S3_ENDPOINT: endpoint,
      S3_ACCESS_KEY_ID: credentials.accessKeyId,
      S3_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      PORT: '0',
      ...env,
    }),
    { logger, ...defined({ models }) },
  );
  await api.start();
  return {
    url: api.url(),
    prefix,
    redis,
    redisUrl,
    store,
    storage,
    producer,
    api,
    key: async (tenant = 'acme', scopes = ['read', 'write', 'erase']) =>
      (await createApiKey({ store, archive: storage }, 'test', { tenant, scopes, name: 'test' })).text,
    call: (key, method, path, body, headers = {}) =>
      fetch(`${api.url()}${path}`, {
        method,
        redirect: 'manual',
        headers: {
          ...(key !== undefined && { authorization: `Bearer ${key}` }),
          ...(body !== undefined && { 'content-type': body instanceof Uint8Array ? 'application/octet-stream' : 'application/json' }),
          ...headers,
        },
        ...(body !== undefined && {
          body: body instanceof Uint8Array ? new Blob([Buffer.from(body)]) : typeof body === 'string' ? body : JSON.stringify(body),
        }),
      }),
    [Symbol.asyncDispose]: async () => {
      await api.stop();
      await producer.close();
      storage.close();
      await redis.quit();
      await s3.stop();
    },
  };
}
