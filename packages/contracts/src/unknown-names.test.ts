import { expect, test } from 'vitest';
import { ProblemList, type Problem } from './problems.ts';
import { readOptions, type OptionNames } from './unknown-names.ts';

const optionNameProblems = (given: unknown, options: OptionNames): Problem[] => {
  const problems = new ProblemList();
  readOptions(given as object, options, problems); // a value that the types forbid
  return problems.told;
};
const names = { path: 'options', known: ['idempotencyKey', 'runAt'], otherNames: { delay: 'runAt' } };

test('accepts known names, and names without a value', () => {
  expect(optionNameProblems({ idempotencyKey: 'x', runAt: undefined, other: undefined }, names)).toEqual([]);
});

test('refuses an unknown name and suggests the name most likely meant', () => {
  expect(optionNameProblems({ idempotencykey: 'x', delay: 5, priority: 1 }, names)).toEqual([
    { path: 'options.idempotencykey', message: 'is not an option (did you mean "idempotencyKey"?)', given: 'a string of 1 character' },
    { path: 'options.delay', message: 'is not an option (did you mean "runAt"?)', given: 'a number' },
    { path: 'options.priority', message: 'is not an option; allowed are idempotencyKey, runAt', given: 'a number' },
  ]);
});

test('a call without options says so', () => {
  expect(optionNameProblems({ priority: 1 }, { path: 'options', known: [] })).toMatchObject([
    { path: 'options.priority', message: 'is not an option: this call takes none' },
  ]);
});

test.each([null, 'later', 5, [], true])('%j is refused as a whole', (given) => {
  expect(optionNameProblems(given, names)).toMatchObject([{ path: 'options', message: 'must be an object' }]);
});

test('repeats only part of a long name, and nothing of its value', () => {
  const [problem] = optionNameProblems({ ['x'.repeat(1_000_000)]: 'a secret' }, names);
  expect(problem?.path.length).toBeLessThan(100);
  expect(JSON.stringify(problem)).not.toContain('secret');
});

class Spec {
  idempotencyKey = 'own';
  get runAt(): number {
    return 5;
  }
  get delay(): number {
    return 5;
  }
  describe(): string {
    return 'a method is no option';
  }
}

test('checks and copies inherited, hidden and symbol properties too', () => {
  const { idempotencyKey: _none, ...hidden } = { idempotencyKey: 0 };
  Object.defineProperty(hidden, 'delay', { value: 5 });
  for (const given of [Object.create({ delay: 5 }), Object.create(Object.create(null, { delay: { value: 5 } })), new Spec(), hidden])
    expect(optionNameProblems(given, names)).toMatchObject([{ path: 'options.delay' }]);
  expect(optionNameProblems({ [Symbol('delay')]: 5 }, names)).toMatchObject([{ path: 'options.Symbol(delay)' }]);
  const problems = new ProblemList();
  expect(readOptions<object>(new Spec(), names, problems)).toEqual({ idempotencyKey: 'own', runAt: 5 });
});

test('reads each name once, so that the checked value is the used one', () => {
  let reads = 0;
  const given = {
    get runAt(): number {
      reads += 1;
      return reads;
    },
  };
  expect(readOptions(given, names, new ProblemList())).toEqual({ runAt: 1 });
  expect(reads).toBe(1);
});

test('refuses an object that throws when read, without repeating the error', () => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  const getter = {
    get runAt(): number {
      throw new Error('a secret');
    },
  };
  const endless: object = new Proxy({}, { getPrototypeOf: () => endless });
  for (const given of [proxy, getter, endless]) {
    const problems = optionNameProblems(given, names);
    expect(problems).toEqual([{ path: 'options', message: expect.stringContaining('cannot be read') }]);
  }
});
