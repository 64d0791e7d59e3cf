import type { EmulatorSwitches } from '../fleet/stack.ts';
import type { FaultRunSettings } from './settings.ts';

/** A situation that runs once drew by chance, stated in full, so that it can be run again whatever a seed means by then. */
export interface FaultScenario {
  does: string;
  settings: Partial<FaultRunSettings>;
}

/** Everything that the provider of that run left open, as it was drawn. */
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
};

export const scenarios: Readonly<Record<string, FaultScenario>> = {
  'forgotten-refusal': {
    does: 'a 429 uses up the id, Redis goes back to a moment before it, and the next send meets a conflict (once seed 31337)',
    settings: {
      seed: 31_337,
      generations: 300,
      kills: 3,
      redisKills: 1,
      rollbacks: 1,
      // Once it was a matter of luck whether Redis forgot one of them: one run of four. It is the one rollback that is aimed, because
      // what it takes back can be proved by nobody before the horizon, and a proof has little of that.
      rollbacksAfter429: 1,
      failovers: 0,
      switches: { ...usedUpByRefusals, submit429Rate: 0.05 },
    },
  },
  'chunked-uploads': {
    does: 'each upload is chunked, S3 refuses it, and each image comes from its address: never a proof (once seed 77123)',
    settings: { seed: 77_123, generations: 200, switches: { ...usedUpByRefusals, uploadChunkedRate: 1 } },
  },
};
