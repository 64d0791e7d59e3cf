import { DarkroomError } from '@darkroom/contracts';
import { redisTroubleOf } from '@darkroom/generation-store';

/**
 * Says in one line that Redis went away, or refused, in the middle of a command.
 * @returns undefined for an error that is another's: of the store S3, of the settings, or a bug
 */
export function describeRedisLoss(error: unknown): string | undefined {
  if (error instanceof DarkroomError) return undefined;
  const { reason, words } = redisTroubleOf(error);
  if (reason === 'unknown') return undefined;
  // The driver says of a closed connection how often it tried, which tells an operator nothing.
  const why = reason === 'closed' ? 'the connection was closed' : words.replace(/\.$/, '');
  return `redis cannot be used any more (${reason}): ${why}; what the command did before stands, and the same command may be given again`;
}
