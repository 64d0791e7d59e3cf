import { test } from 'vitest';

test('leaves an interval running', () => {
  setInterval(() => undefined, 60_000);
});
