import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import type { Environment } from '../processes/program.ts';

const NAMES = ['valkey-server', 'redis-server', 'redict-server', 'keydb-server'];

/** Where package managers put servers without touching the PATH of a desktop session. */
const USUAL_FOLDERS = ['/usr/bin', '/usr/local/bin', '/opt/homebrew/bin', '/opt/homebrew/opt/valkey/bin', '/opt/homebrew/opt/redis/bin'];

/** The first Redis-like server on PATH or in the usual folders that can be executed. */
export async function findRedisBinary(environment: Environment): Promise<string | undefined> {
  const suffix = process.platform === 'win32' ? '.exe' : '';
  const folders = [...(environment['PATH'] ?? '').split(delimiter).filter((folder) => folder !== ''), ...USUAL_FOLDERS];
  for (const name of NAMES) {
    for (const folder of folders) {
      const file = join(folder, name + suffix);
      if (await isExecutable(file)) return file;
    }
  }
  return undefined;
}

const isExecutable = (file: string): Promise<boolean> =>
  access(file, constants.X_OK).then(
    () => true,
    () => false,
  );

/** Whether `<binary> --version` ends well: a binary without its libraries does not. */
export const doesRun = (binary: string, environment: Environment): Promise<boolean> =>
  new Promise((resolve) => {
    execFile(binary, ['--version'], { env: { ...environment }, timeout: 5000 }, (error) => resolve(error === null));
  });
