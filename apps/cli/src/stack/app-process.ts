import { writeFileSync } from 'node:fs';
import type { LocalStackError } from '@darkroom/contracts';
import { checkUrl, startProgram, type Environment, type OwnFolder } from '@darkroom/local-stack';

export interface AppProcessOptions {
  readonly name: string;
  /** The compiled program. */
  readonly script: string;
  /** Its whole environment. */
  readonly environment: Environment;
  /** Receives everything that the process prints; emptied first. */
  readonly logFile: string;
  /** Answers 200 when the process is ready. */
  readonly readyUrl: string;
  /** Notes the process, so that the next start ends it if a kill leaves it behind. */
  readonly folder: OwnFolder;
  /** Called if the process ends without a call of `stop`. */
  readonly onDeath: (error: LocalStackError) => void;
}

/** One of our apps as a child process. */
export interface AppProcess {
  /** Resolves when the process is ready. Rejects with LocalStackError if it ends first or is not ready in time. */
  readonly ready: Promise<void>;
  /** Asks the process to end and waits; kills it if it takes too long or `hurry` is aborted. May be called twice. */
  stop(hurry: AbortSignal): Promise<void>;
}

const READY_LIMIT_MS = 20_000;
const STOP_LIMIT_MS = 10_000;

/** Starts the process. */
export function startApp({ name, script, environment, logFile, readyUrl, folder, onDeath }: AppProcessOptions): AppProcess {
  writeFileSync(logFile, '');
  const program = startProgram({ name, args: ['--enable-source-maps', script], environment, logFile, hasOwnGroup: true });
  if (program.child.pid !== undefined) folder.note(program.child.pid, script);
  let isStopping = false;
  void program.ended.then((how) => {
    if (!isStopping) onDeath(program.failure(`ended ${how}`));
  });
  return {
    ready: program.untilReady(checkUrl(readyUrl, true), READY_LIMIT_MS),
    async stop(hurry) {
      isStopping = true;
      await program.stop(STOP_LIMIT_MS, hurry);
    },
  };
}
