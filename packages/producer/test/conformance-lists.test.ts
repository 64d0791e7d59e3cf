import { describe, expect, test } from 'vitest';
import type { Fail } from '../src/testing/index.ts';
import { subjects } from './conformance-world.ts';
import { problemsOf } from './problems-of.ts';

// What a caller can rely on in lists, asked of both producers as in conformance.test.ts.

const request = { positivePrompt: 'a red door', width: 1024, height: 1024 } as const;
const bytes = new TextEncoder().encode('the bytes of an image');
const refused: Fail = { kind: 'fail', code: 'provider.content-refused', message: 'not this one' };
const any = { createdAt: expect.any(Number), finishedAt: expect.any(Number) };

describe.each(subjects)('%s', (_name, setup) => {
  test('lists, finds by key and watches what was enqueued', async () => {
    await using subject = await setup();
    const { producer } = subject;
    const first = await producer.enqueue(request, { tenant: 'alice', idempotencyKey: 'order-1' });
    const second = await producer.enqueue({ ...request, numberResults: 2 }, { tenant: 'bob', idempotencyKey: 'order-1' });
    const statuses: string[] = [];
    for await (const generation of producer.watch(second.generationId)) {
      if (statuses.length === 0) await subject.end(second.generationId, { kind: 'each', images: [{ kind: 'succeed', bytes }, refused] });
      statuses.push(generation.status);
    }
    expect(statuses.at(-1)).toBe('partial');
    const page = await producer.list({ tenant: 'bob' });
    expect(page).toEqual({
      generations: [
        {
          generationId: second.generationId,
          revision: (await producer.get(second.generationId)).revision,
          status: 'partial',
          provider: 'runware',
          model: 'xai:grok-imagine@image',
          tenant: 'bob',
          images: ['succeeded', 'failed'],
          codes: ['provider.content-refused'],
          costUsd: '0.02',
          createdAt: any.createdAt,
          finishedAt: any.finishedAt,
          amended: false,
        },
      ],
    });
    const { generations, nextCursor = '' } = await producer.list({ limit: 1 });
    const rest = await producer.list({ limit: 1, cursor: nextCursor });
    expect([...generations, ...rest.generations].map(({ generationId }) => generationId).toSorted()).toEqual(
      [first.generationId, second.generationId].toSorted(),
    );
    expect((await producer.list({ code: 'provider.content-refused', finishedFrom: 1_700_000_000_000 })).generations).toHaveLength(1);
    expect(await producer.findByIdempotencyKey('order-1', { tenant: 'alice' })).toMatchObject({ generationId: first.generationId });
    expect(await producer.findByIdempotencyKey('order-1')).toBeUndefined();
  });

  test('finds by tag and by metadata, and shows both', async () => {
    await using subject = await setup();
    const { producer } = subject;
    const labels = { tags: ['summer', 'é: "a" | *'], metadata: { user: 'alice', 'order "7"': '{"a":1}' } };
    const { generationId } = await producer.enqueue(request, labels);
    await producer.enqueue(request, { tags: ['summer'], metadata: { user: 'bob' }, tenant: 'bob' });
    await producer.enqueueMany([request], { tags: ['winter'], metadata: { user: 'alice' } });
    await producer.enqueue(request, { tags: [], metadata: {} });
    const idsOf = async (options: Parameters<typeof producer.list>[0]): Promise<string[]> =>
      (await producer.list(options)).generations.map((each) => each.generationId);

    expect(await producer.get(generationId)).toMatchObject(labels);
    expect((await producer.list({ tag: 'é: "a" | *' })).generations).toEqual([expect.objectContaining({ generationId, ...labels })]);
    expect(await idsOf({ tag: 'summer' })).toHaveLength(2);
    expect(await idsOf({ tag: 'summer', tenant: 'default' })).toEqual([generationId]);
    expect(await idsOf({ tag: 'Summer' })).toEqual([]);
    expect(await idsOf({ metadata: { user: 'alice' } })).toHaveLength(2);
    expect(await idsOf({ metadata: { user: 'alice' }, tag: 'summer' })).toEqual([generationId]);
    expect(await idsOf({ metadata: { 'order "7"': '{"a":1}', user: 'alice' } })).toEqual([generationId]);
    expect(await idsOf({ metadata: { user: 'ali' } })).toEqual([]);
    const plain = (await producer.list()).generations.filter(({ tags, metadata }) => tags === undefined && metadata === undefined);
    expect(plain).toHaveLength(1);

    const found: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await producer.list({ tag: 'summer', limit: 1, ...(cursor !== undefined && { cursor }) });
      found.push(...page.generations.map((each) => each.generationId));
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    expect(found).toHaveLength(2);

    await subject.end(generationId, refused);
    expect(await idsOf({ tag: 'summer', status: 'failed' })).toEqual([generationId]);
    expect(await idsOf({ tag: 'summer', code: refused.code })).toEqual([generationId]);
    expect(await idsOf({ tag: 'winter', code: refused.code })).toEqual([]);
    expect(await idsOf({ tag: 'summer', finishedFrom: 1_700_000_000_000 })).toEqual([generationId]);
  });

  test('refuses labels that break the rules, all at once and without their words', async () => {
    await using subject = await setup();
    const { producer } = subject;
    const tags = ['secret\n', '', 'x'.repeat(65), 'twice', 'twice'];
    const metadata = { ' ': 'x', user: 7, name: 'secret\u0000' } as never; // values that the types forbid
    const { paths, message } = await problemsOf(() => producer.enqueue(request, { tags, metadata }));
    expect(paths).toEqual([
      ...[0, 1, 2, 4].map((at) => `options.tags[${at}]`),
      'options.metadata (name 1)',
      'options.metadata (value 2)',
      'options.metadata (value 3)',
    ]);
    expect(message).not.toContain('secret');
    for (const [options, rule] of [
      [{ tags: 'summer' }, /options\.tags: must be an array of at most 5 texts/],
      [{ tags: ['1', '2', '3', '4', '5', '6'] }, /options\.tags: may hold at most 5, got 6/],
      [{ metadata: ['x'] }, /options\.metadata: must be an object whose values are texts/],
      [{ metadata: { text: 'é'.repeat(511) } }, /options\.metadata: may take at most 1024 bytes.*got 1026/],
      [{ metadata: Object.fromEntries(Array.from({ length: 11 }, (_, at) => [`${at}`, ''])) }, /at most 10 pairs, got 11/],
      [{ tag: 'summer' }, /did you mean "tags"/],
    ] as [object, RegExp][])
      await expect(producer.enqueue(request, options)).rejects.toThrow(rule);
    const wrong = { tag: 7, metadata: null } as never; // values that the types forbid
    expect((await problemsOf(() => producer.list(wrong))).paths).toEqual(['options.tag', 'options.metadata']);
    expect((await producer.list()).generations).toEqual([]);
  });
});
