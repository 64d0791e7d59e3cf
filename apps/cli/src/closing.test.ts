import { expect, test } from 'vitest';
import { createClosing } from './closing.ts';

const { signal } = new AbortController();

test('closes everything once, in the opposite order, even after a failure', async () => {
  const closing = createClosing();
  const closed: string[] = [];
  closing.add(() => void closed.push('first'));
  closing.add(() => Promise.reject(new Error('stuck')));
  closing.add(async () => void closed.push('last'));
  expect(await closing.closeAll(signal)).toEqual([new Error('stuck')]);
  expect(closed).toEqual(['last', 'first']);
  expect(await closing.closeAll(signal)).toEqual([]);
  expect(closed).toHaveLength(2);
});
