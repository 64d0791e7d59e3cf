import type { Terminal } from '../terminal.ts';

/**
 * Runs work that starts processes of its own. The container image lacks the package for that: it holds the processes and the commands of users
 * and operators.
 * @returns 2 if the package is missing, with what to do.
 */
export async function withLocalStack<Code extends number>(
  terminal: Pick<Terminal, 'complain'>,
  work: () => Promise<Code>,
): Promise<Code | 2> {
  try {
    await import('@darkroom/local-stack');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND')) throw error;
    terminal.complain(
      'cannot start: this installation brings no Redis and no S3 of its own; run npm start in a checkout of Darkroom, darkroom dev of its npm package, or start the processes with docker compose',
    );
    return 2;
  }
  return work();
}
