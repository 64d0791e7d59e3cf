import { InvalidRequestError } from '@darkroom/contracts';
import { buildGenerationStore, defaultRetention } from '@darkroom/generation-store';
import type { CommandContext } from '../commands/command.ts';
import { listOptionsOf, type FilterValues } from '../commands/filters.ts';
import { findDoor } from '../http-door/door-settings.ts';
import { connectRedis } from '../operate/connect-redis.ts';
import { findUserName } from '../operate/user-name.ts';

/** A command that changes generations, and why. */
export interface SignedChange extends FilterValues {
  readonly dataDir: string | undefined;
  readonly generationIds: readonly string[];
  readonly reason: string;
}

const MOST_SHOWN = 200;

/**
 * Notes in the log of acts that a command changes generations, and why, before it changes the first: one that is killed is noted too.
 * @throws InvalidRequestError through the HTTP API, which does not write that log; ConfigError; LocalStackError.
 */
export async function noteReason(
  act: string,
  values: SignedChange,
  { environment, root }: Pick<CommandContext, 'environment' | 'root'>,
): Promise<void> {
  if (findDoor(environment) !== undefined)
    throw new InvalidRequestError([
      {
        path: '--reason',
        message:
          'is kept in the log of acts of the operators, which the HTTP API does not write: leave it out, or set REDIS_URL instead of DARKROOM_URL',
      },
    ]);
  const { redis, prefix } = await connectRedis({ environment, dataDir: values.dataDir, root });
  try {
    const store = buildGenerationStore({ prefix, retention: defaultRetention, pollRate: { perSecond: 1, burst: 1 } }, redis);
    await store.noteAct({ act, on: describeChoice(values), reason: values.reason, who: findUserName() });
  } finally {
    redis.disconnect();
  }
}

/** Names what a command takes: the ids, or the filter. */
function describeChoice({ generationIds, ...values }: SignedChange): string {
  if (generationIds.length > 0) return shorten(generationIds.join(' '));
  const filter = Object.entries(listOptionsOf(values)).map(([name, value]) => {
    const words = value instanceof Date ? value.toISOString() : typeof value === 'string' ? value : JSON.stringify(value);
    return `${name} ${words}`;
  });
  return shorten(filter.join(', '));
}

const shorten = (words: string): string => (words.length <= MOST_SHOWN ? words : `${words.slice(0, MOST_SHOWN - 1)}…`);
