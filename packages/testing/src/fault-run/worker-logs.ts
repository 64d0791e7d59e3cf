import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Reads the log of each worker of a run. */
export async function readWorkerLogs(directory: string): Promise<string[]> {
  const names = (await readdir(directory)).filter((name) => name.startsWith('worker-') && name.endsWith('.log'));
  return Promise.all(names.map((name) => readFile(join(directory, name), 'utf8')));
}

/** Returns the lines of an event in these logs. */
export const linesOf = (logs: readonly string[], event: string): string[] =>
  logs.flatMap((log) => log.split('\n').filter((line) => line.includes(`"event":"${event}"`)));
