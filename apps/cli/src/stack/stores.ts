import { createHash } from 'node:crypto';
import path from 'node:path';
import { defined } from '@darkroom/contracts';
import { startRedis, startS3Server, type Closing } from '@darkroom/local-stack';
import type { RedisSettings, S3Settings } from '@darkroom/service-runtime';
import { refuseUnusable } from '../operate/connect-redis.ts';
import { shownPath } from '../shown-path.ts';
import type { RedisChoice } from './redis-choices.ts';
import type { StartConfig } from '../config.ts';
import { BUCKET, REGION } from '../data-folder/bucket.ts';
import type { DataFolder } from '../data-folder/data-folder.ts';

/** Redis and S3 of a start: existing ones, or its own. */
export interface Stores {
  readonly redis: RedisSettings;
  readonly s3: S3Settings;
  /** Descriptions of both, for the screen. */
  readonly redisDetail: string;
  readonly s3Detail: string;
  /** True if this Redis keeps its data when it ends. */
  readonly isDurable: boolean;
  /** A warning for the screen. */
  readonly notice?: string;
  /** Folder of everything that must not outlive this Redis. */
  readonly dir: string;
}

export interface StoresOptions {
  config: Pick<StartConfig, 'redis' | 's3' | 'environment'>;
  folder: Pick<DataFolder, 'dir' | 'redis' | 'ports' | 'secrets'>;
  /** Where a private copy of Redis is unpacked, once for all data folders. */
  cacheDir: string;
  /** The only source of an embedded Redis to try; absent: all of them. */
  redis?: RedisChoice;
  /** Clock, in milliseconds since 1970; names the folder of a start whose Redis forgets. */
  now: () => number;
}

/** Opens both stores. @throws LocalStackError if one cannot be reached or started. */
export async function openStores(options: StoresOptions, closing: Closing): Promise<Stores> {
  const { config, folder } = options;
  const redis = await openRedis(options);
  closing.add(() => redis.stop());
  const dir = storesDir(options, redis.durable);
  const { settings, detail: redisDetail, durable: isDurable } = redis;
  const shared = { redis: settings, redisDetail, isDurable, dir, ...defined({ notice: redis.notice }) };
  if (config.s3 !== undefined) {
    return {
      ...shared,
      s3: config.s3,
      s3Detail: `"${config.s3.bucket}" at ${config.s3.endpoint ?? 'AWS'}, from ${config.s3.endpoint === undefined ? 'S3_BUCKET' : 'S3_ENDPOINT'}`,
    };
  }
  const bucketDir = path.join(dir, 's3');
  const credentials = folder.secrets.s3;
  const server = await startS3Server({ dir: bucketDir, port: folder.ports.s3, credentials, region: REGION, buckets: [BUCKET] });
  closing.add(() => server.stop());
  return {
    ...shared,
    s3: { bucket: BUCKET, region: REGION, endpoint: server.endpoint, credentials },
    s3Detail: `"${BUCKET}" at ${server.endpoint}, kept in ${shownPath(bucketDir)}`,
  };
}

async function openRedis({ config, folder, cacheDir, redis: only }: StoresOptions) {
  // The processes of a start share the user of REDIS_URL.
  if (config.redis !== undefined) await refuseUnusable(config.redis);
  const started = await startRedis({
    dir: folder.redis,
    cacheDir,
    environment: config.environment,
    port: folder.ports.redis,
    appendfsync: 'always',
    ...defined({ url: config.redis?.url, only }),
  });
  const { url, durable, notice, stop } = started;
  if (config.redis !== undefined) {
    const detail = `${started.detail}, from REDIS_URL, keys ${config.redis.prefix}`;
    return { settings: config.redis, detail, durable, notice, stop };
  }
  return { settings: { url, prefix: '{darkroom}' }, detail: `${started.detail} at ${url}`, durable, notice, stop };
}

/**
 * Returns the folder of the embedded bucket, which belongs to one Redis. Beside a bucket with records a worker refuses a Redis that does
 * not know of them, because it may have lost its memory. So each start whose Redis forgets gets a new folder, and each existing Redis
 * has one of its own.
 */
function storesDir({ config, folder, now }: StoresOptions, durable: boolean): string {
  if (!durable) return path.join(folder.dir, 'forgotten', new Date(now()).toISOString().replaceAll(':', '-'));
  if (config.redis === undefined) return path.join(folder.dir, 'kept');
  const { url, prefix } = config.redis;
  return path.join(folder.dir, `kept-${createHash('sha256').update(`${url} ${prefix}`).digest('hex').slice(0, 12)}`);
}
