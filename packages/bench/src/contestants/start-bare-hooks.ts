import { fileURLToPath } from 'node:url';
import { startProgram } from '@darkroom/local-stack';
import { bareHooksMessage, BARE_REDIS } from '../naive/settings.ts';
import type { Ground } from './contestant.ts';
import { startOwnRedis } from './own-redis.ts';

/** A server that takes webhooks and runs one script for each. */
export interface BareHooks {
  readonly pid: number;
  readonly url: string;
  stop(): Promise<void>;
}

const START_LIMIT_MS = 20_000;
const STOP_LIMIT_MS = 2_000;

export async function startBareHooks(ground: Ground): Promise<BareHooks> {
  const redis = await startOwnRedis(ground, 'bare hooks');
  const program = startProgram({
    name: 'bare hooks',
    args: [fileURLToPath(new URL('../bare-hooks/main.js', import.meta.url))],
    environment: { ...ground.environment, [BARE_REDIS]: redis.url },
    hasChannel: true,
    hasOwnGroup: true,
  });
  let url: string | undefined;
  program.child.once('message', (message) => ({ url } = bareHooksMessage.parse(message)));
  await program.untilReady(() => Promise.resolve(url === undefined ? { what: 'it is not ready' } : undefined), START_LIMIT_MS);
  return {
    pid: program.child.pid ?? 0,
    url: url ?? '',
    async stop() {
      await program.stop(STOP_LIMIT_MS);
      await redis.stop();
    },
  };
}
