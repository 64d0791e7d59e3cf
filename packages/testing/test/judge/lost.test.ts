import { describe, expect, test } from 'vitest';
import { clean, judged, type History } from './judged.ts';

const boughtOf = (history: History) => {
  const ref = history.order();
  history.bought(ref);
  return ref;
};

describe('a successful image is lost', () => {
  test('without a send and without a record', async () => {
    expect(await judged((history) => void history.order())).toEqual({ ...clean, lost: 1 });
  });

  test('with a record but without a send', async () => {
    expect(await judged((history) => history.settled(history.order(), 'succeeded', 0))).toEqual({ ...clean, lost: 1 });
  });

  test('when only the record says "succeeded", and Redis says "failed"', async () => {
    const counts = await judged((history) => {
      const ref = history.order({ cancelledAt: 2_000 });
      history.settled(ref, 'succeeded', 0);
      history.ended(ref, 'cancelled', 'failed');
    });
    expect(counts).toEqual({ ...clean, lost: 1 });
  });

  test('not when its owner erased it and it is booked, but when no record books it', async () => {
    const bury = (history: History, id: string) =>
      history.objects.set(`requests/2026-11-22/${id}.json`, JSON.stringify({ version: 1, generationId: id, erasedAt: 1 }));
    const erase = (history: History, without: RegExp) => {
      const { generationId } = boughtOf(history);
      for (const key of history.objects.keys()) if (key.includes(generationId) && without.test(key)) history.objects.delete(key);
      bury(history, generationId);
    };
    expect(await judged((history) => erase(history, /^images/))).toEqual(clean);
    expect(await judged((history) => erase(history, /^(images|records)/))).toMatchObject({ lost: 1 });
  });

  test('without a record', async () => {
    const counts = await judged((history) => {
      const ref = boughtOf(history);
      for (const key of history.objects.keys())
        if (key.startsWith('records/') && key.includes(ref.generationId)) history.objects.delete(key);
    });
    expect(counts).toMatchObject({ lost: 1 });
  });

  test('when its record names other bytes than the bill', async () => {
    const counts = await judged((history) => {
      const [one, other] = [boughtOf(history), boughtOf(history)];
      const hashOf = (text: string): string => /"sha256":"(\w+)"/.exec(text)?.[1] ?? '';
      const recordOf = (id: string): string =>
        [...history.objects.keys()].find((key) => key.startsWith('records/') && key.includes(id)) ?? '';
      const [mine, its] = [one, other].map(({ generationId }) => history.objects.get(recordOf(generationId)) ?? '');
      history.objects.set(recordOf(one.generationId), (mine ?? '').replace(hashOf(mine ?? ''), hashOf(its ?? '')));
    });
    expect(counts).toEqual({ ...clean, lost: 1 });
  });

  test.each([
    ['another seed', { seed: 2, factsFrom: 'delivery' }],
    ['another image', { imageUUID: 'image 2', factsFrom: 'delivery' }],
    ['another seed, by the word of the provider', { seed: 2, factsFrom: 'provider' }],
  ] as const)('when its record names %s than the bill', async (_, told) => {
    const judgedWith = (facts: object) =>
      judged((history) => {
        const ref = history.order();
        history.sent(ref);
        history.accepted(ref);
        history.executed(ref);
        history.kept(ref);
        history.settled(ref, 'succeeded', undefined, facts);
      });
    expect(await judgedWith(told)).toEqual({ ...clean, lost: 1 });
    expect(await judgedWith({ ...told, seed: 1, imageUUID: 'image 1' })).toEqual(clean);
  });

  test('when its record names another image’s key', async () => {
    const counts = await judged((history) => {
      const [one, other] = [boughtOf(history), boughtOf(history)];
      for (const [key, text] of history.objects)
        if (key.startsWith('records/') && key.includes(one.generationId))
          history.objects.set(key, text.replace(history.imageKey(one), history.imageKey(other)));
    });
    expect(counts).toEqual({ ...clean, lost: 1 });
  });

  test.each(['key', 'sha256', 'image'])('when Redis serves another %s, or none', async (what) => {
    const counts = await judged((history) => {
      const [one, other] = [boughtOf(history), boughtOf(history)].map(({ generationId }) => history.generations[generationId]?.images[0]);
      if (one?.image === undefined || other?.image === undefined) return;
      if (what === 'image') delete one.image;
      else Object.assign(one.image, { [what]: other.image[what as 'key' | 'sha256'] });
    });
    expect(counts).toEqual({ ...clean, lost: 1 });
  });

  test('when it lies only in quarantine', async () => {
    const counts = await judged((history) => {
      const ref = boughtOf(history);
      history.objects.delete(history.imageKey(ref));
      history.kept(ref, 'quarantine');
    });
    expect(counts).toEqual({ ...clean, lost: 1 });
  });

  test('when two callers have each other’s image', async () => {
    const counts = await judged((history) => {
      const keys = [history.imageKey(boughtOf(history)), history.imageKey(boughtOf(history))] as const;
      const bytes = keys.map((key) => history.objects.get(key) ?? '');
      for (const [at, key] of keys.entries()) history.objects.set(key, bytes[1 - at] ?? '');
    });
    expect(counts).toEqual({ ...clean, lost: 2 });
  });

  test('when it has another generation’s image, and its own lies in quarantine', async () => {
    const counts = await judged((history) => {
      const [one, other] = [boughtOf(history), boughtOf(history)];
      history.objects.set(history.imageKey(one), history.objects.get(history.imageKey(other)) ?? '');
      history.kept(one, 'quarantine');
    });
    expect(counts).toEqual({ ...clean, lost: 1 });
  });

  test('when it lies under the key of another submission of the same image', async () => {
    const counts = await judged((history) => {
      const ref = boughtOf(history);
      history.objects.set(history.imageKey({ ...ref, n: 2 }), history.objects.get(history.imageKey(ref)) ?? '');
      history.objects.delete(history.imageKey(ref));
    });
    expect(counts).toEqual({ ...clean, lost: 1 });
  });

  test('when its generation succeeded without it', async () => {
    const counts = await judged((history) => {
      boughtOf(history);
      const order = history.orders.at(-1);
      if (order !== undefined) order.images = 2;
    });
    expect(counts).toMatchObject({ lost: 1 });
  });
});

test.each(['lost', 'unknown'] as const)(
  'an image that ended as %s may lie in quarantine, and counts only as wrongly failed',
  async (status) => {
    const counts = await judged((history) => {
      const ref = history.order();
      history.sent(ref);
      history.accepted(ref);
      history.executed(ref);
      history.kept(ref, 'quarantine');
      history.settled(ref, status);
      history.ended(ref, 'failed', status);
    });
    expect(counts).toEqual({ ...clean, failedWrongly: 1 });
  },
);
