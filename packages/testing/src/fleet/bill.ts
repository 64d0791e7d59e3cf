import { readFile } from 'node:fs/promises';
import { z } from 'zod';

const lineSchema = z.object({ kind: z.string(), taskUUID: z.string(), costUsd: z.string().optional() });

/** A task in the provider's bill, read from the file alone. */
export interface BilledTask {
  submissions: number;
  refusals: number;
  executions: number;
  failures: number;
}

/** Adds up the bill by `taskUUID`. It ignores a torn last line, which a killed provider leaves. */
export async function readBilledTasks(billFile: string): Promise<Map<string, BilledTask>> {
  const text = await readFile(billFile, 'utf8').catch(() => '');
  const tasks = new Map<string, BilledTask>();
  for (const line of text.split('\n').slice(0, -1)) {
    const { kind, taskUUID } = lineSchema.parse(JSON.parse(line));
    const task = tasks.get(taskUUID) ?? { submissions: 0, refusals: 0, executions: 0, failures: 0 };
    tasks.set(taskUUID, task);
    if (kind === 'submission') task.submissions += 1;
    if (kind === 'refusal') task.refusals += 1;
    if (kind === 'execution') task.executions += 1;
    if (kind === 'failure') task.failures += 1;
  }
  return tasks;
}

/** Returns the number of billed executions. */
export const countExecutions = (tasks: ReadonlyMap<string, BilledTask>): number =>
  [...tasks.values()].reduce((sum, { executions }) => sum + executions, 0);
