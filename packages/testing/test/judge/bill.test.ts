import { expect, test } from 'vitest';
import { clean, judged } from './judged.ts';

test('a bill that ends in the middle of a line is read without it', async () => {
  expect(await judged((history) => history.scribble('{"kind":"execution","at":1,'))).toEqual(clean);
});

test('what was uploaded is nothing that is judged', async () => {
  expect(await judged((history) => history.scribble('{"kind":"upload","at":1,"taskUUID":"x"}\n'))).toEqual(clean);
});

test.each([
  ['without its cost', '{"kind":"execution","at":1,"taskUUID":"x","run":1,"images":[]}'],
  ['of a kind that nobody knows', '{"kind":"surcharge","at":1,"taskUUID":"x","costUsd":"5"}'],
  ['that is no JSON', '{"kind":"execution",'],
])('a line %s is not passed over', async (_what, line) => {
  await expect(judged((history) => history.scribble(`${line}\n`))).rejects.toThrow(/line 4 of the bill cannot be read/);
});
