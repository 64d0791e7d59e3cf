import { parseUsd, type NanoUsd } from '@darkroom/contracts';
import type { BillLine } from '../src/app.ts';

/** Counts and cost of one taskUUID. */
export interface Account {
  submissions: number;
  acceptances: number;
  executions: number;
  failures: number;
  costNanoUsd: NanoUsd;
}

/** Sums the bill by taskUUID. */
export function accountsOf(lines: readonly BillLine[]): Map<string, Account> {
  const accounts = new Map<string, Account>();
  for (const line of lines) {
    const account = accounts.get(line.taskUUID) ?? { submissions: 0, acceptances: 0, executions: 0, failures: 0, costNanoUsd: 0 };
    accounts.set(line.taskUUID, account);
    if (line.kind === 'submission') account.submissions += 1;
    if (line.kind === 'acceptance') account.acceptances += 1;
    if (line.kind === 'execution') account.executions += 1;
    if (line.kind === 'failure') account.failures += 1;
    if ('costUsd' in line) account.costNanoUsd += parseUsd(line.costUsd);
  }
  return accounts;
}
