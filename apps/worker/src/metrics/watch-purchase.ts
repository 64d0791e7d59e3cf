import { generationIdTime, type SubmissionResult } from '@darkroom/contracts';
import type { SubmissionView } from '@darkroom/generation-store';
import type { Purchase } from '@darkroom/purchase';
import type { WorkerMetrics } from './worker-metrics.ts';

/**
 * Wraps a purchase so that the metrics see its replies, which pass unchanged. One wrapper serves one run: it keeps the entry that
 * the settlement read at its start until the provider answers.
 */
export function watchPurchase(purchase: Purchase, metrics: WorkerMetrics): Purchase {
  const { store, provider } = purchase;
  let view: SubmissionView | undefined;

  const noteFinished = (kind: string): void => {
    // A later run finds the facts in the entry and does not ask, so this is observed once.
    if (kind !== 'succeeded' || view?.firstSentAt === undefined || view.facts !== undefined) return;
    metrics.provider.observe({}, (view.now - view.firstSentAt) / 1000);
  };

  return {
    ...purchase,
    store: {
      ...store,
      async beginSettlement(ref) {
        view = await store.beginSettlement(ref);
        return view;
      },
      async recordVerdict(ref, send, verdict, code) {
        const meaning = await store.recordVerdict(ref, send, verdict, code);
        metrics.verdicts.add({ verdict, meaning });
        return meaning;
      },
      async settle(ref, settlement) {
        const reply = await store.settle(ref, settlement);
        const { status, road, settledAt, factsFrom } = settlement.result;
        // "already", and "resubmit" repeated after a run died, end nothing: the first reply was counted.
        if (reply.kind === 'settled' || reply.kind === 'resubmit') {
          const compared = comparePrice(settlement.result);
          if (compared !== undefined) metrics.prices.add({ compared });
          if (factsFrom === 'delivery' && view?.told !== undefined && view.firstSentAt !== undefined)
            metrics.provider.observe({}, Math.max(0, view.told.at - view.firstSentAt) / 1000);
          metrics.ended.add({ status, road: road ?? 'none' });
          metrics.image.observe({ status }, Math.max(0, settledAt - Math.max(generationIdTime(ref.generationId), view?.runAt ?? 0)) / 1000);
        }
        return reply;
      },
    },
    provider: {
      ...provider,
      async submit(order, signal) {
        const startedAt = performance.now();
        const verdict = await provider.submit(order, signal);
        metrics.submitRequest.observe({ verdict: verdict.kind }, (performance.now() - startedAt) / 1000);
        return verdict;
      },
      async lookUp(taskUUID, signal) {
        const state = await provider.lookUp(taskUUID, signal);
        noteFinished(state.kind);
        return state;
      },
      async lookUpDetails(taskUUID, signal) {
        const state = await provider.lookUpDetails(taskUUID, signal);
        noteFinished(state.kind);
        return state;
      },
    },
  };
}

/** Compares the reported cost with the listed one: the hold for an image, nothing for a failure. Returns undefined if both are nothing. */
function comparePrice({ status, costSource, costNanoUsd = 0, reservation }: SubmissionResult): string | undefined {
  const expected = status === 'succeeded' || status === 'lost' ? reservation.amountNanoUsd : 0;
  if (costSource !== 'reported') return expected === 0 ? undefined : 'unreported';
  if (costNanoUsd === expected) return expected === 0 ? undefined : 'as-listed';
  return costNanoUsd > expected ? 'dearer' : 'cheaper';
}
