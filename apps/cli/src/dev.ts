import path from 'node:path';
import { defined } from '@darkroom/contracts';
import { createClosing } from '@darkroom/local-stack';
import type { CommandContext, ExitCode } from './commands/command.ts';
import { openDataFolder } from './data-folder/data-folder.ts';
import { describeDoors } from './describe-doors.ts';
import { startApps } from './stack/apps.ts';
import type { RedisChoice } from './stack/redis-choices.ts';
import { openStores } from './stack/stores.ts';

export interface DevValues {
  readonly dataDir: string;
  readonly redis: RedisChoice | undefined;
}

/** Settings that would lead a process to another store or to a provider that costs money: a Darkroom for development has its own. */
const FOREIGN = /^(?:REDIS_|S3_|RUNWARE_|DARKROOM_|WEBHOOK_|DAILY_CAP_|MONTHLY_CAP_|TENANT_)/;

/**
 * Starts a whole Darkroom for development, with an emulator as its provider, prints how to reach it, and runs until a signal.
 * @returns 0 after a signal; 1 if a process did not become ready, or died.
 */
export async function runDev({ dataDir, redis }: DevValues, { environment, root, terminal, signals }: CommandContext): Promise<ExitCode> {
  const closing = createClosing();
  const over = new AbortController();
  const onStop = (): void => over.abort();
  signals.stop.addEventListener('abort', onStop);
  if (signals.stop.aborted) onStop();
  try {
    const own = Object.fromEntries(Object.entries(environment).filter(([name]) => !FOREIGN.test(name) || name === 'REDIS_SERVER_BIN'));
    const folder = await openDataFolder(dataDir);
    closing.add(() => folder.owned.release());
    terminal.print(terminal.paint('bold', 'Darkroom for development'), '');
    const config = { redis: undefined, s3: undefined, environment: own };
    const stores = await openStores(
      { config, folder, cacheDir: path.join(dataDir, 'cache'), now: Date.now, ...defined({ redis }) },
      closing,
    );
    over.signal.throwIfAborted();
    const darkroom = await startApps(
      { stores, folder, root, environment: own, provider: undefined, onDeath: (error) => over.abort(error) },
      closing,
    );
    over.signal.throwIfAborted();
    terminal.print(...describeDoors({ stores, darkroom, logs: folder.logs }), terminal.paint('bold', 'Runs on until Ctrl-C.'));
    await untilAborted(over.signal);
    if (over.signal.reason instanceof Error && over.signal.reason.name !== 'AbortError') throw over.signal.reason;
    return 0;
  } catch (error) {
    if (signals.stop.aborted) return 130;
    terminal.complain(`\ncannot continue: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  } finally {
    terminal.print(terminal.paint('dim', 'stopping …'));
    for (const failure of await closing.closeAll(signals.hurry)) terminal.complain(`while stopping: ${String(failure)}`);
    signals.stop.removeEventListener('abort', onStop);
  }
}

const untilAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
