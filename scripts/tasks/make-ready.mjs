// Prepares a machine that has Node and npm: installs and builds missing parts. Prints nothing if none is missing.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

/** @typedef {import('./tasks.mjs').TaskContext} TaskContext */

/** @param {string} version Such as "20.20.2". @param {string} range Such as ">=20.19". */
export const isOldNode = (version, range) => version.localeCompare(range.replace('>=', ''), 'en', { numeric: true }) < 0;

/**
 * Returns the command that runs the pinned pnpm. npm fetches it once and keeps it in its cache.
 * @param {string} packageManager The field of package.json, such as "pnpm@10.34.9+sha512.…".
 * @param {string[]} args
 */
export function pnpmCommand(packageManager, args) {
  const pinned = /^pnpm@[^+]+/.exec(packageManager)?.[0];
  if (pinned === undefined) throw new Error(`package.json must pin pnpm in "packageManager", it holds "${packageManager}"`);
  return { command: 'npm', args: ['exec', '--yes', '--loglevel=error', `--package=${pinned}`, '--', 'pnpm', ...args] };
}

/** Installs the packages of the lockfile. @param {TaskContext} context @returns {Promise<number>} The exit code. */
export async function install(context) {
  const stampFile = 'node_modules/.install-stamp';
  // Native packages fit one Node version.
  const stamp = createHash('sha256').update(readFileSync('pnpm-lock.yaml')).update(process.version).digest('hex');
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) return 0;
  const { packageManager } = JSON.parse(readFileSync('package.json', 'utf8'));
  const args = ['install', '--frozen-lockfile', '--prefer-offline', '--reporter=append-only', '--loglevel=warn'];
  // This step needs npm's own settings (registry, proxy, certificates).
  const code = await step('installing dependencies', { ...context, env: process.env }, pnpmCommand(packageManager, args));
  if (code === 0) writeFileSync(stampFile, stamp);
  return code;
}

/** Installs, then compiles what changed. @param {TaskContext} context @returns {Promise<number>} The exit code. */
export async function installAndBuild(context) {
  const args = ['node_modules/tsc-native/bin/tsc', '-b', 'tsconfig.build.json', '--singleThreaded'];
  return (await install(context)) || step('building', context, { command: process.execPath, args });
}

/**
 * Returns the folder with the programs of this build: bundled, as that saves three fourths of the processor time of a start, else the repository.
 * @param {TaskContext} context Installed and built. @returns {Promise<string>}
 */
export async function programsOf(context) {
  const root = process.cwd();
  const { findBundle } = await import(pathToFileURL('packages/testing/dist/built-apps/bundles.js').href);
  const main = { command: process.execPath, args: ['packages/testing/dist/built-apps/main.js'] };
  if (findBundle(root) === undefined) await step('bundling', context, main, ', so programs start from the repository, more slowly');
  return findBundle(root) ?? root;
}

/**
 * Runs a step, and prints its name if it takes long and its output if it failed.
 * @param {string} name @param {TaskContext} context @param {{ command: string, args: string[] }} command @param {string} [consequence] of a failure
 */
async function step(name, { processes, env }, command, consequence = '') {
  const announce = setTimeout(() => console.log(`· ${name} …`), 1000);
  const { code, output } = await processes.run({ ...command, env, capture: true }).finally(() => clearTimeout(announce));
  if (code !== 0) process.stderr.write(`${output}${name} failed${consequence}\n`);
  return code;
}
