import { randomUUID } from 'node:crypto';
import { mintCapability, type Timing } from '@darkroom/contracts';
import type { GenerationStore } from '@darkroom/generation-store';
import type { ObjectStorage } from '@darkroom/object-storage';
import type { Access, Purchase } from '@darkroom/purchase';
import { buildWaits, type Settlements, type Submissions } from '@darkroom/queues';
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
  /** False when the provider cannot reach S3. */
  askForUpload: boolean;
  /** Redis time, in milliseconds since 1970: it dates signatures and their ends, which other processes check. */
  now: () => number;
  /** Wall clock of this process, in milliseconds since 1970. */
  wallMs: () => number;
  logger: Logger;
}

/** Connects the packages to what the purchase protocol needs. */
export function joinPurchase(parts: PurchaseParts): Purchase {
  const { store, storage, provider, access, submissions, settlements, webhook, timing, maxSubmissions, askForUpload, now, wallMs, logger } =
    parts;
  return {
    store: askForUpload ? { ...store, settle: watchRoads((ref, settlement) => store.settle(ref, settlement), logger) } : store,
    provider,
    access,
    archive: storage,
    waits: buildWaits(submissions, settlements),
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
 * Returns a clock that starts at 0 and counts the faster of two clocks. The monotonic clock stands still while a virtual machine is
 * suspended, and an operator may set the wall clock back.
 */
function createMonotonicClock(wallMs: () => number): () => number {
  let last = { wall: wallMs(), monotonic: performance.now() };
  let elapsedMs = 0;
  return () => {
    const at = { wall: wallMs(), monotonic: performance.now() };
    // Added step by step: when the wall clock leaps ahead and is set back, the counted time stays.
    elapsedMs += Math.max(at.monotonic - last.monotonic, at.wall - last.wall);
    last = at;
    return elapsedMs;
  };
}
