import { describe, expect, test } from 'vitest';
import type { Judgement } from '../../src/judge/judge.ts';
import { createHistory } from './history.ts';

type History = ReturnType<typeof createHistory>;

/** Judges a history that holds, beside what a test puts into it, an image that was bought as it should be. */
async function judged(happen: (history: History) => void): Promise<Record<keyof Omit<Judgement, 'costDifferences'>, number>> {
  const history = createHistory();
  history.bought(history.order());
  happen(history);
  const { judgement } = await history.judge();
  const { lost, paidTwice, stuck, failedWrongly, ledgerDifferenceNanoUsd } = judgement;
  return {
    lost: lost.length,
    paidTwice: paidTwice.length,
    stuck: stuck.length,
    failedWrongly: failedWrongly.length,
    ledgerDifferenceNanoUsd,
  };
}

const clean = { lost: 0, paidTwice: 0, stuck: 0, failedWrongly: 0, ledgerDifferenceNanoUsd: 0 };

describe('a run without fault', () => {
  test('counts nothing', async () => {
    expect(await judged(() => undefined)).toEqual(clean);
  });

  test('may hold a send that was repeated, and an image in quarantine', async () => {
    const counts = await judged((history) => {
      const ref = history.order();
      history.bought(ref);
      history.sent(ref);
      history.refused(ref, 400, 'conflictTaskUUID');
      const other = history.order();
      history.bought(other);
      history.objects.delete(
        [...history.objects.keys()].find((key) => key.startsWith('images/') && key.includes(other.generationId)) ?? '',
      );
      history.kept(other, 'quarantine');
    });
    expect(counts).toEqual(clean);
  });

  test('may hold a failure and the purchase after it', async () => {
    const counts = await judged((history) => {
      const first = history.order();
      history.sent(first);
      history.accepted(first);
      history.failed(first);
      history.settled(first, 'failed');
      history.bought({ ...first, n: 2 });
    });
    expect(counts).toEqual(clean);
  });

  test('may hold what the provider refused, what was cancelled, and what passed its deadline', async () => {
    const counts = await judged((history) => {
      const refused = history.order();
      history.sent(refused);
      history.refused(refused, 400, 'invalidParameter');
      history.ended(refused, 'failed');
      history.ended(history.order({ cancelledAt: 2_000 }), 'cancelled', 'failed');
      history.ended(history.order({ deadlineAt: 4_000 }), 'expired', 'failed');
    });
    expect(counts).toEqual(clean);
  });

  test('may hold an order that Redis forgot before anything of it was bought, and that nobody wants any more', async () => {
    const counts = await judged((history) => {
      const { generationId } = history.order({ outcome: 'given-up', cancelledAt: 2_000 });
      history.generations[generationId] = null;
    });
    expect(counts).toEqual(clean);
  });
});

describe('a send of a cancelled generation that never arrived', () => {
  const happen = (history: History, wasAccepted: boolean, submissionStatus = 'committed'): void => {
    const ref = history.order({ cancelledAt: 2_000 });
    history.sent(ref);
    if (wasAccepted) history.accepted(ref);
    history.ended(ref, 'cancelled', submissionStatus === 'unknown' ? 'unknown' : 'open');
    const generation = history.generations[ref.generationId];
    const [image] = generation?.images ?? [];
    if (image !== undefined) image.submissionStatus = submissionStatus;
    if (generation) generation.reservedUsd = '0.02';
    history.ledger.heldNanoUsd += 20_000_000;
  };

  test.each(['committed', 'unknown'])('keeps its hold while it is %s', async (status) => {
    expect(await judged((history) => happen(history, false, status))).toEqual(clean);
  });

  test('is stuck if it was accepted', async () => {
    expect(await judged((history) => happen(history, true))).toEqual({ ...clean, stuck: 1, ledgerDifferenceNanoUsd: 20_000_000 });
  });
});

describe('lost', () => {
  test('counts an image on the bill that lies nowhere', async () => {
    const counts = await judged((history) => {
      const ref = history.order();
      history.sent(ref);
      history.accepted(ref);
      history.executed(ref);
      history.settled(ref, 'succeeded');
    });
    expect(counts).toEqual({ ...clean, lost: 1 });
  });

  test('counts an image whose key holds other bytes', async () => {
    const counts = await judged((history) => {
      const ref = history.order();
      history.bought(ref);
      for (const key of history.objects.keys())
        if (key.startsWith('images/') && key.includes(ref.generationId)) history.objects.set(key, 'others');
    });
    expect(counts).toEqual({ ...clean, lost: 1 });
  });
});

describe('paid twice', () => {
  test('counts a second execution of one submission, though both images were kept and settled', async () => {
    const counts = await judged((history) => {
      const ref = history.order();
      history.bought(ref);
      history.accepted(ref, 2);
      history.executed(ref, 2);
      history.kept(ref, 'quarantine', 2);
      history.settled(ref, 'succeeded', 40_000_000);
      history.ledger.settledNanoUsd -= 20_000_000;
    });
    expect(counts).toEqual({ ...clean, paidTwice: 1 });
  });

  test.each([
    ['was made', (history: History, ref: ReturnType<History['order']>) => history.bought(ref)],
    [
      'failed later',
      (history: History, ref: ReturnType<History['order']>) => {
        history.sent(ref);
        history.accepted(ref);
        history.settled(ref, 'failed');
        history.bought({ ...ref, n: 2 });
        history.failed(ref);
      },
    ],
    [
      'was only throttled',
      (history: History, ref: ReturnType<History['order']>) => {
        history.sent(ref);
        history.refused(ref, 429, 'rateLimitExceeded');
      },
    ],
    ['was never sent', () => undefined],
  ])('counts a submission whose predecessor %s', async (_what, before) => {
    const counts = await judged((history) => {
      const ref = history.order();
      before(history, ref);
      if (!history.bill.some((line) => JSON.stringify(line).includes('failure'))) history.bought({ ...ref, n: 2 });
    });
    expect(counts).toEqual({ ...clean, paidTwice: 1 });
  });

  test('counts an image that nobody ordered', async () => {
    const counts = await judged((history) => {
      history.bought(history.order());
      history.orders.pop();
    });
    expect(counts).toEqual({ ...clean, paidTwice: 1 });
  });

  test('counts two generations of one idempotency key', async () => {
    const counts = await judged((history) => {
      const [one, other] = [history.order(), history.order()];
      history.bought(one);
      history.bought(other);
      history.orders.pop();
      history.orders.at(-1)?.ids.push(other.generationId);
    });
    expect(counts).toEqual({ ...clean, paidTwice: 1 });
  });
});

describe('stuck', () => {
  test.each([
    ['an order whose caller was never told', (history: History) => history.bought(history.order({ outcome: 'open' }))],
    ['an order whose caller was told nonsense', (history: History) => history.bought(history.order({ surprise: 'nonsense' }))],
    ['a generation that is not final', (history: History) => history.ended(history.order(), 'running', 'open')],
    [
      'a final generation one of whose submissions is still under way',
      (history: History) => {
        const ref = history.order();
        history.bought(ref);
        const [image] = history.generations[ref.generationId]?.images ?? [];
        if (image !== undefined) image.submissionStatus = 'accepted';
      },
    ],
    [
      'a generation that S3 remembers and Redis does not',
      (history: History) => {
        const ref = history.order();
        history.bought(ref);
        history.generations[ref.generationId] = null;
      },
    ],
  ])('counts %s', async (_what, happen) => {
    expect(await judged(happen)).toEqual({ ...clean, stuck: 1 });
  });
});

describe('failed wrongly', () => {
  test.each(['failed', 'lost', 'unknown'])('counts an image that is %s and that the provider never refused', async (status) => {
    const counts = await judged((history) => {
      const ref = history.order();
      history.sent(ref);
      history.refused(ref, 503, 'serviceUnavailable');
      history.ended(ref, 'failed', status);
    });
    expect(counts).toEqual({ ...clean, failedWrongly: 1 });
  });

  test('counts an image that failed although the bill holds it', async () => {
    const counts = await judged((history) => {
      const ref = history.order();
      history.bought(ref);
      history.ended(ref, 'failed');
    });
    expect(counts).toEqual({ ...clean, failedWrongly: 1 });
  });

  test('counts an image whose sends were only refused because the first was accepted', async () => {
    const counts = await judged((history) => {
      const ref = history.order();
      history.sent(ref);
      history.accepted(ref);
      history.sent(ref);
      history.refused(ref, 400, 'conflictTaskUUID');
      history.ended(ref, 'failed');
    });
    expect(counts).toEqual({ ...clean, failedWrongly: 1 });
  });

  test.each([
    ['expired without a deadline', {}, 'expired'],
    ['expired before its deadline', { deadlineAt: 6_000 }, 'expired'],
    ['cancelled and nobody cancelled it', {}, 'cancelled'],
  ] as const)('counts one that is %s', async (_what, fields, status) => {
    expect(await judged((history) => history.ended(history.order(fields), status, 'failed'))).toEqual({ ...clean, failedWrongly: 1 });
  });
});

describe('the ledger difference', () => {
  test('is what the ledger has more than the bill', async () => {
    expect(await judged((history) => (history.ledger.settledNanoUsd += 3))).toEqual({ ...clean, ledgerDifferenceNanoUsd: 3 });
  });

  test('is what the ledger lacks', async () => {
    expect(await judged((history) => (history.ledger.settledNanoUsd -= 20_000_000))).toEqual({
      ...clean,
      ledgerDifferenceNanoUsd: -20_000_000,
    });
  });

  test('holds money that is still on hold', async () => {
    expect(await judged((history) => (history.ledger.heldNanoUsd += 7))).toEqual({ ...clean, ledgerDifferenceNanoUsd: 7 });
  });

  test('does not let two mistakes make up for each other', async () => {
    const counts = await judged((history) => {
      const [one, other] = [history.order(), history.order()];
      for (const ref of [one, other]) history.bought(ref);
      history.settled(one, 'succeeded', 19_000_000);
      history.settled(other, 'succeeded', 21_000_000);
      history.ledger.settledNanoUsd -= 40_000_000;
    });
    expect(counts).toEqual({ ...clean, ledgerDifferenceNanoUsd: 2_000_000 });
  });
});
