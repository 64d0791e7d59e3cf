import { createGenerationId, formatRef, mintCapability, taskUuidOf, type CapabilityKeys, type SubmissionRef } from '@darkroom/contracts';
import { createLogger, type LogLevel } from '@darkroom/service-runtime';
import { onTestFinished } from 'vitest';
import { createWebhookReceiver, type DeliveryReceipt, type ReceiverDependencies, type Stores } from '../src/app.ts';

export const keys: CapabilityKeys = [
  { id: 'new', secret: 'n'.repeat(40) },
  { id: 'old', secret: 'o'.repeat(40) },
];
export const now = Date.UTC(2026, 10, 22);
const HOUR_MS = 3_600_000;

/** Creates stores in memory that fail on demand. */
export function createMemoryStores() {
  const kept: { ref: SubmissionRef; body: string }[] = [];
  const woken: SubmissionRef[] = [];
  const state: {
    receipt: (Omit<DeliveryReceipt, 'seq' | 'isAsked'> & { isAsked?: boolean }) | undefined;
    keep: () => Promise<void>;
    wake: () => Promise<void>;
    isReady: boolean;
  } = {
    receipt: undefined,
    keep: async () => undefined,
    wake: async () => undefined,
    isReady: true,
  };
  const stores: Stores = {
    inbox: {
      async recordDelivery(ref, { body }) {
        await state.keep();
        const isKnown = kept.some((delivery) => formatRef(delivery.ref) === formatRef(ref) && delivery.body === body);
        if (!isKnown) kept.push({ ref, body });
        return { isAsked: false, ...(state.receipt ?? { kind: isKnown ? 'duplicate' : 'recorded', status: 'accepted' }), seq: kept.length };
      },
    },
    settlements: {
      async wake(ref) {
        await state.wake();
        woken.push(ref);
        return 'woken';
      },
    },
    ready: [
      {
        name: 'memory',
        check: async () => {
          if (!state.isReady) throw new Error('away');
        },
      },
    ],
    open: async () => undefined,
    close: async () => undefined,
  };
  return { stores, kept, woken, state };
}

export interface Answer {
  status: number;
  body: string;
}

/** Starts a receiver on a free port; the end of the test stops it. */
export async function startReceiver(stores: Stores, overrides: Partial<ReceiverDependencies> = {}) {
  let log = '';
  const logger = createLogger({ name: 'test', level: 'debug' satisfies LogLevel }, { write: (line) => (log += line) });
  const receiver = createWebhookReceiver(
    {
      redis: { url: 'redis://127.0.0.1:1', prefix: '{unused}' },
      keys,
      log: { level: 'debug', logPrompts: false },
      tracing: { endpoint: undefined },
      listen: { host: '127.0.0.1', port: 0 },
    },
    { stores, logger, now: () => now, ...overrides },
  );
  onTestFinished(() => receiver.stop());
  await receiver.start();
  return {
    receiver,
    log: () => log,
    async post(pathAndQuery: string, body: string | Uint8Array<ArrayBuffer> = '', init: RequestInit = {}): Promise<Answer> {
      const response = await fetch(receiver.url() + pathAndQuery, { method: 'POST', body, ...init });
      return { status: response.status, body: await response.text() };
    },
  };
}

/** Builds a submission with its capability, its path and its success item. */
export function buildSubmission(index = 0) {
  const ref: SubmissionRef = { generationId: createGenerationId(now), index, n: 1 };
  const capability = mintCapability(keys, ref, now + HOUR_MS);
  const taskUUID = taskUuidOf(ref);
  const item = { taskType: 'imageInference', taskUUID };
  const success = {
    ...item,
    status: 'success',
    imageUUID: 'c62f6951-f37f-4019-a51c-0ed55c202732',
    imageURL: 'https://im.runware.ai/1.jpg',
    seed: 1,
    cost: 0.02,
  };
  return { ref, capability, path: pathOf(capability), taskUUID, item, success };
}

export const pathOf = (capability: string): string => `/webhooks/runware?capability=${encodeURIComponent(capability)}`;
