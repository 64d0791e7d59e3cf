import { canReadUrl } from '@darkroom/contracts';
import { defaultImageHosts } from '@darkroom/runware-client';
import {
  darkroomSettings,
  isLoopbackUrl,
  timingSettings,
  listenSettings,
  logSettings,
  oneOf,
  readSettings,
  reconcileSettings,
  redisSettings,
  runwareSettings,
  s3Requests,
  s3Settings,
  safeLabel,
  spendSettings,
  text,
  tracingSettings,
  webhookSettings,
  wholeNumber,
  type Environment,
} from '@darkroom/service-runtime';
import { z } from 'zod';

/** The largest image that a worker reads: twice the size of 1408 x 1408 pixels at four bytes each. */
export const MAX_IMAGE_BYTES = 16 * 1024 * 1024;

/**
 * Time that a stop waits for runs under way, in milliseconds. Runware answers a POST within a second or two; a slower POST counts as
 * a send with an unknown outcome, and a later run asks Runware about it. Orchestrators must wait longer than this
 * (docker-compose.yml, infra/kubernetes/base/worker.yaml).
 */
export const DRAIN_MS = 10_000;

const hostNames = 'host names, separated by commas';
/** Compared with the host of a URL: an entry with "https://", a path or a space would match none, and every image would be lost. */
const imageHosts = text(hostNames)
  .transform((hosts) => hosts.split(',').map((host) => host.trim()))
  .refine((hosts) => hosts.every(isHost), { error: `must be ${hostNames}` });

/** Time series that name a tenant; more would burden Prometheus more than they tell. */
const MOST_METRICS_TENANTS = 50;
const metricsTenantsRule = `at most ${MOST_METRICS_TENANTS} names of tenants, separated by commas, of letters, digits, - _ and . alone, up to 40 characters each`;
const metricsTenants = text(metricsTenantsRule)
  .transform((names) => [...new Set(names.split(',').map((name) => name.trim()))])
  .refine((names) => names.length <= MOST_METRICS_TENANTS && names.every((name) => name !== 'other' && safeLabel(name) === name), {
    error: `must be ${metricsTenantsRule}`,
  });

function isHost(host: string): boolean {
  return canReadUrl(`https://${host}`) && new URL(`https://${host}`).host === host.toLowerCase();
}

const workerSettings = z
  .object({
    WORKER_SUBMIT_CONCURRENCY: wholeNumber(1, 200).default(4),
    WORKER_SETTLE_CONCURRENCY: wholeNumber(1, 200).default(16),
    WORKER_POLLS_PER_SECOND: wholeNumber(1, 10_000).default(50),
    WORKER_S3_REQUESTS: s3Requests,
    RUNWARE_UPLOADS: oneOf(['s3', 'none']).default('s3'),
    RUNWARE_IMAGE_HOSTS: imageHosts.optional(),
    METRICS_TENANTS: metricsTenants.optional(),
  })
  .transform((env) => ({
    submitConcurrency: env.WORKER_SUBMIT_CONCURRENCY,
    settleConcurrency: env.WORKER_SETTLE_CONCURRENCY,
    pollsPerSecond: env.WORKER_POLLS_PER_SECOND,
    s3Requests: env.WORKER_S3_REQUESTS,
    askForUpload: env.RUNWARE_UPLOADS === 's3',
    imageHosts: env.RUNWARE_IMAGE_HOSTS,
    metricsTenants: env.METRICS_TENANTS ?? [],
  }));

/** The schemas of a worker's settings, in groups. */
export const workerSchemas = {
  redis: redisSettings,
  darkroom: darkroomSettings,
  s3: s3Settings,
  runware: runwareSettings,
  webhook: webhookSettings,
  spend: spendSettings,
  timing: timingSettings,
  tracing: tracingSettings,
  log: logSettings,
  listen: listenSettings(3001),
  worker: workerSettings,
  reconcile: reconcileSettings,
};

/** Reads the settings of a worker. @throws ConfigError with every problem at once. */
export const loadWorkerConfig = (env: Environment) => readSettings(workerSchemas, env);
export type WorkerConfig = ReturnType<typeof loadWorkerConfig>;

/** Returns the secrets among the settings, which no log may hold. */
export const secretsOf = ({ runware, s3, webhook }: WorkerConfig): string[] =>
  [
    runware.apiKey,
    'credentials' in s3 ? s3.credentials?.secretAccessKey : undefined,
    ...(webhook?.keys ?? []).map(({ secret }) => secret),
  ].filter((secret) => secret !== undefined);

/** Returns the hosts that images may come from. An emulator on this machine serves its images itself. */
export function imageHostsOf({ runware, worker }: WorkerConfig): string[] {
  return [...(worker.imageHosts ?? defaultImageHosts), ...(isLoopbackUrl(runware.url) ? [new URL(runware.url).host] : [])];
}
