import {
  createEndpointId,
  createGenerationId,
  defaultNotificationTypes,
  MAX_ENDPOINTS,
  parseGrokImagineRequest,
  type RequestWebhook,
  type Resolve,
  type WebhookEndpoint,
} from '@darkroom/contracts';
import { buildGenerationStore, buildNotificationStore, connectPatient, defaultRetention } from '@darkroom/generation-store';
import { createLogger } from '@darkroom/service-runtime';
import { eventually, uniquePrefix } from '@darkroom/testing';
import type { Redis } from 'ioredis';
import { inject, onTestFinished } from 'vitest';
import { createNotifier } from '../src/app.ts';

export const KEY = { id: 'k1', secret: 'a master key of the notifier, long enough' };
export const PROMPT = 'a very secret lighthouse';

/** Starts a store beside the Redis of this run. The end of the test stops everything. */
export async function setup() {
  const prefix = uniquePrefix();
  const url = inject('redisUrl');
  const redis: Redis = connectPatient(url);
  const store = buildGenerationStore({ prefix, retention: defaultRetention, pollRate: { perSecond: 1, burst: 1 } }, redis);
  const notifications = buildNotificationStore({ prefix }, redis);
  onTestFinished(() => redis.disconnect());
  await store.setCaps({ allPerDay: 1_000_000_000_000 });
  await store.initialise('epoch', 'owner');

  /** Takes changes of endpoints as a worker does once S3 has them. */
  async function record(): Promise<void> {
    for (const { entry, record: change } of await store.readUnrecordedEndpoints()) await store.applyEndpoint(change, entry);
  }

  async function addEndpoint(address: string, given: Partial<WebhookEndpoint> = {}): Promise<string> {
    const id = createEndpointId();
    const value: WebhookEndpoint = {
      tenant: 'acme',
      url: address,
      types: [...defaultNotificationTypes],
      status: 'enabled',
      secretVersion: 1,
      createdAt: await notifications.readTime(),
      ...given,
    };
    await notifications.changeEndpoint({ id, known: 0, value, most: MAX_ENDPOINTS });
    await record();
    return id;
  }

  async function changeEndpoint(id: string, change: Partial<WebhookEndpoint>): Promise<void> {
    const found = await notifications.findEndpoint(id);
    if (found === undefined) throw new Error('no endpoint');
    const { id: _id, revision: known, isRecorded: _isRecorded, ...value } = found;
    await notifications.changeEndpoint({ id, known, value: { ...value, ...change }, most: MAX_ENDPOINTS });
    await record();
  }

  /** Enqueues a generation and ends it without a purchase. */
  async function end(given: { tenant?: string; webhook?: RequestWebhook } = {}): Promise<string> {
    const generationId = createGenerationId(Date.now());
    const request = parseGrokImagineRequest({ positivePrompt: PROMPT });
    await store.enqueue({ generationId, tenant: 'acme', request, imageNanoUsd: 20_000_000, tags: ['blue'], ...given });
    await store.cancel(generationId);
    return generationId;
  }

  return {
    prefix,
    redis,
    store,
    notifications,
    record,
    addEndpoint,
    changeEndpoint,
    end,
    /** Waits until a notification has a state. */
    untilState: (id: string, state: string) =>
      eventually(
        async () => {
          const found = await notifications.findNotification(id);
          if (found?.state !== state) throw new Error(`it is ${JSON.stringify(found)}`);
          return found;
        },
        { withinMs: 10_000 },
      ),
    async startNotifier(settings: Partial<Parameters<typeof createNotifier>[0]['notifier']> = {}, resolve?: Resolve) {
      const lines: string[] = [];
      const notifier = createNotifier(
        {
          redis: { url, prefix },
          keys: [KEY],
          notifier: { allowLoopback: true, concurrency: 50, delaysMs: [20, 40, 60], disableAfterMs: 600_000, timeoutMs: 1000, ...settings },
          log: { level: 'debug', logPrompts: false },
          listen: { host: '127.0.0.1', port: 0 },
        },
        {
          logger: createLogger({ name: 'test', level: 'debug' }, { write: (line) => void lines.push(line) }),
          ...(resolve !== undefined && { resolve }),
        },
      );
      onTestFinished(() => notifier.stop(AbortSignal.timeout(200)));
      await notifier.start();
      const ask = async (path: string) => {
        const response = await fetch(notifier.url() + path, { headers: { connection: 'close' } });
        return { status: response.status, body: await response.text() };
      };
      return { notifier, ask, lines };
    },
  };
}
