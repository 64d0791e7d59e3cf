import { expect, test } from 'vitest';
import { optionNameProblems } from './unknown-names.ts';

const names = { path: 'options', known: ['idempotencyKey', 'runAt'], otherNames: { delay: 'runAt' } };

test('known names, and names without a value, are no problem', () => {
  expect(optionNameProblems({ idempotencyKey: 'x', runAt: undefined, other: undefined }, names)).toEqual([]);
});

test('an unknown name is refused with the name that was most likely meant', () => {
  expect(optionNameProblems({ idempotencykey: 'x', delay: 5, priority: 1 }, names)).toEqual([
    { path: 'options.idempotencykey', message: 'is not an option (did you mean "idempotencyKey"?)', given: 'a string of 1 character' },
    { path: 'options.delay', message: 'is not an option (did you mean "runAt"?)', given: 'a number' },
    { path: 'options.priority', message: 'is not an option; allowed are idempotencyKey, runAt', given: 'a number' },
  ]);
});

test.each([null, 'later', 5, [], true])('%j is refused as a whole', (given) => {
  expect(optionNameProblems(given, names)).toMatchObject([{ path: 'options', message: 'must be an object' }]);
});

test('a name of any length is repeated in part, and what it holds is not', () => {
  const [problem] = optionNameProblems({ ['x'.repeat(1_000_000)]: 'a secret' }, names);
  expect(problem?.path.length).toBeLessThan(100);
  expect(JSON.stringify(problem)).not.toContain('secret');
});
