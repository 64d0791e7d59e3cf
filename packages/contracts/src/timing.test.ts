import { expect, test } from 'vitest';
import { defaultTiming, pollingTiming, timingProblems } from './timing.ts';

test('the defaults form one valid chain', () => {
  expect(timingProblems(defaultTiming)).toEqual([]);
  expect(timingProblems({ ...defaultTiming, ...pollingTiming })).toEqual([]);
});

test('describes a broken link with both of its ends', () => {
  expect(timingProblems({ ...defaultTiming, resendWindowMs: 25 * 3_600_000 })).toEqual([
    'resendWindowMs (90000000 ms) must be < horizonMs (86400000 ms)',
  ]);
});

test('returns the job of a killed worker within about ten seconds', () => {
  expect(defaultTiming.lockDurationMs + defaultTiming.stalledIntervalMs).toBeLessThanOrEqual(10_000);
});

test('all workers buy from a recovered provider within half a minute', () => {
  expect(2 * defaultTiming.maxProbeMs + defaultTiming.troubleMs).toBeLessThanOrEqual(30_000);
});

test('an upload URL lives no longer than S3 allows', () => {
  expect(timingProblems({ ...defaultTiming, capabilityTtlMs: 8 * 24 * 3_600_000 })).toEqual([
    'capabilityTtlMs (691200000 ms) must be <= 604800000 ms, the longest life of a presigned URL',
  ]);
});
