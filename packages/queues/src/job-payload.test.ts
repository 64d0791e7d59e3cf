import { createGenerationId, taskUuidOf } from '@darkroom/contracts';
import { expect, test } from 'vitest';
import { buildJobPayload, jobIdOf, parseJobPayload } from './job-payload.ts';

const ref = { generationId: createGenerationId(Date.now()), index: 3, n: 2 };

test('a payload holds only ids and a version', () => {
  const order = { ...ref, request: 'a secret' };
  expect(buildJobPayload(order)).toEqual({ version: 1, ...ref });
});

test('reads back a built payload', () => {
  expect(parseJobPayload(JSON.parse(JSON.stringify(buildJobPayload(ref))))).toEqual(ref);
});

test.each([
  ['nothing', undefined],
  ['another version', { version: 2, ...ref }],
  ['no generation id', { version: 1, ...ref, generationId: 'x' }],
  ['a negative index', { version: 1, ...ref, index: -1 }],
  ['a broken index', { version: 1, ...ref, index: 0.5 }],
  ['number 0', { version: 1, ...ref, n: 0 }],
])('%s is refused', (_what, data) => {
  expect(() => parseJobPayload(data)).toThrow();
});

test('the id of a job is the task id of its submission', () => {
  expect(jobIdOf(ref)).toBe(taskUuidOf(ref));
});
