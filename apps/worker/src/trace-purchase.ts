import { formatUsd, generationIdTime, taskUuidOf, type SubmissionRef } from '@darkroom/contracts';
import type { SubmissionView } from '@darkroom/generation-store';
import type { Purchase } from '@darkroom/purchase';
import type { ImageSpan, Tracing } from '@darkroom/service-runtime';

type Attributes = ImageSpan['attributes'];

/** Returns the time since which an image waits: its id tells when it was enqueued. */
const dueSince = ({ generationId }: SubmissionRef, runAt = 0): number => Math.max(generationIdTime(generationId), runAt);

/**
 * Wraps the purchase of one run so that its steps become spans, which pass unchanged. The worker that ends a submission writes the span of its
 * whole life: whichever processes took part, and however often they died, there is one.
 */
export function tracePurchase(purchase: Purchase, ref: SubmissionRef, tracing: Tracing, now: () => number): Purchase {
  const { store, provider, archive } = purchase;
  const taskUUID = taskUuidOf(ref);
  const startedAt = now();
  let traceparent: string | undefined;
  let view: SubmissionView | undefined;
  const named = { 'darkroom.generation_id': ref.generationId, 'darkroom.image_index': ref.index, 'darkroom.submission': ref.n };
  const write = (name: ImageSpan['name'], from: number, attributes: Attributes, isError = false): void =>
    tracing.write({ name, taskUUID, startedAt: from, endedAt: now(), attributes: { ...named, ...attributes }, isError, traceparent });
  /** Does a step and writes its span; one that fails is written without an answer. */
  async function timed<Answer>(name: ImageSpan['name'], step: () => Promise<Answer>, tell: (answer: Answer) => [Attributes, boolean?]) {
    const from = now();
    try {
      const answer = await step();
      write(name, from, ...tell(answer));
      return answer;
    } catch (error) {
      write(name, from, {}, true);
      throw error;
    }
  }

  return {
    ...purchase,
    store: {
      ...store,
      async commit(...given) {
        const commitment = await store.commit(...given);
        if (commitment.kind !== 'go') return commitment;
        ({ traceparent } = commitment);
        const { tenant, runAt } = commitment.intent;
        // a later submission waited for the end of the one before, and a repeated send for an answer
        if (ref.n === 1 && commitment.send === 1) write('wait', dueSince(ref, runAt), { 'darkroom.tenant': tenant });
        return commitment;
      },
      async beginSettlement(of) {
        view = await store.beginSettlement(of);
        traceparent = view?.traceparent ?? traceparent;
        return view;
      },
      async settle(of, settlement) {
        const reply = await store.settle(of, settlement);
        if (reply.kind !== 'settled' && reply.kind !== 'resubmit') return reply;
        const { status, road, costNanoUsd } = settlement.result;
        const end = {
          'darkroom.status': status,
          'darkroom.road': road,
          'darkroom.cost_usd': costNanoUsd === undefined ? undefined : formatUsd(costNanoUsd),
          'darkroom.code': settlement.code === '' ? undefined : settlement.code,
        };
        const isError = status !== 'succeeded';
        write('settle', startedAt, end, isError);
        // A later submission of an image begins with its own send.
        const from = ref.n === 1 ? dueSince(ref, view?.runAt) : (view?.firstSentAt ?? startedAt);
        write('image', from, { ...end, 'darkroom.sends': view?.sends }, isError);
        return reply;
      },
    },
    provider: {
      ...provider,
      submit: (order, signal) =>
        timed(
          'submit',
          () => provider.submit(order, signal),
          ({ kind }) => [{ 'darkroom.verdict': kind }, kind !== 'accepted'],
        ),
      lookUp: (task, signal) =>
        timed(
          'look',
          () => provider.lookUp(task, signal),
          ({ kind }) => [{ 'darkroom.state': kind }],
        ),
      downloadImage: (imageURL, signal) =>
        timed(
          'download',
          () => provider.downloadImage(imageURL, signal),
          ({ kind }) => [{ 'darkroom.verdict': kind }],
        ),
    },
    archive: {
      ...archive,
      verify(...given) {
        const from = now();
        const verdict = archive.verify(...given);
        write('verify', from, { 'darkroom.verdict': verdict.kind }, verdict.kind !== 'valid');
        return verdict;
      },
      keepImage: (...given) =>
        timed(
          'keep',
          () => archive.keepImage(...given),
          (kept) => [{ 'darkroom.kept': kept }],
        ),
      recordIntent: (...given) =>
        timed(
          'intent',
          () => archive.recordIntent(...given),
          ({ kind }) => [{ 'darkroom.intent': kind }],
        ),
      recordResult: (...given) =>
        timed(
          'record',
          () => archive.recordResult(...given),
          () => [{}],
        ),
    },
  };
}
