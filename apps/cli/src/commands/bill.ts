import { defineCommand, findingOptions } from './command.ts';
import { option, WrongValue, type Reader } from './input.ts';
import { readPath, shown } from './read-value.ts';

const readMonth: Reader<string> = (text, name) => {
  if (/^20\d\d-(0[1-9]|1[0-2])$/.test(text)) return text;
  throw new WrongValue(`${name} must be a month in UTC, such as 2026-11, got ${shown(text)}`);
};

export const billCommand = defineCommand({
  name: 'bill',
  group: 'Operation',
  summary: "compares the ledger of a month with the provider's bill, and names each difference",
  details: [
    'It names each charge without a purchase, each purchase without a charge, and each differing price.',
    'The file is an export of single charges: JSON lines, or a table whose first line names its columns (taskUUID, cost, and date if there is one).',
    'It reads the records of the month from the bucket, one request for each purchase. The exit code is 3 with a difference.',
  ],
  options: {
    month: option('yyyy-mm', 'the month, in UTC', readMonth),
    file: option('file', 'the exported charges', readPath),
    ...findingOptions,
  },
  examples: [
    ['darkroom bill --month 2026-11 --file usage-2026-11.csv', 'prints a line for each difference, and the sums'],
    ['darkroom bill --month 2026-11 --file usage-2026-11.csv --json', 'prints the same as lines of JSON'],
  ],
  check: ({ month, file }) => [
    ...(month === undefined ? ['it needs --month <yyyy-mm>'] : []),
    ...(file === undefined ? ["it needs --file <file>: the provider's usage API tells sums, and no single charges"] : []),
  ],
  run: async ({ dataDir, month = '', file = '' }, context) =>
    (await import('../operate/bill/bill.ts')).runBill({ dataDir, month, file }, context),
});
