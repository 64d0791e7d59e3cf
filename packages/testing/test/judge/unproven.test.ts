import { describe, expect, test } from 'vitest';
import { createHistory } from './history.ts';
import { clean, judged, PRICE_NANO_USD, type History, type Ref } from './judged.ts';

const CANCELLED: { cancelledAt?: number } = { cancelledAt: 2_000 };
const holding = { ...clean, ledgerDifferenceNanoUsd: PRICE_NANO_USD };

/** Marks an image as open or unknown, with its money on hold. */
function isHeld(history: History, ref: Ref, status: 'cancelled' | 'running', submissionStatus: string, unrefusedSends = 1): void {
  const imageStatus = submissionStatus === 'unknown' ? 'unknown' : 'open';
  history.generations[ref.generationId] = {
    status,
    images: [{ index: 0, status: imageStatus, submissionStatus, submissions: ref.n, unrefusedSends }],
    ...(status === 'running' ? {} : { finishedAt: 5_000 }),
  };
  history.book({ held: PRICE_NANO_USD });
}

describe('a send of a cancelled generation that the provider did not accept', () => {
  const happen = (history: History, more: (ref: Ref) => void, submissionStatus = 'committed', unrefusedSends = 1): void => {
    const ref = history.order({ cancelledAt: 2_000 });
    history.sent(ref);
    more(ref);
    isHeld(history, ref, 'cancelled', submissionStatus, unrefusedSends);
  };

  test.each(['committed', 'unknown'])('keeps its hold while it is %s', async (status) => {
    expect(await judged((history) => happen(history, () => undefined, status))).toEqual(clean);
  });

  test('is stuck if it was accepted', async () => {
    expect(await judged((history) => happen(history, (ref) => history.accepted(ref)))).toEqual({ ...holding, stuck: 1 });
  });

  test.each(['invalidParameter', 'conflictTaskUUID'])(
    'is stuck if it was refused with %s, and the worker got the refusal',
    async (code) => {
      const counts = await judged((history) => happen(history, (ref) => history.refused(ref, 400, code), 'committed', 0));
      expect(counts).toEqual({ ...holding, stuck: 1 });
    },
  );

  test.each(['invalidParameter', 'conflictTaskUUID'])('keeps its hold if the worker died before it got %s', async (code) => {
    expect(await judged((history) => happen(history, (ref) => history.refused(ref, 400, code)))).toEqual(clean);
  });

  test('is stuck if it failed', async () => {
    const counts = await judged((history) =>
      happen(history, (ref) => {
        history.accepted(ref);
        history.failed(ref);
      }),
    );
    expect(counts).toEqual({ ...holding, stuck: 1 });
  });

  test('keeps its own hold and none of its siblings', async () => {
    const counts = await judged((history) => {
      happen(history, () => undefined);
      const [{ ids } = { ids: [] }] = history.orders.slice(-1);
      history.orders.push({ ids, images: 2, cancelledAt: 2_000, outcome: 'final' });
      history.orders.splice(-2, 1);
      history.generations[ids[0] ?? '']?.images.push({ index: 1, status: 'failed', submissionStatus: 'failed', submissions: 1 });
      history.book({ held: PRICE_NANO_USD });
    });
    expect(counts).toEqual(holding);
  });

  test('keeps a hold of the order’s price', async () => {
    const counts = await judged((history) => {
      happen(history, () => undefined);
      const order = history.orders.at(-1);
      if (order !== undefined) order.imageUsd = '0.024';
    });
    expect(counts).toEqual({ ...clean, ledgerDifferenceNanoUsd: -4_000_000 });
  });
});

describe('a send without an answer of a generation whose cancellation Redis forgot', () => {
  const happen = (history: History, isErased: boolean, more: (ref: Ref) => void = () => undefined, order = CANCELLED): void => {
    const ref = history.order(order);
    history.sent(ref);
    more(ref);
    history.ended(ref, 'failed', 'unknown');
    const [image] = history.generations[ref.generationId]?.images ?? [];
    if (image !== undefined) image.unrefusedSends = 1;
    history.book({ held: PRICE_NANO_USD });
    const tombstone = JSON.stringify({ version: 1, generationId: ref.generationId, erasedAt: 1 });
    if (isErased) history.objects.set(`requests/2026-11-22/${ref.generationId}.json`, tombstone);
  };

  test('keeps its price if its caller erased the request, as no worker can send it again', async () => {
    expect(await judged((history) => happen(history, true))).toEqual(clean);
  });

  test('counts as a failure if its caller erased it without a cancellation', async () => {
    expect(await judged((history) => happen(history, true, undefined, {}))).toEqual({ ...holding, failedWrongly: 1 });
  });

  test('counts as a failure while its request is there', async () => {
    expect(await judged((history) => happen(history, false))).toEqual({ ...holding, failedWrongly: 1 });
  });

  test('counts as a failure if the provider accepted it', async () => {
    const counts = await judged((history) => happen(history, true, (ref) => history.accepted(ref)));
    expect(counts).toEqual({ ...holding, failedWrongly: 1 });
  });
});

test('the judge names images with an unknown outcome', async () => {
  const history = createHistory();
  const ref = history.order({ cancelledAt: 2_000 });
  history.sent(ref);
  isHeld(history, ref, 'cancelled', 'committed');
  history.bought(history.order());
  expect((await history.judge()).judgement.unproven).toEqual([`${ref.generationId}/0-1: committed`]);
});

describe('an id that a refusal used up', () => {
  const happen = (history: History, unrefusedSends: number, more: (ref: Ref) => void = () => undefined): Ref => {
    const ref = history.order({ outcome: 'open' });
    history.sent(ref);
    history.sent(ref);
    history.refused(ref, 429, 'rateLimitExceeded');
    more(ref);
    history.sent(ref);
    history.refused(ref, 400, 'conflictTaskUUID');
    isHeld(history, ref, 'running', 'committed', unrefusedSends);
    return ref;
  };

  test('may keep its hold after another send that may have been accepted', async () => {
    expect(await judged((history) => void happen(history, 2))).toEqual(clean);
  });

  test('may be unknown in the end', async () => {
    const counts = await judged((history) => {
      const ref = happen(history, 2);
      history.ended(ref, 'failed', 'unknown');
      const [image] = history.generations[ref.generationId]?.images ?? [];
      if (image !== undefined) image.unrefusedSends = 2;
      history.orders.splice(-1, 1, { ids: [ref.generationId], images: 1, outcome: 'final' });
    });
    expect(counts).toEqual(clean);
  });

  test('keeps no hold if the product bought the image under the next id', async () => {
    const counts = await judged((history) => {
      const ref = happen(history, 2);
      history.ended(ref, 'cancelled', 'failed');
      const [image] = history.generations[ref.generationId]?.images ?? [];
      if (image !== undefined) image.unrefusedSends = 2;
      history.orders.splice(-1, 1, { ids: [ref.generationId], images: 1, outcome: 'final', cancelledAt: 2_000 });
      history.book({ held: -PRICE_NANO_USD });
    });
    expect(counts).toEqual(clean);
  });

  test('is stuck if every earlier send was refused, because the next id could buy it', async () => {
    expect(await judged((history) => void happen(history, 1))).toEqual({ ...holding, stuck: 1 });
  });

  test('may keep its hold after a second refusal that a gateway gave in place of the conflict', async () => {
    const counts = await judged((history) => {
      const ref = happen(history, 1);
      const [image] = history.generations[ref.generationId]?.images ?? [];
      if (image !== undefined) image.refusedSends = 2;
    });
    expect(counts).toEqual(clean);
  });

  test('may keep its hold after two refused sends, of which the trail shows one', async () => {
    const counts = await judged((history) => void happen(history, 1, (ref) => history.refused(ref, 429, 'rateLimitExceeded')));
    expect(counts).toEqual(clean);
  });

  test('may keep its hold if Redis restarted since, and may have lost a send', async () => {
    const counts = await judged((history) => {
      const ref = happen(history, 1);
      const [image] = history.generations[ref.generationId]?.images ?? [];
      if (image !== undefined) image.isForgotten = true;
    });
    expect(counts).toEqual(clean);
  });

  test('is stuck if the product takes it for accepted', async () => {
    const counts = await judged((history) => {
      const ref = happen(history, 2);
      const [image] = history.generations[ref.generationId]?.images ?? [];
      if (image !== undefined) image.submissionStatus = 'accepted';
    });
    expect(counts).toEqual({ ...holding, stuck: 1 });
  });

  test('is stuck if the provider has a task for it', async () => {
    expect(await judged((history) => void happen(history, 2, (ref) => history.accepted(ref)))).toEqual({ ...holding, stuck: 1 });
  });

  test('is stuck if it was never refused as known', async () => {
    const counts = await judged((history) => {
      const ref = history.order({ outcome: 'open' });
      history.sent(ref);
      history.refused(ref, 429, 'rateLimitExceeded');
      isHeld(history, ref, 'running', 'committed', 2);
    });
    expect(counts).toEqual({ ...holding, stuck: 1 });
  });

  test('is stuck if no refusal used it up', async () => {
    const counts = await judged((history) => {
      const ref = history.order({ outcome: 'open' });
      history.sent(ref);
      history.refused(ref, 400, 'conflictTaskUUID');
      isHeld(history, ref, 'running', 'committed', 2);
    });
    expect(counts).toEqual({ ...holding, stuck: 1 });
  });
});
