import { expect, test } from 'vitest';
import { parseCommandLine } from './command-line.ts';

const settingsOf = (...words: string[]) => {
  const command = parseCommandLine(words);
  if (command.kind !== 'run') throw new Error(`"${command.kind}" instead of a run`);
  return command.settings;
};

test('the number of generations sets the number of faults, unless an option names it', () => {
  expect(settingsOf('--generations', '2000', '--seed', '7')).toMatchObject({ seed: 7, kills: 50, redisKills: 3, rollbacks: 3 });
  expect(settingsOf('--generations', '2000', '--kills', '0', '--rollbacks', '1')).toMatchObject({ kills: 0, redisKills: 3, rollbacks: 1 });
});

test('the provider forgets only if an option says so', () => {
  expect(settingsOf()).not.toHaveProperty('forget');
  expect(settingsOf('--forget', 'inside-window').forget).toBe('inside-window');
});

test('a scenario names settings, and other options change them', () => {
  expect(settingsOf('--scenario', 'forgotten-refusal')).toMatchObject({
    scenario: 'forgotten-refusal',
    seed: 31_337,
    generations: 600,
    rollbacksAfter429: 1,
    kills: 3,
    switches: { rejectionConsumesId: true, submit429Rate: 0.01 },
  });
  expect(
    settingsOf('--scenario', 'forgotten-refusal', '--generations', '400', '--seed', '2', '--switches', '{"submit429Rate":0.5}'),
  ).toMatchObject({
    seed: 2,
    generations: 400,
    kills: 3,
    rollbacksAfter429: 1,
    switches: { rejectionConsumesId: true, submit429Rate: 0.5 },
  });
});

test('a scenario sets the length of rollbacks, the rate of orders and the age of ids', () => {
  expect(settingsOf('--scenario', 'back-10-minutes')).toMatchObject({
    ordersPerSecond: 1.2,
    rollbacks: 1,
    rollback: { lostMs: 600_000 },
    slowCallers: { withinMs: 3_600_000 },
  });
  expect(settingsOf('--scenario', 'back-30-hours', '--rate', '5')).toMatchObject({ ordersPerSecond: 5, rollbacks: 1 });
});

test.each([
  [['--scenario', 'toString'], /--scenario must be one of forgotten-refusal, .*got "toString"/],
  [['--switches', '[]'], /--switches must be a JSON object, got "\[\]"/],
  [['--generations', 'many'], /--generations must be a whole number and at least 1, got "many"/],
  [['--scale', '0'], /--scale must be a number and at least 0.5, got "0"/],
  [['--forget', 'never'], /--forget must be one of after-window, inside-window/],
  [['--sead', '1'], /unknown option '--sead'/],
])('refuses %j with a message', (words, message) => {
  expect(parseCommandLine(words)).toEqual({ kind: 'wrong', message: expect.stringMatching(message) });
});

test('--help describes every option', () => {
  expect(parseCommandLine(['--seed', '1', '--help'])).toEqual({ kind: 'help' });
});

test('an option that is given twice is refused', () => {
  expect(parseCommandLine(['--seed', '1', '--kills', '2', '--seed', '2'])).toMatchObject({
    kind: 'wrong',
    message: expect.stringMatching(/^--seed was given twice/),
  });
});
