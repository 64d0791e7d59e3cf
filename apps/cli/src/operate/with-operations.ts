import type { CommandContext, ExitCode } from '../commands/command.ts';
import { openOperations, type Operations } from './open-operations.ts';

/** Runs the work of an operator's command with its Darkroom open, and names that first. @throws as `openOperations` does. */
export async function withOperations(
  { dataDir }: { readonly dataDir: string | undefined },
  { environment, root, notes }: CommandContext,
  work: (operations: Operations) => Promise<ExitCode>,
): Promise<ExitCode> {
  const operations = await openOperations({ environment, dataDir, root });
  try {
    notes.print(`darkroom  ${operations.where}`);
    return await work(operations);
  } finally {
    await operations.close();
  }
}
