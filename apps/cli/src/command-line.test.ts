import { expect, test } from 'vitest';
import { helpText, parseCommandLine } from './command-line.ts';

const parse = (...words: string[]) => parseCommandLine(words, '/root');

test('start keeps its data under the installation unless it is told where', () => {
  expect(parse('start')).toEqual({ kind: 'start', once: false, dataDir: '/root/.local/data' });
  expect(parse('start', '--once', '--data-dir', '/elsewhere', '--redis=js')).toEqual({
    kind: 'start',
    once: true,
    dataDir: '/elsewhere',
    redis: 'js',
  });
});

test('no word, "help", --help and -h ask for help', () => {
  for (const words of [[], ['help'], ['--help'], ['start', '-h']]) expect(parse(...words), words.join(' ')).toEqual({ kind: 'help' });
});

test.each([
  [['begin'], 'there is no command "begin"; there are: start, help'],
  [['start', 'now'], 'start takes no words after it, got "now"'],
  [['start', '--twice'], "unknown option '--twice'"],
  [['start', '--redis', 'docker'], '--redis must be one of binary, deb, js, got "docker"'],
  [['start', '--data-dir'], 'argument missing'],
])('%j is wrong, and the help follows', (words, message) => {
  const command = parse(...words);
  expect(command.kind).toBe('wrong');
  expect('message' in command && command.message).toContain(message);
  expect('message' in command && command.message).toContain(helpText);
});
