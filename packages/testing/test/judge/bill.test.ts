import { expect, test } from 'vitest';
import { clean, judged } from './judged.ts';

test('reads a bill without its torn last line', async () => {
  expect(await judged((history) => history.scribble('{"kind":"execution","at":1,'))).toEqual(clean);
});

test('the judge leaves uploads out', async () => {
  expect(await judged((history) => history.scribble('{"kind":"upload","at":1,"taskUUID":"x"}\n'))).toEqual(clean);
});

test.each([
  ['without its cost', '{"kind":"execution","at":1,"taskUUID":"x","run":1,"images":[]}'],
  ['of an unknown kind', '{"kind":"surcharge","at":1,"taskUUID":"x","costUsd":"5"}'],
  ['that is no JSON', '{"kind":"execution",'],
])('refuses a line %s', async (_what, line) => {
  await expect(judged((history) => history.scribble(`${line}\n`))).rejects.toThrow(/line 4 of the bill cannot be read/);
});
