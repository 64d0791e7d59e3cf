import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import type { Environment } from '../processes/program.ts';

const NAMES = ['valkey-server', 'redis-server', 'redict-server', 'keydb-server'];

/** Folders of package managers that the PATH of a desktop session often lacks. */
const USUAL_FOLDERS = ['/usr/bin', '/usr/local/bin', '/opt/homebrew/bin', '/opt/homebrew/opt/valkey/bin', '/opt/homebrew/opt/redis/bin'];

/** Returns the first executable Redis-like server on PATH or in the usual folders. */
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

/** Returns true if `<binary> --version` succeeds; it fails for a binary without its libraries. */
export const doesRun = (binary: string, environment: Environment): Promise<boolean> =>
  new Promise((resolve) => {
    execFile(binary, ['--version'], { env: { ...environment }, timeout: 5000 }, (error) => resolve(error === null));
  });
