import { describe, expect, test } from 'vitest';
import type { Outcome } from '../src/testing/index.ts';
import { subjects } from './conformance-world.ts';

// Withheld images and the content check, asked of both producers as in conformance.test.ts.

const request = { positivePrompt: 'a red door', width: 1024, height: 1024 } as const;
const checked = { ...request, safety: { checkContent: true } } as const;
const flagged: Outcome = { kind: 'succeed', bytes: new TextEncoder().encode('the bytes of an image'), nsfwContent: true };
const clean: Outcome = { kind: 'succeed', nsfwContent: false };

describe.each(subjects)('%s', (_name, setup) => {
  test('withholds what the content check flags, and shows it once it is released', async () => {
    await using subject = await setup();
    const { producer, images } = subject;
    const { generationId } = await producer.enqueue({ ...checked, numberResults: 3 }, { withholdFlagged: true });
    await subject.end(generationId, { kind: 'each', images: [flagged, clean, flagged] });
    const seen = await producer.get(generationId);
    expect(seen).toMatchObject({ status: 'succeeded', costUsd: '0.06', withholdFlagged: true });
    expect(seen.images).toMatchObject([{ withheld: true, nsfwContent: true, extras: [] }, { image: {} }, { withheld: true }]);
    expect(seen.images[1]).not.toHaveProperty('withheld');
    for (const index of [0, 2]) {
      expect(seen.images[index]).not.toHaveProperty('image');
      expect(seen.images[index]).not.toHaveProperty('imageUUID');
      expect(() => images.image(seen, index)).toThrow(expect.objectContaining({ code: 'image.withheld' }));
      await expect(images.read(seen, index)).rejects.toMatchObject({ code: 'image.withheld', details: { generationId, index } });
    }
    expect(await images.toRunwareResponse(seen)).toHaveLength(1);
    await expect(producer.retry(generationId)).rejects.toMatchObject({ code: 'retry.already-succeeded' });

    await subject.release(generationId, 2);
    const released = await producer.get(generationId);
    expect(released.revision).toBeGreaterThan(seen.revision);
    expect(released.images).toMatchObject([{ withheld: true }, { image: {} }, { image: {}, nsfwContent: true }]);
    expect(new TextDecoder().decode(await images.image(released, 2).bytes())).toBe('the bytes of an image');
  });

  test('shows a flagged image that nothing withholds, and the option false does not lift a rule', async () => {
    await using plain = await setup();
    const first = await plain.producer.enqueue(checked, { withholdFlagged: false });
    await plain.end(first.generationId, flagged);
    expect((await plain.producer.get(first.generationId)).images).toMatchObject([{ nsfwContent: true, image: {} }]);
    await using ruled = await setup({ withholdFlagged: true });
    const second = await ruled.producer.enqueue(checked, { withholdFlagged: false });
    await ruled.end(second.generationId, flagged);
    expect((await ruled.producer.get(second.generationId)).images).toMatchObject([{ withheld: true }]);
  });

  test.each([{ requireSafetyCheck: true }, { withholdFlagged: true }] as const)(
    'refuses a request without the content check under the rule %o, with its other problems',
    async (rules) => {
      await using subject = await setup(rules);
      const { producer } = subject;
      const unchecked = {
        path: 'safety.checkContent',
        message: expect.stringMatching(/^must be true: .+ for tenant "default"$/) as string,
      };
      await expect(producer.enqueue(request)).rejects.toMatchObject({ code: 'request.invalid', problems: [unchecked] });
      const wrong = { ...request, numberResults: 99 };
      for (const call of [producer.enqueue(wrong), producer.generate(wrong)])
        await expect(call).rejects.toMatchObject({ problems: [{ path: 'numberResults' }, unchecked] });
      await expect(producer.enqueueMany([checked, request, checked, request])).rejects.toMatchObject({
        problems: [
          { ...unchecked, path: 'requests[1].safety.checkContent' },
          { ...unchecked, path: 'requests[3].safety.checkContent' },
        ],
      });
      expect((await producer.list()).generations).toEqual([]);
      expect(await producer.enqueueMany([checked, checked])).toHaveLength(2);
    },
  );

  test('refuses to withhold without the content check', async () => {
    await using subject = await setup();
    const { producer } = subject;
    const problem = { path: 'safety.checkContent', message: expect.stringContaining('options.withholdFlagged') as string };
    await expect(producer.enqueue(request, { withholdFlagged: true })).rejects.toMatchObject({ problems: [problem] });
    await expect(producer.enqueueMany([checked, request], { withholdFlagged: true })).rejects.toMatchObject({
      problems: [{ ...problem, path: 'requests[1].safety.checkContent' }],
      problemCount: 1,
    });
    const asGiven = 'yes' as unknown as boolean; // a caller without types
    await expect(producer.enqueue(checked, { withholdFlagged: asGiven })).rejects.toMatchObject({
      problems: [{ path: 'options.withholdFlagged', message: 'must be true or false' }],
    });
  });
});
