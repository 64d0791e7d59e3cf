import { createGenerationId, taskUuidOf } from '@darkroom/contracts';
import { buildJobPayload } from '@darkroom/queues';
import { expect, test } from 'vitest';
import { NOT_SHOWN, showFailure, showName, showPayload } from './job-view.ts';

const ref = { generationId: createGenerationId(Date.UTC(2026, 10, 22)), index: 2, n: 1 };

test('a payload of Darkroom is shown with its task id and nothing else', () => {
  const shown = { ...ref, taskUUID: taskUuidOf(ref) };
  expect(showPayload(buildJobPayload(ref))).toEqual(shown);
  expect(showPayload({ ...buildJobPayload(ref), positivePrompt: 'a lighthouse' })).toEqual(shown);
});

test('an empty payload stays empty', () => {
  expect(showPayload({})).toEqual({});
  expect(showPayload(null)).toBeNull();
  expect(showPayload(undefined)).toBeNull();
});

test.for([{ prompt: 'a lighthouse' }, 'a lighthouse', ['a lighthouse'], 7, { version: 1, generationId: 'a lighthouse', index: 0, n: 1 }])(
  'another payload (%j) is not shown',
  (data) => {
    expect(showPayload(data)).toBe(NOT_SHOWN);
  },
);

test('a name shows the step of the job and its image', () => {
  expect(showName('submit', buildJobPayload(ref))).toBe(`submit image 2, submission 1 of …${ref.generationId.slice(-8)}`);
  expect(showName('reconcile-day', {})).toBe('reconcile-day');
});

test('a name that is no plain word, or belongs to a foreign job, is not shown', () => {
  expect(showName('a lighthouse at dusk', {})).toBe(NOT_SHOWN);
  expect(showName('lighthouse', { prompt: 'x' })).toBe(NOT_SHOWN);
  expect(showName('sk-0123456789', buildJobPayload(ref))).toMatch(/^\(not shown\) image 2/);
});

test('the failure of a job of Darkroom is shown without secrets, that of a foreign job not at all', () => {
  const text = 'GET https://bucket.example/key?X-Amz-Signature=abcdef failed';
  expect(showFailure(text, {})).toBe('GET https://bucket.example/key?[redacted] failed');
  expect(showFailure(text, NOT_SHOWN)).toBe(NOT_SHOWN);
  expect(showFailure('', NOT_SHOWN)).toBe('');
});
