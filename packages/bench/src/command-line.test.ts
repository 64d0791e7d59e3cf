import { expect, test } from 'vitest';
import { parseCommandLine } from './command-line.ts';

const parse = (...words: string[]) => parseCommandLine(words, ['pipeline', 'receiver']);

test('runs all scenarios three times by default', () => {
  expect(parse()).toEqual({
    kind: 'run',
    settings: { isQuick: false, runs: 3, only: undefined, compare: undefined, writes: false },
  });
});

test('takes a list of scenarios and a number of runs', () => {
  expect(parse('--only', 'pipeline, receiver', '--runs', '5')).toMatchObject({ settings: { only: ['pipeline', 'receiver'], runs: 5 } });
});

test.each([
  ['an unknown scenario', ['--only', 'pipelin'], 'pipeline, receiver'],
  ['too few runs for a median', ['--runs', '2'], 'from 3 to 100'],
  ['an unknown option', ['--fast'], '--fast'],
  ['a commit that is an option', ['--compare=--help'], 'must name a commit'],
])('names what is wrong with %s', (_name, words, told) => {
  const command = parse(...words);
  expect(command.kind === 'wrong' && command.message).toContain(told);
});
