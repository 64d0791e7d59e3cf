import { randomUUID } from 'node:crypto';
import { mintCapability, type Timing } from '@darkroom/contracts';
import type { GenerationStore } from '@darkroom/generation-store';
import type { ObjectStorage } from '@darkroom/object-storage';
import type { Access, Purchase } from '@darkroom/purchase';
import type { Settlements, Submissions } from '@darkroom/queues';
import type { RunwareClient } from '@darkroom/runware-client';
import type { Logger, WebhookSettings } from '@darkroom/service-runtime';
import { thinStops } from './thin-stops.ts';
import { watchRoads } from './watch-roads.ts';

export interface PurchaseParts {
  store: GenerationStore;
  storage: ObjectStorage;
  provider: RunwareClient;
  access: Access;
  submissions: Submissions;
  settlements: Settlements;
  webhook: WebhookSettings | undefined;
  timing: Timing;
  maxSubmissions: number;
  /** False when S3 cannot be reached by the provider. */
  askForUpload: boolean;
  /** Redis time, in milliseconds since 1970: others check what is signed and when it ends. */
  now: () => number;
  /** Clock of this process. */
  wallMs: () => number;
  logger: Logger;
}

/** Joins the packages to the ports of a purchase. */
export function joinPurchase(parts: PurchaseParts): Purchase {
  const { store, storage, provider, access, submissions, settlements, webhook, timing, maxSubmissions, askForUpload, now, wallMs, logger } =
    parts;
  return {
    store: askForUpload ? { ...store, settle: watchRoads((ref, settlement) => store.settle(ref, settlement), logger) } : store,
    provider,
    access,
    archive: storage,
    waits: {
      park: (ref, delayMs, check) => settlements.park(ref, delayMs, check),
      addSubmission: (ref, delayMs) => submissions.add([ref], delayMs),
      reviveSubmission: (ref, options) => submissions.revive(ref, options),
    },
    around: {
      monotonicMs: createMonotonicClock(wallMs),
      random: Math.random,
      createToken: randomUUID,
      webhookUrl: (ref) =>
        webhook && `${webhook.baseUrl}/webhooks/runware?capability=${mintCapability(webhook.keys, ref, now() + timing.capabilityTtlMs)}`,
      warn: (event, ref, details) => logger.warn({ event, ...ref, ...details }, event),
      log: thinStops(
        (event, ref, details) => logger.info({ event, ...ref, ...details }, event),
        () => performance.now(),
      ),
    },
    settings: { timing, maxSubmissions, askForUpload },
  };
}

/**
 * Time since the start that never runs slower than either clock: the monotonic one stands still while a virtual machine is
 * suspended, the wall clock may be set back.
 */
function createMonotonicClock(wallMs: () => number): () => number {
  let last = { wall: wallMs(), monotonic: performance.now() };
  let elapsedMs = 0;
  return () => {
    const at = { wall: wallMs(), monotonic: performance.now() };
    // Step by step: a wall clock that leapt ahead and is set back must not take the time back that went by.
    elapsedMs += Math.max(at.monotonic - last.monotonic, at.wall - last.wall);
    last = at;
    return elapsedMs;
  };
}
