import { expect, test } from 'vitest';
import { RetryRefusedError } from './retry-refused.ts';

test('names every refused image, and has the code that says when to call again', () => {
  const error = new RetryRefusedError('a', [
    { index: 0, code: 'retry.unknown-outcome', generationId: 'a' },
    { index: 3, code: 'retry.in-progress', generationId: 'b' },
  ]);
  expect(error).toMatchObject({ code: 'retry.in-progress', retryable: true });
  expect(error.message).toBe(
    [
      'could not retry generation "a"; nothing was queued or bought',
      '  image 0: nothing tells if it was paid for, and `mayPayAgain` is not given (generation "a")',
      '  image 3: a purchase of it is under way, or one of its sends may have been accepted (generation "b")',
    ].join('\n'),
  );
});
