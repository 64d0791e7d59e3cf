import { expect, test } from 'vitest';
import { createKeyIndex, firstFrom } from './key-index.ts';

test('keys come in order within their folder, whatever was added and removed when', () => {
  const index = createKeyIndex();
  for (const key of ['one/b/2', 'one/a/9', 'one/a/1', 'one/a/5', 'two/a/7']) index.add(key);
  expect(index.sorted('one', 'a/')).toEqual(['one/a/1', 'one/a/5', 'one/a/9']);
  index.remove('one/a/5');
  index.add('one/a/3');
  expect(index.sorted('one', 'a/deeper/')).toEqual(['one/a/1', 'one/a/3', 'one/a/9']);
  expect(index.sorted('one', '')).toEqual(['one/a/1', 'one/a/3', 'one/a/9', 'one/b/2']);
});

test('the place of a text is that of the first key that does not come before it', () => {
  const keys = ['b', 'd', 'f'];
  expect(['a', 'b', 'c', 'f', 'g'].map((text) => firstFrom(keys, text))).toEqual([0, 0, 1, 2, 3]);
});
