import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { LocalStackError } from '@darkroom/contracts';
import { isAlive } from '../is-alive.ts';
import { findServerInfo } from './server-info.ts';

/** Address of the server of a data folder, kept beside its data for the next start. */
interface Whereabouts {
  readonly pid: number;
  readonly url: string;
}

const fileIn = (dir: string): string => join(dir, 'server.json');
const STOP_LIMIT_MS = 5_000;
const ANSWER_LIMIT_MS = 1_000;

export const recordServer = (dir: string, whereabouts: Whereabouts): void => writeFileSync(fileIn(dir), JSON.stringify(whereabouts));

export const forgetServer = (dir: string): void => rmSync(fileIn(dir), { force: true });

/**
 * Ends the server that a killed process left behind in this data folder: a second server would destroy the append-only file. It ends
 * only a Redis that answers at the recorded address with the recorded process id.
 * @throws LocalStackError if that server does not end.
 */
export async function endOrphan(dir: string): Promise<void> {
  const left = readWhereabouts(dir);
  if (left === undefined) return;
  const info = await findServerInfo(left.url, ANSWER_LIMIT_MS);
  if (info?.processId === left.pid) {
    process.kill(left.pid, 'SIGTERM');
    await waitForEnd(left.pid);
  }
  forgetServer(dir);
}

async function waitForEnd(pid: number): Promise<void> {
  const limit = AbortSignal.timeout(STOP_LIMIT_MS);
  while (isAlive(pid)) {
    if (limit.aborted)
      throw new LocalStackError(
        `cannot stop the Redis that an earlier run left behind: process ${pid} did not end within ${STOP_LIMIT_MS} ms; end it yourself`,
      );
    await delay(10);
  }
}

function readWhereabouts(dir: string): Whereabouts | undefined {
  try {
    // Only `recordServer` writes this file.
    return JSON.parse(readFileSync(fileIn(dir), 'utf8')) as Whereabouts;
  } catch {
    return undefined;
  }
}
