import { expect, test } from 'vitest';
import { parseCommandLine } from './command-line.ts';

const parse = (...words: string[]) => parseCommandLine(words, ['pipeline', 'receiver']);

test('runs all scenarios three times by default', () => {
  expect(parse()).toEqual({
    kind: 'run',
    settings: { isQuick: false, runs: 3, size: undefined, minutes: undefined, only: undefined, compare: undefined, writes: false },
  });
});

test('takes a list of scenarios and a number of runs', () => {
  expect(parse('--only', 'pipeline, receiver', '--runs', '5')).toMatchObject({ settings: { only: ['pipeline', 'receiver'], runs: 5 } });
});

test('a quick run is one run in small', () => {
  expect(parse('--quick')).toMatchObject({ settings: { isQuick: true, runs: 1 } });
  expect(parse('--quick', '--runs', '3', '--size', '500')).toMatchObject({ settings: { isQuick: true, runs: 3, size: 500 } });
});

test.each([
  ['an unknown scenario', ['--only', 'pipelin'], 'pipeline, receiver'],
  ['no run', ['--runs', '0'], 'from 1 to 100'],
  ['a comparison of too few runs for a median', ['--runs', '2', '--compare', 'HEAD'], '--runs 3'],
  ['a size that is no number', ['--size', 'large'], 'from 10 to 1000000'],
  ['an unknown option', ['--fast'], '--fast'],
  ['a commit that is an option', ['--compare=--help'], 'must name a commit'],
])('names what is wrong with %s', (_name, words, told) => {
  const command = parse(...words);
  expect(command.kind === 'wrong' && command.message).toContain(told);
});
