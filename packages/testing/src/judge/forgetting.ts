import { parseUsd, type NanoUsd } from '@darkroom/contracts';
import type { BillLine } from './bill.ts';

/** Consequences of sends to a provider that forgets ids. */
export interface Forgetting {
  /** Executions beyond one for each submission. Darkroom keeps one of two images of a submission, so as many images are lost. */
  executions: number;
  /** Their cost, of which no record knows. */
  nanoUsd: NanoUsd;
}

/**
 * Predicts from the bill what docs/proof.md says of a provider that forgets: one more execution for each send of an accepted
 * submission that arrives after the provider forgot its id, unless the provider refuses it for another reason.
 *
 * The provider knows a submission from its acceptance until `forgetAfterMs` later, and at least until its end.
 */
export function predictForgetting(bill: readonly BillLine[], forgetAfterMs: number): Forgetting {
  const forgotten: Forgetting = { executions: 0, nanoUsd: 0 };
  for (const lines of byTask(bill)) {
    const price = lines.map((line) => (line.kind === 'execution' ? parseUsd(line.costUsd) : 0)).find((nanoUsd) => nanoUsd > 0) ?? 0;
    let knownUntil: number | undefined;
    let hasEnded = true;
    let sentAt = 0;
    for (const line of lines) {
      const wasLookedAt = line.kind === 'acceptance' || (line.kind === 'refusal' && line.code === 'conflictTaskUUID');
      if (wasLookedAt && knownUntil !== undefined && hasEnded && sentAt >= knownUntil) {
        forgotten.executions += 1;
        forgotten.nanoUsd += price;
      }
      if (line.kind === 'submission') sentAt = line.at;
      if (line.kind === 'acceptance') [knownUntil, hasEnded] = [line.at + forgetAfterMs, false];
      if (line.kind === 'execution' || line.kind === 'failure') hasEnded = true;
    }
  }
  return forgotten;
}

function byTask(bill: readonly BillLine[]): Iterable<BillLine[]> {
  const tasks = new Map<string, BillLine[]>();
  for (const line of bill) {
    const lines = tasks.get(line.taskUUID) ?? [];
    tasks.set(line.taskUUID, lines);
    lines.push(line);
  }
  return tasks.values();
}
