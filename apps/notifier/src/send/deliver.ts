import { createHash } from 'node:crypto';
import {
  hasCode,
  isReceiving,
  parseNotificationId,
  REQUESTS_ENDPOINT,
  signingVersions,
  signNotification,
  TEST_NOTIFICATION,
  webhookSecretsOf,
  type NotificationKeys,
  type NotificationName,
  type NotificationPayload,
  type RequestWebhook,
} from '@darkroom/contracts';
import { passByCorrupt, type NotificationNote, type NotificationStore } from '@darkroom/generation-store';
import type { NotificationJob } from '@darkroom/queues';
import type { Logger } from '@darkroom/service-runtime';
import { disableEndpoint } from '../disable-endpoint.ts';
import type { NotifierMetrics } from '../notifier-metrics.ts';
import type { TellUnreadable } from '../tell-unreadable.ts';
import { buildPayload, buildTestPayload } from './build-payload.ts';
import type { Gates } from './gates.ts';
import { LONGEST_REST_MS, postNotification, type PostResult, type PostRules } from './post-notification.ts';
import { waitBeforeNext } from './schedule.ts';

/** Outcome of a job. */
export type Outcome =
  | { kind: 'ended' }
  /** Back for another attempt. @property attempt Attempts made by then. */
  | { kind: 'again'; delayMs: number; attempt: number };

export interface DeliverParts {
  store: NotificationStore;
  keys: NotificationKeys;
  gates: Gates;
  rules: Omit<PostRules, 'now'>;
  delaysMs: readonly number[];
  disableAfterMs: number;
  random: () => number;
  hurry: AbortSignal;
  logger: Logger;
  metrics: NotifierMetrics;
  tellUnreadable: TellUnreadable;
}

/**
 * An endpoint that is not in Redis yet, or not any more, or unreadable, is looked for again: Redis may be in the middle of a comparison. First
 * soon, because S3 has a new endpoint within a second or two, then after as long as it was looked for.
 */
const LOOK_AGAIN_MS = { soonest: 500, latest: 30_000 };
const LOOKED_FOR_MS = 86_400_000;
/** Answers of an endpoint that is overloaded, or whose proxy cannot reach it. */
const slowStatuses = new Set([429, 502, 503, 504]);
/** An endpoint that gets little is not judged by a single notification. */
const LEAST_FAILURES = 5;

/**
 * Makes one attempt at a notification, and records it before the job ends or goes back. A death after the receiver answered and before that
 * repeats the attempt, under the same `webhook-id`.
 */
export async function deliver(parts: DeliverParts, job: NotificationJob): Promise<Outcome> {
  const { store, gates, logger } = parts;
  const name = parseNotificationId(job.id);
  if (name === undefined) return { kind: 'ended' };
  const webhook = name.endpointId === REQUESTS_ENDPOINT ? await store.findRequestWebhook(name.generationId) : undefined;
  // First of all: a long line of jobs that find no place costs Redis little.
  const entered = gates.enter(webhook === undefined ? name.endpointId : `${job.tenant} ${originOf(webhook)}`, job.tenant);
  if ('againInMs' in entered) return { kind: 'again', delayMs: entered.againInMs, attempt: job.attempt };
  let isGood: boolean | undefined;
  try {
    const target = await findTarget(parts, name, job, webhook);
    if ('outcome' in target) return target.outcome;
    const payload = await findPayload(store, name, job);
    if (payload === undefined) return await end(parts, job, 'dropped', 'generation-gone');
    const body = JSON.stringify(payload);
    const { now } = target;
    const secrets = webhookSecretsOf(parts.keys, { tenant: job.tenant, endpointId: name.endpointId, versions: target.versions });
    const headers = signNotification(secrets, { id: name.eventId, timestamp: Math.floor(now / 1000), body });
    const beganAt = performance.now();
    const result = await postNotification(target.url, body, headers, { ...parts.rules, now }, parts.hurry);
    // The process stops: the attempt is made again, and does not count.
    if (result.fault === 'cut-off') return { kind: 'again', delayMs: 0, attempt: job.attempt };
    const ms = Math.round(performance.now() - beganAt);
    isGood = result.status > 0 && !slowStatuses.has(result.status);
    logger.debug({ event: 'notification.attempted', id: job.id, status: result.status, ms, fault: result.fault }, 'attempted');
    return await conclude(parts, { ...name, url: target.url }, job, result, ms);
  } finally {
    entered.pass.leave(isGood);
  }
}

/** Builds the body of a notification; undefined if its generation was erased, or has left Redis. */
async function findPayload(
  store: Pick<NotificationStore, 'findNotified'>,
  name: NotificationName,
  { at, tenant }: NotificationJob,
): Promise<NotificationPayload | undefined> {
  if (name.type === TEST_NOTIFICATION) return buildTestPayload(name, at, tenant);
  const generation = await store.findNotified(name.generationId).catch((error: unknown) => {
    if (hasCode(error, 'generation.erased')) return undefined;
    throw error;
  });
  return generation && buildPayload(name, at, generation);
}

interface Target {
  url: string;
  /** Versions of the secret that sign. */
  versions: number[];
  /** Redis time. */
  now: number;
}

/** Finds the receiver of a notification, or why it gets nothing now. */
async function findTarget(
  parts: DeliverParts,
  { endpointId }: NotificationName,
  job: NotificationJob,
  webhook: RequestWebhook | undefined,
): Promise<Target | { outcome: Outcome }> {
  const { store } = parts;
  const lookAgain = (delayMs: number) => ({ outcome: { kind: 'again' as const, delayMs, attempt: job.attempt } });
  if (endpointId === REQUESTS_ENDPOINT)
    return webhook === undefined
      ? { outcome: await end(parts, job, 'dropped', 'request-gone') }
      : { url: webhook.url, versions: [1], now: await store.readTime() };
  const [found, restUntil, now] = await Promise.all([
    store.findEndpointInForce(endpointId).catch((error: unknown) => {
      passByCorrupt(error);
      parts.tellUnreadable(endpointId, error);
      return 'unreadable' as const;
    }),
    store.readRest(endpointId),
    store.readTime(),
  ]);
  const endpoint = found === 'unreadable' ? undefined : found;
  if (endpoint === undefined && now - job.at < LOOKED_FOR_MS)
    return lookAgain(Math.min(Math.max(now - job.at, LOOK_AGAIN_MS.soonest), LOOK_AGAIN_MS.latest));
  // Not dropped: `resendFailed` sends it once the endpoint can be read again.
  if (found === 'unreadable') return { outcome: await end(parts, job, 'failed', 'endpoint-unreadable') };
  if (endpoint === undefined || endpoint.status === 'deleted') return { outcome: await end(parts, job, 'dropped', 'endpoint-deleted') };
  if (!isReceiving(endpoint)) return { outcome: await end(parts, job, 'failed', 'endpoint-disabled') };
  if (restUntil > now) return lookAgain(Math.min(restUntil - now, LONGEST_REST_MS));
  return { url: endpoint.url, versions: signingVersions(endpoint, now), now };
}

/** Names the server of a receiver in memory alone. */
const originOf = ({ url }: RequestWebhook): string => createHash('sha256').update(new URL(url).origin).digest('hex').slice(0, 16);

/** Records what came of an attempt, and decides about the next one. */
async function conclude(
  parts: DeliverParts,
  { endpointId, type, url }: NotificationName & { url: string },
  job: NotificationJob,
  { status, fault, retryAfterMs }: PostResult,
  ms: number,
): Promise<Outcome> {
  const { store, metrics, random, delaysMs, disableAfterMs } = parts;
  metrics.attempts.add({ result: resultOf(status, fault) });
  const attempt = { status, ms, fault: fault ?? '-' };
  const note = { id: job.id, tenant: job.tenant, eventAt: job.at, attempt } satisfies Partial<NotificationNote>;
  if (fault === undefined) {
    await store.noteNotification({ ...note, state: 'delivered', isGood: true });
    metrics.ended.add({ state: 'delivered' });
    return { kind: 'ended' };
  }
  const waitMs = status === 410 || type === TEST_NOTIFICATION ? undefined : waitBeforeNext(delaysMs, job.attempt + 1, random);
  // The receiver of a request that is gone takes no place in the health of any endpoint.
  const rest = slowStatuses.has(status) && retryAfterMs !== undefined ? { restMs: retryAfterMs } : {};
  const health = await store.noteNotification({ ...note, state: waitMs === undefined ? 'failed' : 'pending', isGood: false, ...rest });
  if (endpointId !== REQUESTS_ENDPOINT) {
    const failsFor = health.failingSince === undefined ? 0 : health.now - health.failingSince;
    if (status === 410) await disable(parts, { id: endpointId, url }, job.tenant, 'gone', health.now);
    else if (failsFor >= disableAfterMs && health.failures >= LEAST_FAILURES)
      await disable(parts, { id: endpointId, url }, job.tenant, 'failing', health.now);
  }
  if (waitMs !== undefined) return { kind: 'again', delayMs: Math.max(waitMs, rest.restMs ?? 0), attempt: job.attempt + 1 };
  metrics.ended.add({ state: 'failed' });
  return { kind: 'ended' };
}

async function disable(
  parts: DeliverParts,
  endpoint: { id: string; url: string },
  tenant: string,
  reason: 'gone' | 'failing',
  now: number,
): Promise<void> {
  if (!(await disableEndpoint(parts.store, endpoint, reason, now))) return;
  parts.metrics.disabled.add({ reason });
  parts.logger.warn(
    { event: 'webhook-endpoint.disabled', endpointId: endpoint.id, tenant, reason },
    reason === 'gone' ? 'an endpoint answered 410 and gets nothing any more' : 'an endpoint failed for days and gets nothing any more',
  );
}

/** Ends a notification of which nothing is sent. */
async function end({ store, metrics }: DeliverParts, job: NotificationJob, state: 'dropped' | 'failed', fault: string): Promise<Outcome> {
  await store.noteNotification({ id: job.id, tenant: job.tenant, eventAt: job.at, state, attempt: { status: 0, ms: 0, fault } });
  metrics.ended.add({ state });
  return { kind: 'ended' };
}

/** Returns the label of an attempt: "2xx" to "5xx", or "none" without an answer. */
const resultOf = (status: number, fault: string | undefined): string =>
  status === 0 ? (fault === 'timeout' || fault === 'address-refused' ? fault : 'none') : `${Math.floor(status / 100)}xx`;
