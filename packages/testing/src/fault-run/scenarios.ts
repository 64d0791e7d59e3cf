import type { EmulatorSwitches } from '../fleet/stack.ts';
import type { FaultRunSettings } from './settings.ts';

/** A situation that earlier runs drew by chance, written out in full, so that it stays reproducible when the draws change. */
export interface FaultScenario {
  does: string;
  settings: Partial<FaultRunSettings>;
}

/** Everything that the provider left open in that run, as drawn. */
const usedUpByRefusals: EmulatorSwitches = {
  rejectionConsumesId: true,
  pollUnknown: 'not-found',
  detailsResponse: 'last-response',
  pollErrorShape: 'errors',
  pollRunningWord: 'processing',
  webhookBody: 'flat',
  webhookExtraFields: false,
  cost: 'quoted',
  referenceImageCharge: 'per-request',
  failedTasksCharged: false,
  failedTasksTellCost: false,
  uploadChunkedRate: 0,
  uploadContentType: 'application/octet-stream',
  unknownParameters: 'ignore',
  replay: 'conflict-for-good',
  pollHidesRunning: false,
  detailsHideRunning: false,
  detailsRefusalHidesTask: false,
  pollLagMs: [0, 0],
  imageUrlLateAnswer: 'html',
  brokenBody: 'truncated',
};

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** Redis goes back, and is killed before and after; the provider is drawn. */
const goingBack = {
  kills: 10,
  redisKills: 1,
  rollbacks: 1,
  rollbacksAfter429: 0,
  failovers: 0,
  slowCallers: { share: 1 / 3, withinMs: HOUR },
  // With its usual period the reconciler would restore what a comparison missed.
  reconcileEveryMs: 24 * HOUR,
  // After a restart of Redis the rules call a used-up id unproven: too many for a proof.
  switches: { rejectionConsumesId: false },
} satisfies Partial<FaultRunSettings>;

export const scenarios: Readonly<Record<string, FaultScenario>> = {
  'forgotten-refusal': {
    does: 'a 429 uses up the id, Redis goes back to a moment before it, and the next send meets a conflict (once seed 31337)',
    settings: {
      seed: 31_337,
      generations: 600,
      kills: 3,
      redisKills: 1,
      // The one rollback is aimed at a 429: with chance alone only one run of four made Redis forget one. A second rollback without an aim
      // would undo seconds in which refusals used up several ids, and leave too many unproven images for a proof.
      rollbacks: 0,
      rollbacksAfter429: 1,
      failovers: 0,
      // A low rate: an id that is refused twice, or whose next answer is lost, is unproven even without a rollback.
      switches: { ...usedUpByRefusals, submit429Rate: 0.01 },
    },
  },
  'back-5-seconds': {
    does: 'Redis goes back by 5 seconds, five times, and one caller in three enqueues under an id of the last hour',
    settings: { ...goingBack, seed: 5, generations: 400, rollbacks: 5, rollback: { lostMs: 5 * SECOND } },
  },
  'back-10-minutes': {
    does: 'Redis goes back by 10 minutes, which it takes; one caller in three enqueues under an id of the last hour',
    // Orders arrive during the whole time.
    settings: { ...goingBack, seed: 10, generations: 800, ordersPerSecond: 1.2, rollback: { lostMs: 10 * MINUTE } },
  },
  'back-30-hours': {
    does: 'Redis goes back by 30 hours, the last minute of them at work; one caller in three enqueues under an id of the last day',
    settings: {
      ...goingBack,
      seed: 30,
      generations: 500,
      ordersPerSecond: 5,
      rollback: { lostMs: MINUTE, idleMs: 30 * HOUR - MINUTE },
      slowCallers: { share: 1 / 3, withinMs: 23 * HOUR },
    },
  },
  'damaged-records': {
    does: 'damaged, foreign and unknown objects and entries lie in S3 and Redis from the start, and each pass meets them',
    // As in a run that goes back, too many would be unproven where refusals use up ids.
    settings: {
      seed: 44,
      generations: 400,
      rollbacks: 1,
      redisKills: 1,
      failovers: 0,
      damaged: true,
      switches: { rejectionConsumesId: false },
    },
  },
  'chunked-uploads': {
    does: 'each upload is chunked, S3 refuses it, and each image comes from its address: never a proof (once seed 77123)',
    settings: { seed: 77_123, generations: 200, switches: { ...usedUpByRefusals, uploadChunkedRate: 1 } },
  },
};
