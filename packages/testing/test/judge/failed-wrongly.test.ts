import { describe, expect, test } from 'vitest';
import { clean, judged, type History } from './judged.ts';

/** Adds a send that is accepted and fails, by the provider and by the record. */
function fails(history: History, ref: ReturnType<History['order']>, code?: string): void {
  history.sent(ref);
  history.accepted(ref);
  history.failed(ref, code);
  history.settled(ref, 'failed');
  history.ended(ref, 'failed');
}

describe('an image has failed wrongly', () => {
  test.each(['failed', 'lost', 'unknown'])('when it is %s and the provider never refused it', async (status) => {
    const counts = await judged((history) => {
      const ref = history.order();
      history.sent(ref);
      history.refused(ref, 503, 'serviceUnavailable');
      history.ended(ref, 'failed', status);
    });
    expect(counts).toEqual({ ...clean, failedWrongly: 1 });
  });

  test('when the bill holds it', async () => {
    const counts = await judged((history) => {
      const ref = history.order();
      history.bought(ref);
      history.ended(ref, 'failed');
    });
    expect(counts).toEqual({ ...clean, failedWrongly: 1 });
  });

  test('when its sends were only refused because the first was accepted', async () => {
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

  test('when a refusal used up its id, although the next id could buy it', async () => {
    const counts = await judged((history) => {
      const ref = history.order();
      history.refused(ref, 429, 'rateLimitExceeded');
      history.refused(ref, 400, 'conflictTaskUUID');
      history.ended(ref, 'failed');
    });
    expect(counts).toEqual({ ...clean, failedWrongly: 1 });
  });

  test.each(['lost', 'unknown'])('when it is %s and the provider said that it has failed', async (status) => {
    const counts = await judged((history) => {
      const ref = history.order();
      fails(history, ref, 'contentPolicyViolation');
      history.ended(ref, 'failed', status);
    });
    expect(counts).toEqual({ ...clean, failedWrongly: 1 });
  });

  test.each([
    ['expired without a deadline', {}, 'expired'],
    ['expired before its deadline', { deadlineAt: 6_000 }, 'expired'],
    ['cancelled without a cancel of its caller', {}, 'cancelled'],
  ] as const)('when it is %s', async (_what, fields, status) => {
    expect(await judged((history) => history.ended(history.order(fields), status, 'failed'))).toEqual({ ...clean, failedWrongly: 1 });
  });
});

describe('an image with at most two submissions', () => {
  test.each(['providerError', 'timeoutProvider'])('has failed wrongly after one %s', async (code) => {
    expect(await judged((history) => fails(history, history.order(), code))).toEqual({ ...clean, failedWrongly: 1 });
  });

  test('has failed for good after two', async () => {
    const counts = await judged((history) => {
      const first = history.order();
      fails(history, first, 'providerError');
      fails(history, { ...first, n: 2 }, 'timeoutProvider');
    });
    expect(counts).toEqual(clean);
  });

  test('has failed for good when the content is refused', async () => {
    expect(await judged((history) => fails(history, history.order(), 'contentPolicyViolation'))).toEqual(clean);
  });

  test('is not bought again after one failure if its caller cancelled it', async () => {
    const counts = await judged((history) => {
      const ref = history.order({ cancelledAt: 2_000 });
      fails(history, ref);
      history.ended(ref, 'cancelled', 'failed');
    });
    expect(counts).toEqual(clean);
  });
});
