import { existsSync } from 'node:fs';
import { tasksOf } from '../judge/billed-tasks.ts';
import { readBill } from '../judge/bill.ts';

/** A task in the provider's bill, read from the file alone. */
export interface BilledTask {
  submissions: number;
  refusals: number;
  executions: number;
  failures: number;
}

/** Adds up the bill by `taskUUID`, as the judge reads it; a provider that was asked nothing has none. */
export async function readBilledTasks(billFile: string): Promise<Map<string, BilledTask>> {
  const tasks = existsSync(billFile) ? tasksOf(await readBill(billFile)) : new Map();
  return new Map(
    [...tasks].map(([taskUUID, { receipts, refusals, executions, failures }]) => [
      taskUUID,
      { submissions: receipts.length, refusals: refusals.length, executions: executions.length, failures: failures.length },
    ]),
  );
}

/** Returns the number of billed executions. */
export const countExecutions = (tasks: ReadonlyMap<string, BilledTask>): number =>
  [...tasks.values()].reduce((sum, { executions }) => sum + executions, 0);
