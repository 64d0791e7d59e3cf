// Gets a machine from "Node and npm" to "everything installed and built", doing only what is missing.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** @typedef {import('./tasks.mjs').TaskContext} TaskContext */
/** @typedef {import('./environment.mjs').Environment} Environment */

/** A step that failed; its output has been shown. */
export class StepFailed extends Error {
  /**
   * @param {string} name
   * @param {number} code
   */
  constructor(name, code) {
    super(`${name} failed`);
    this.name = 'StepFailed';
    this.code = code;
  }
}

/**
 * @param {string} version Such as "20.20.2".
 * @param {string} range Such as ">=20.19".
 */
export function isOldNode(version, range) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [wantedMajor = 0, wantedMinor = 0] = range.replace('>=', '').split('.').map(Number);
  return major < wantedMajor || (major === wantedMajor && minor < wantedMinor);
}

/**
 * The version in a `packageManager` field such as "pnpm@10.34.9+sha512.…".
 * @param {string} packageManager
 */
export function pinnedVersion(packageManager) {
  const version = /^pnpm@([^+]+)/.exec(packageManager)?.[1];
  if (version === undefined) throw new Error(`package.json must pin pnpm in "packageManager", it holds "${packageManager}"`);
  return version;
}

/**
 * What an installed tree was installed from: it is installed again when this changes.
 * @param {string} lockfile
 * @param {string} nodeVersion Native packages are chosen for one Node.
 */
export const installStamp = (lockfile, nodeVersion) => createHash('sha256').update(lockfile).update(nodeVersion).digest('hex');

/**
 * Installs what the lockfile names.
 * @param {TaskContext} context
 * @returns {Promise<Environment>} The environment in which tools find the pinned pnpm.
 */
export async function install(context) {
  const { processes, steps, env } = context;
  const pnpm = await findPnpm(context);
  const withPnpm = pnpm.folder === undefined ? env : prependPath(env, pnpm.folder);
  const stampFile = path.join('node_modules', '.install-stamp');
  const stamp = installStamp(readFileSync('pnpm-lock.yaml', 'utf8'), process.version);
  if (!existsSync(stampFile) || readFileSync(stampFile, 'utf8') !== stamp) {
    await steps.quiet('installing dependencies', async () => {
      const args = ['install', '--frozen-lockfile', '--prefer-offline', '--reporter=append-only', '--loglevel=warn'];
      const { code, output } = await processes.run({ command: pnpm.command, args: [...pnpm.args, ...args], env: withPnpm, capture: true });
      if (code !== 0) fail('installing dependencies', code, output);
      writeFileSync(stampFile, stamp);
    });
  }
  return withPnpm;
}

/**
 * Installs, then compiles what changed.
 * @param {TaskContext} context
 * @returns {Promise<Environment>}
 */
export async function installAndBuild(context) {
  const { processes, steps } = context;
  const env = await install(context);
  await steps.quiet('building', async () => {
    const args = ['node_modules/turbo/bin/turbo', 'run', '//#compile', '--output-logs=errors-only', '--log-order=grouped'];
    const { code, output } = await processes.run({ command: process.execPath, args, env, capture: true });
    if (code !== 0) fail('building', code, output);
  });
  return env;
}

/**
 * The pinned pnpm: the copy under .local, or the one on PATH, or a fresh copy that npm fetches.
 * @param {TaskContext} context
 * @returns {Promise<{ command: string, args: string[], folder?: string }>}
 */
async function findPnpm({ packageManager, processes, steps, env }) {
  const version = pinnedVersion(packageManager);
  const home = path.resolve('.local', 'tools', `pnpm-${version}`);
  const copy = pnpmUnder(home);
  if (existsSync(copy.args[0] ?? '')) return copy;
  if (await isOnPath(version, processes, env)) return { command: 'pnpm', args: [] };
  await steps.quiet(`fetching pnpm ${version}`, async () => {
    // Fetched beside and renamed: a fetch that was interrupted is never taken for a copy.
    const fetching = `${home}.${process.pid}`;
    mkdirSync(fetching, { recursive: true });
    const args = ['install', '--prefix', fetching, '--no-save', '--no-package-lock', '--no-audit', '--no-fund', '--ignore-scripts'];
    // Here, and only here, npm's own settings (registry, proxy, certificates) are wanted.
    const { code, output } = await processes.run({
      command: 'npm',
      args: [...args, '--loglevel=error', `pnpm@${version}`],
      env: process.env,
      cwd: fetching,
      capture: true,
    });
    if (code !== 0) fail(`fetching pnpm ${version}`, code, output);
    rmSync(home, { recursive: true, force: true });
    renameSync(fetching, home);
  });
  return copy;
}

/** @param {string} home Where npm installed pnpm. */
const pnpmUnder = (home) => ({
  command: process.execPath,
  args: [path.join(home, 'node_modules', 'pnpm', 'bin', 'pnpm.cjs')],
  folder: path.join(home, 'node_modules', '.bin'),
});

/**
 * The pnpm that made a tree ready: its own copy, or else the one on PATH.
 * @param {string} root
 */
export function pnpmOf(root) {
  const { packageManager } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  const copy = pnpmUnder(path.join(root, '.local', 'tools', `pnpm-${pinnedVersion(packageManager)}`));
  return existsSync(copy.args[0] ?? '') ? copy : { command: 'pnpm', args: [] };
}

/**
 * @param {string} version
 * @param {TaskContext['processes']} processes
 * @param {Environment} env
 */
async function isOnPath(version, processes, env) {
  try {
    // Asked outside the tree and without network: inside it, corepack's stand-in would fetch the pinned version by itself.
    const asked = { command: 'pnpm', args: ['--version'], env: { ...env, COREPACK_ENABLE_NETWORK: '0' }, cwd: tmpdir(), capture: true };
    const { code, output } = await processes.run(asked);
    return code === 0 && output.trim() === version;
  } catch {
    return false; // not on PATH
  }
}

/**
 * @param {Environment} env
 * @param {string} folder
 * @returns {Environment}
 */
export function prependPath(env, folder) {
  // Windows writes it "Path".
  const name = Object.keys(env).find((key) => key.toUpperCase() === 'PATH') ?? 'PATH';
  const rest = env[name];
  return { ...env, [name]: rest === undefined || rest === '' ? folder : folder + path.delimiter + rest };
}

/**
 * @param {string} name
 * @param {number} code
 * @param {string} output
 * @returns {never}
 */
function fail(name, code, output) {
  process.stderr.write(output);
  throw new StepFailed(name, code);
}
