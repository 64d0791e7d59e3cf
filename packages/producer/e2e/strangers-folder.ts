import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export const root = fileURLToPath(new URL('../../..', import.meta.url));

/** Writes the installable package. @returns the path of its tarball, which is the last line. */
export const packProducer = async (): Promise<string> =>
  (await runIn(root, process.execPath, ['scripts/pack.mjs'])).trim().split('\n').at(-1) ?? '';

/** Runs a program in a folder. @returns its output. @throws with everything that it printed. */
export async function runIn(
  folder: string,
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(program, args, { cwd: folder, env: { ...process.env, ...env } });
    return stdout;
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string }; // the form of an error of execFile
    throw new Error(`${program} ${args.join(' ')} failed in ${folder}:\n${stdout ?? ''}${stderr ?? ''}`, { cause: error });
  }
}

/** Writes a file. @returns its path. */
export async function writeIn(folder: string, name: string, text: string): Promise<string> {
  const file = join(folder, name);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
  return file;
}

/**
 * Makes an empty folder outside of the tree and installs packages there with plain npm. `removeStrangersFolders` removes it.
 * @throws if the registry of npm does not answer.
 */
export async function makeStrangersFolder(packages: readonly string[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'darkroom-stranger-'));
  made.push(folder);
  if (packages.length === 0) return folder;
  await writeIn(folder, 'package.json', JSON.stringify({ name: 'stranger', private: true }));
  try {
    await runIn(folder, 'npm', [
      'install',
      '--no-audit',
      '--no-fund',
      '--ignore-scripts',
      '--loglevel=error',
      '--fetch-retries=1',
      ...packages,
    ]);
  } catch (error) {
    throw new Error('this test needs the npm registry, or a cache of npm that holds the packages: npm could not install them', {
      cause: error,
    });
  }
  return folder;
}

const made: string[] = [];

/** Removes all folders that were made. */
export const removeStrangersFolders = async (): Promise<void> =>
  void (await Promise.all(made.splice(0).map((folder) => rm(folder, { recursive: true, force: true }))));
