import { createGenerationId, taskUuidOf, type SubmissionResult } from '@darkroom/contracts';
import { expect, test } from 'vitest';
import type { GenerationRecords } from '../generation-records.ts';
import { chargedBefore } from './charged-before.ts';

const ref = { generationId: createGenerationId(0), index: 0, n: 1 };
const reservation = { amountNanoUsd: 20, periods: ['all:day:2026-11-29'] };
const end = (status: SubmissionResult['status'], costNanoUsd: number, settledAt = 10): SubmissionResult => ({
  version: 1,
  ...ref,
  taskUUID: taskUuidOf(ref),
  status,
  settledAt,
  costNanoUsd,
  costSource: 'reported',
  reservation,
});

/** Returns the money that is surely in sums of the moment 100. */
function chargedOf(ends: { result?: SubmissionResult; decision?: SubmissionResult; amendment?: SubmissionResult }): number | undefined {
  const submissions = [{ ref, intent: { reservation }, ...ends }];
  return chargedBefore({ submissions } as unknown as GenerationRecords, 100).get('all:day:2026-11-29'); // it looks at nothing else
}

test.each([
  ['what came home counts what it cost', { result: end('succeeded', 15) }, 15],
  ['no more than was held for it', { result: end('succeeded', 25) }, 20],
  ['a failure counts nothing', { result: end('failed', 0) }, 0],
  ['what ended since the sums counts nothing', { result: end('succeeded', 15, 100) }, undefined],
  ['an open purchase counts nothing', {}, undefined],
  ['a hold of an unknown outcome counts nothing', { result: end('unknown', 0) }, undefined],
  ['a late image may have been heard of after the sums', { result: end('failed', 0), amendment: end('succeeded', 15) }, 0],
  ['the end of an unknown outcome counts', { result: end('unknown', 0), amendment: end('succeeded', 15) }, 15],
  [
    'the cheapest end counts after an operator decided',
    { result: end('unknown', 0), decision: end('failed', 0), amendment: end('succeeded', 15) },
    0,
  ],
])('%s', (_rule, ends, expected) => {
  expect(chargedOf(ends)).toBe(expected);
});
