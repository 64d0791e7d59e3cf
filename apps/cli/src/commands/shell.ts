import { defineCommand } from './command.ts';
import { shells, writeCompletion } from './completion.ts';
import { argument } from './input.ts';
import { readChoice } from './read-value.ts';

export const completionCommand = defineCommand({
  name: 'completion',
  group: 'Shell',
  summary: 'prints a script that completes commands and options in a shell',
  arguments: { shell: argument('the shell', readChoice(shells), { choices: shells }) },
  examples: [
    ['source <(darkroom completion bash)', 'completes in this bash'],
    ['darkroom completion fish > ~/.config/fish/completions/darkroom.fish', 'completes in every fish from now on'],
  ],
  run({ shell }, { answer, commands }) {
    const script = writeCompletion(shell, commands);
    answer({ shell, script }, [script]);
    return Promise.resolve(0);
  },
});
