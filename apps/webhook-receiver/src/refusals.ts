import type { CapabilityVerdict } from '@darkroom/contracts';
import type { Logger } from '@darkroom/service-runtime';
import type { Counts } from './counts.ts';

type RefusalReason = Extract<CapabilityVerdict, { kind: 'refused' }>['reason'];

/** A client that guesses capabilities must not be able to fill a disk with log lines. */
const LINE_EVERY_MS = 10_000;

/** Counts refused requests by reason, and logs at most one line a reason every ten seconds, with the number since the last one. */
export function createRefusals({ counts, logger, now }: { counts: Counts; logger: Logger; now: () => number }) {
  const silent = new Map<RefusalReason, { since: number; refused: number }>();
  return {
    /** Counts a refusal. Does not take the capability, which could be logged by mistake. */
    note(reason: RefusalReason): void {
      counts.add(`refused.${reason}`);
      const at = now();
      const last = silent.get(reason);
      if (last !== undefined && at - last.since < LINE_EVERY_MS) {
        last.refused += 1;
        return;
      }
      logger.warn({ code: 'delivery.unauthenticated', reason, refused: (last?.refused ?? 0) + 1 }, 'delivery refused');
      silent.set(reason, { since: at, refused: 0 });
    },
  };
}
