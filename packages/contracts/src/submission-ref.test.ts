import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatRef, parseRef, taskUuidOf } from './submission-ref.ts';

const generationId = '017f22e2-79b0-7cc3-98c4-dc0c0c07398f';
const anyRef = fc.record({
  generationId: fc.uuid({ version: 7 }),
  index: fc.integer({ min: 0, max: 19 }),
  n: fc.integer({ min: 1, max: 9 }),
});

describe('the task id of a submission', () => {
  test('is a function of the reference alone', () => {
    fc.assert(fc.property(anyRef, (ref) => taskUuidOf(ref) === taskUuidOf({ ...ref })));
    // Written down, because a release that names the same purchase differently would buy it again.
    expect(taskUuidOf({ generationId, index: 0, n: 1 })).toBe('e531334d-ebd7-4cee-88ba-8f6e6f2b3af7');
  });

  test('has the form of a UUID v4', () => {
    fc.assert(
      fc.property(anyRef, (ref) => {
        expect(taskUuidOf(ref)).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      }),
    );
  });

  test('differs for each image and each purchase of it', () => {
    const ids = [];
    for (let index = 0; index < 20; index += 1) for (let n = 1; n <= 20; n += 1) ids.push(taskUuidOf({ generationId, index, n }));
    expect(new Set(ids).size).toBe(400);
  });

  test('is the same for two references only if they are equal', () => {
    fc.assert(
      fc.property(anyRef, anyRef, (one, other) => (taskUuidOf(one) === taskUuidOf(other)) === (formatRef(one) === formatRef(other))),
    );
  });
});

test('reads back a written reference, and no other text', () => {
  const ref = { generationId, index: 3, n: 2 };
  expect(parseRef(formatRef(ref))).toEqual(ref);
  for (const wrong of [
    '',
    generationId,
    `${generationId}/3`,
    `${generationId}/3-0`,
    `x/3-2`,
    `${generationId}/3-2-1`,
    ` ${formatRef(ref)}`,
  ])
    expect(parseRef(wrong), wrong).toBeUndefined();
});

test('writes a reference with its image and its number', () => {
  expect(formatRef({ generationId, index: 3, n: 2 })).toBe(`${generationId}/3-2`);
});
