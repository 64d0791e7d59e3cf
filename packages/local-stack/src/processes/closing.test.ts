import { expect, test } from 'vitest';
import { closeAtOnce, createClosing } from './closing.ts';

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

test('closes at once, in a hurry, and throws the failures at the end', async () => {
  const closing = createClosing();
  const hurried: boolean[] = [];
  closing.add((hurry) => void hurried.push(hurry.aborted));
  closing.add(() => Promise.reject(new Error('stuck')));
  await expect(closeAtOnce(closing)).rejects.toMatchObject({ errors: [new Error('stuck')] });
  expect(hurried).toEqual([true]);
  await closeAtOnce(closing);
});
