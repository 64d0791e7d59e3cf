import { createGenerationId, taskUuidOf } from '@darkroom/contracts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { amendmentKey, decisionKey, imageKey, inputKey, intentKey, parseRecordKey, quarantineKey, resultKey, stagingKey } from './keys.ts';

const generationId = createGenerationId(Date.UTC(2026, 10, 22, 23, 59, 59, 999));
const ref = { generationId, index: 3, n: 2 };

test('every key follows from the reference', () => {
  expect(stagingKey(ref)).toBe(`staging/${taskUuidOf(ref)}`);
  expect(imageKey(ref, 'JPG')).toBe(`images/2026/11/22/${generationId}/3-2.jpg`);
  expect(imageKey(ref, 'WEBP')).toBe(`images/2026/11/22/${generationId}/3-2.webp`);
  expect(intentKey(ref, 0)).toBe(`records/2026-11-22/${generationId}/3-2.intent.json`);
  expect(intentKey(ref, 4)).toBe(`records/2026-11-22/${generationId}/3-2.intent-4.json`);
  expect(resultKey(ref)).toBe(`records/2026-11-22/${generationId}/3-2.result.json`);
  expect(amendmentKey(ref)).toBe(`records/2026-11-22/${generationId}/3-2.amendment.json`);
  expect(quarantineKey(ref)).toBe(`quarantine/${taskUuidOf(ref)}`);
  expect(inputKey({ tenantPart: 'acme', sha256: 'ab' })).toBe('inputs/acme/ab');
  expect(inputKey({ sha256: 'ab' })).toBe('inputs/ab');
});

test('no two submissions and no two rounds share a key', () => {
  const refs = fc.record({
    generationId: fc.constantFrom(generationId, createGenerationId(0)),
    index: fc.nat(19),
    n: fc.integer({ min: 1, max: 30 }),
  });
  fc.assert(
    fc.property(refs, refs, fc.nat(30), fc.nat(30), (a, b, roundA, roundB) => {
      const same = a.generationId === b.generationId && a.index === b.index && a.n === b.n;
      expect(imageKey(a, 'PNG') === imageKey(b, 'PNG')).toBe(same);
      expect(resultKey(a) === resultKey(b)).toBe(same);
      expect(intentKey(a, roundA) === intentKey(b, roundB)).toBe(same && roundA === roundB);
      expect(parseRecordKey(intentKey(a, roundA))).toEqual({ ...a, kind: 'intent', round: roundA });
      expect(parseRecordKey(resultKey(a))).toEqual({ ...a, kind: 'result', round: 0 });
      expect(parseRecordKey(amendmentKey(a))).toEqual({ ...a, kind: 'amendment', round: 0 });
      expect(parseRecordKey(decisionKey(a))).toEqual({ ...a, kind: 'decision', round: 0 });
    }),
  );
});

test.each([
  'records/2026-11-22/',
  `records/2026-11-21/${generationId}/3-2.result.json`,
  `records/2026-11-22/${generationId}/03-2.result.json`,
  `records/2026-11-22/${generationId}/3-2.result-1.json`,
  `records/2026-11-22/${generationId}/3-2.intent-0.json`,
  `records/2026-11-22/${generationId}/3-2.note.json`,
  `records/2026-11-22/some-id/3-2.result.json`,
  `copy/records/2026-11-22/${generationId}/3-2.result.json`,
])('%s is not the key of a record', (key) => {
  expect(parseRecordKey(key)).toBeUndefined();
});
