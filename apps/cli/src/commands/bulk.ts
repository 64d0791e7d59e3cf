import { defineCommand, findingOptions } from './command.ts';
import { filterOptions, listOptionsOf, type FilterValues } from './filters.ts';
import { argumentsLeft, flag, option } from './input.ts';
import { readGenerationId, readWords } from './read-value.ts';

const GOING_ON =
  'By filter it takes what was there when it began. Each change is safe to repeat, so the same command goes on after a kill; it names the --created-before with which it takes the same generations again.';

const manyArguments = { generationIds: argumentsLeft('ids of the generations; none with a filter', readGenerationId) };
const manyOptions = {
  ...filterOptions,
  dryRun: flag('changes nothing; tells how many it would take, and their money'),
  ...findingOptions,
};

const reasonOption = option('text', 'why; the log of acts keeps it, which the dashboard shows', readWords(200));

/** Refuses a command that names nothing, or both ids and a filter: neither may change all generations by a slip. */
const checkChoice = ({ generationIds, ...values }: FilterValues & { readonly generationIds: readonly string[] }): readonly string[] => {
  const hasFilter = Object.keys(listOptionsOf(values)).length > 0;
  if (hasFilter === generationIds.length > 0) return ['it takes ids of generations, or a filter such as --tag or --status'];
  return [];
};

export const cancelCommand = defineCommand({
  name: 'cancel',
  group: 'Images',
  summary: 'cancels generations, by id or by filter: what is not sent yet is never bought',
  details: [GOING_ON],
  arguments: manyArguments,
  options: { ...manyOptions, reason: reasonOption },
  examples: [
    ['darkroom cancel 01890a5d-ac96-774b-bcce-b302099a8057', 'cancels one'],
    ['darkroom cancel --tag summer --dry-run', 'tells how many would be cancelled, and the money that it frees'],
  ],
  check: checkChoice,
  run: async (values, context) => (await import('../images/change-many.ts')).runCancel(values, context),
});

export const retryCommand = defineCommand({
  name: 'retry',
  group: 'Images',
  summary: 'buys the images of generations again that did not succeed, by id or by filter',
  details: [GOING_ON],
  arguments: manyArguments,
  options: {
    ...manyOptions,
    mayPayAgain: flag('also buys images again that are unknown or lost, and may be paid for twice; needs --reason'),
    reason: option(
      'text',
      'why; the log of acts keeps it, and with --may-pay-again the record of each purchase, for good: name no person',
      readWords(200),
    ),
  },
  examples: [
    ['darkroom retry --status failed --created-from 2026-11-30 --dry-run', 'tells how many images would be bought again, and for how much'],
    ['darkroom retry --status failed --code provider.failed', 'buys them again'],
  ],
  check: ({ mayPayAgain, reason, ...values }) => [
    ...checkChoice(values),
    ...(mayPayAgain && reason === undefined ? ['--may-pay-again needs --reason'] : []),
  ],
  run: async (values, context) => (await import('../images/change-many.ts')).runRetry(values, context),
});

export const eraseCommand = defineCommand({
  name: 'erase',
  group: 'Images',
  summary: 'erases requests and images of generations for good, by id or by filter',
  details: ['Status, cost and the name of the tenant stay.', GOING_ON],
  arguments: manyArguments,
  options: {
    ...manyOptions,
    cancel: flag('cancels open generations first; without it an open one is refused'),
    retries: flag('also erases the generations that bought its images again'),
    yes: flag('does it; needed, since it cannot be undone'),
    reason: reasonOption,
  },
  examples: [
    ['darkroom erase --metadata user=alice --dry-run', 'tells how many would be erased'],
    ['darkroom erase 01890a5d-ac96-774b-bcce-b302099a8057 --yes', 'erases one'],
  ],
  check: ({ yes, dryRun, ...values }) => [
    ...checkChoice(values),
    ...(yes || dryRun ? [] : ['erase cannot be undone: add --yes, or --dry-run to see what it would take']),
  ],
  run: async (values, context) => (await import('../images/change-many.ts')).runErase(values, context),
});

export const exportCommand = defineCommand({
  name: 'export',
  group: 'Operation',
  summary: 'prints generations as JSON, one a line, with their requests and images',
  details: ['It prints prompts. Redis holds a generation for seven days after its end; the bucket holds its records for good.'],
  options: { ...filterOptions, ...findingOptions },
  examples: [['darkroom export --tenant acme > acme.jsonl', 'writes all generations of acme into a file']],
  run: async (values, context) => (await import('../images/export.ts')).runExport(values, context),
});
