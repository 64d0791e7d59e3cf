import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Environment } from '../processes/program.ts';

const run = promisify(execFile);

/** Runs `apt-get` without root, with lists and a cache of its own, so that it changes nothing in the system. */
export interface Apt {
  /** Fetches the package lists, which container images often lack. */
  update(): Promise<void>;
  /** Downloads packages and unpacks them over `root`. It installs nothing and runs no script of a package. */
  unpack(names: readonly string[], root: string): Promise<void>;
  /** Does the same with packages and all their dependencies, without those that this machine has installed. */
  unpackMissing(names: readonly string[], root: string): Promise<void>;
}

/** Returns an apt that works inside `folder`, which the caller removes. An aborted `signal` ends it with an error. */
export async function aptIn(folder: string, environment: Environment, signal: AbortSignal): Promise<Apt> {
  const lists = join(folder, 'lists');
  const cache = join(folder, 'cache');
  await mkdir(join(lists, 'partial'), { recursive: true });
  await mkdir(join(cache, 'archives', 'partial'), { recursive: true });
  const settings = [`Dir::State::lists=${lists}`, `Dir::Cache=${cache}`, 'Debug::NoLocking=1', 'APT::Sandbox::User='];
  const options = ['-qq', ...settings.flatMap((setting) => ['-o', setting])];
  // SIGKILL, because apt-get may wait for its download helpers after a gentler signal.
  const shared = { env: { ...environment, LC_ALL: 'C' }, signal, killSignal: 'SIGKILL' } as const;

  return {
    update: async () => {
      await run('apt-get', [...options, 'update'], shared);
    },
    unpack: async (names, root) => {
      const downloads = await mkdtemp(join(folder, 'downloads-'));
      await run('apt-get', [...options, 'download', ...names], { ...shared, cwd: downloads });
      for (const file of await readdir(downloads)) await run('dpkg-deb', ['-x', join(downloads, file), root], shared);
      await rm(downloads, { recursive: true });
    },
    unpackMissing: async (names, root) => {
      await run('apt-get', [...options, '--yes', '--download-only', '--no-install-recommends', 'install', ...names], shared);
      const archives = join(cache, 'archives');
      const files = (await readdir(archives)).filter((file) => file.endsWith('.deb'));
      for (const file of files) await run('dpkg-deb', ['-x', join(archives, file), root], shared);
    },
  };
}
