import path from 'node:path';
import { defined } from '@darkroom/contracts';
import type { Closing } from '@darkroom/local-stack';
import { createObjectStorage } from '@darkroom/object-storage';
import type { CommandContext } from './commands/command.ts';
import { openDataFolder } from './data-folder/data-folder.ts';
import { describeDoors } from './describe-doors.ts';
import { runUntilOver, untilOver, type RunExitCode } from './run-until-over.ts';
import { ensureApiKey } from './stack/api-key.ts';
import { startApps } from './stack/apps.ts';
import type { RedisChoice } from './stack/redis-choices.ts';
import { openStore } from './stack/open-store.ts';
import { openStores, type Stores } from './stack/stores.ts';

export interface DevValues {
  readonly dataDir: string;
  readonly redis: RedisChoice | undefined;
}

const STORAGE_TIMEOUT_MS = 10_000;

/** Settings that would lead a process to another store or to a provider that costs money: a Darkroom for development has its own. */
const FOREIGN = /^(?:REDIS_|S3_|RUNWARE_|DARKROOM_|WEBHOOK_|DAILY_CAP_|MONTHLY_CAP_|TENANT_)/;

/**
 * Starts a whole Darkroom for development, with an emulator as its provider, prints how to reach it, and runs until a signal.
 * @returns 0 after a signal; 1 if a process did not become ready, or died.
 */
export const runDev = ({ dataDir, redis }: DevValues, { environment, programs, terminal, signals }: CommandContext): Promise<RunExitCode> =>
  runUntilOver({ terminal, signals }, async (closing, over) => {
    const { signal } = over;
    const own = Object.fromEntries(Object.entries(environment).filter(([name]) => !FOREIGN.test(name) || name === 'REDIS_SERVER_BIN'));
    const folder = await openDataFolder(dataDir);
    closing.add(() => folder.owned.release());
    terminal.print(terminal.paint('bold', 'Darkroom for development'), '');
    const config = { redis: undefined, s3: undefined, environment: own };
    const stores = await openStores(
      { config, folder, cacheDir: path.join(dataDir, 'cache'), now: Date.now, ...defined({ redis }) },
      closing,
    );
    signal.throwIfAborted();
    const darkroom = await startApps(
      { stores, folder, programs, environment: own, provider: undefined, onDeath: (error) => over.abort(error) },
      closing,
    );
    signal.throwIfAborted();
    const apiKey = await openApi(stores, folder.dir, closing);
    terminal.print(...describeDoors({ stores, darkroom, logs: folder.logs, apiKey }), terminal.paint('bold', 'Runs on until Ctrl-C.'));
    await untilOver(signal);
    return 0;
  });

/** Returns a key of the HTTP API, kept in the data folder. */
async function openApi(stores: Stores, dir: string, closing: Closing): Promise<string> {
  const archive = createObjectStorage({ ...stores.s3, requestTimeoutMs: STORAGE_TIMEOUT_MS, maxImageBytes: 1 }, { now: Date.now });
  closing.add(() => archive.close());
  return ensureApiKey(dir, { store: openStore(stores, closing), archive });
}
