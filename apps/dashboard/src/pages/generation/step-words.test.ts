import { expect, test } from 'vitest';
import { wordsOfStep } from './step-words.ts';

test('a send that was answered with an error of the server is not called unanswered', () => {
  expect(wordsOfStep({ step: 'unanswered', at: 0, number: 1, code: 'internalServerError' })).toBe(
    'no answer says if the provider accepted it (number 1) – internalServerError',
  );
});
