import { describe, expect, test } from 'vitest';
import { clean, judged, type History } from './judged.ts';

describe('a clean run', () => {
  test('counts nothing', async () => {
    expect(await judged(() => undefined)).toEqual(clean);
  });

  test('may hold a send that was repeated', async () => {
    const counts = await judged((history) => {
      const ref = history.order();
      history.bought(ref);
      history.sent(ref);
      history.refused(ref, 400, 'conflictTaskUUID');
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

  test('may hold refused, cancelled and expired orders', async () => {
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

  test('may hold a refused order', async () => {
    const counts = await judged((history) => {
      history.ledger.caps = { 'tenant:day': '0.04' };
      const { generationId } = history.order({ outcome: 'refused', images: 3 });
      history.generations[generationId] = null;
    });
    expect(counts).toEqual(clean);
  });

  test.each([
    ['cancelled', { cancelledAt: 2_000 }],
    ['with a deadline that had passed', { deadlineAt: 2_000, endedAt: 2_000 }],
  ])('may hold an order, %s, that Redis lost before a purchase', async (_what, fields) => {
    const counts = await judged((history) => {
      for (const outcome of ['given-up', 'final'] as const) {
        const { generationId } = history.order({ outcome, ...fields });
        history.generations[generationId] = null;
      }
    });
    expect(counts).toEqual(clean);
  });
});

describe('lost', () => {
  test('counts a billed image without bytes in the bucket', async () => {
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
  test('counts a second execution of one submission, although both were settled', async () => {
    const counts = await judged((history) => {
      const ref = history.order();
      history.bought(ref);
      history.accepted(ref, 2);
      history.executed(ref, 2);
      history.kept(ref, 'quarantine', 2);
      history.settled(ref, 'succeeded', 40_000_000);
      history.book({ settled: -20_000_000 });
    });
    expect(counts).toEqual({ ...clean, paidTwice: 1, lost: 1 });
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

  test('counts an image that no caller ordered, whose money no tenant’s account holds', async () => {
    const counts = await judged((history) => {
      history.bought(history.order());
      history.orders.pop();
    });
    expect(counts).toEqual({ ...clean, paidTwice: 1, ledgerDifferenceNanoUsd: 20_000_000 });
  });

  test('counts a send for a refused order', async () => {
    const counts = await judged((history) => {
      history.ledger.caps = { 'tenant:day': '0.04' };
      const ref = history.order({ outcome: 'refused', images: 3 });
      history.generations[ref.generationId] = null;
      history.sent(ref);
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
  test('does not count an order that ended when the run had ended for its caller', async () => {
    expect(await judged((history) => history.bought(history.order({ outcome: 'open', stoppedAt: 5_000 })))).toEqual(clean);
  });

  test.each([
    ['an order whose caller never got an answer', (history: History) => history.bought(history.order({ outcome: 'open' }))],
    ['an order that ended before the run did', (history: History) => history.bought(history.order({ outcome: 'open', stoppedAt: 6_001 }))],
    ['an order whose caller got nonsense', (history: History) => history.bought(history.order({ surprise: 'nonsense' }))],
    ...(['given-up', 'final'] as const).flatMap((outcome) =>
      [{}, { deadlineAt: 6_000, endedAt: 5_999 }, { deadlineAt: Number.MAX_SAFE_INTEGER }].map(
        (fields): [string, (history: History) => void] => [
          `an order that is ${outcome} and gone, with ${JSON.stringify(fields)}`,
          (history) => {
            const { generationId } = history.order({ outcome, ...fields });
            history.generations[generationId] = null;
          },
        ],
      ),
    ),
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
