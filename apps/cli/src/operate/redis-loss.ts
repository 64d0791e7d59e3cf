import { DarkroomError } from '@darkroom/contracts';
import { redisTroubleOf } from '@darkroom/generation-store';

/**
 * Describes in one line that Redis went away or refused in the middle of a command.
 * @returns undefined for any other error: of S3, of the settings, or a bug.
 */
export function describeRedisLoss(error: unknown): string | undefined {
  if (error instanceof DarkroomError) return undefined;
  const { reason, words } = redisTroubleOf(error);
  if (reason === 'unknown') return undefined;
  // For a closed connection the driver reports its number of attempts, which does not help an operator.
  const why = reason === 'closed' ? 'the connection was closed' : words.replace(/\.$/, '');
  return `redis cannot be used any more (${reason}): ${why}; the changes of the command so far stay, and the same command can be run again`;
}
