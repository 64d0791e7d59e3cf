// Prepares a machine that has Node and npm: installs and builds missing parts. Prints nothing if none is missing.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

/** @typedef {import('./tasks.mjs').TaskContext} TaskContext */

/** A failed step, whose output was printed. */
export class StepFailed extends Error {
  /** @param {string} name @param {number} code */
  constructor(name, code) {
    super(`${name} failed`);
    this.name = 'StepFailed';
    this.code = code;
  }
}

/** @param {string} version Such as "20.20.2". @param {string} range Such as ">=20.19". */
export function isOldNode(version, range) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [wantedMajor = 0, wantedMinor = 0] = range.replace('>=', '').split('.').map(Number);
  return major < wantedMajor || (major === wantedMajor && minor < wantedMinor);
}

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

/** Returns a stamp of an installation. @param {string} lockfile @param {string} nodeVersion Native packages fit one Node version. */
export const installStamp = (lockfile, nodeVersion) => createHash('sha256').update(lockfile).update(nodeVersion).digest('hex');

/** Installs the packages of the lockfile. @param {TaskContext} context */
export async function install(context) {
  const stampFile = 'node_modules/.install-stamp';
  const stamp = installStamp(readFileSync('pnpm-lock.yaml', 'utf8'), process.version);
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) return;
  const { packageManager } = JSON.parse(readFileSync('package.json', 'utf8'));
  const args = ['install', '--frozen-lockfile', '--prefer-offline', '--reporter=append-only', '--loglevel=warn'];
  // This step needs npm's own settings (registry, proxy, certificates).
  await step('installing dependencies', { ...context, env: process.env }, pnpmCommand(packageManager, args));
  writeFileSync(stampFile, stamp);
}

/** Installs, then compiles what changed. @param {TaskContext} context */
export async function installAndBuild(context) {
  await install(context);
  const args = ['node_modules/tsc-native/bin/tsc', '-b', 'tsconfig.build.json', '--singleThreaded'];
  await step('building', context, { command: process.execPath, args });
}

/**
 * Runs a step, and prints its duration if it was long.
 * @param {string} name
 * @param {TaskContext} context
 * @param {{ command: string, args: string[] }} command
 */
async function step(name, { processes, env }, command) {
  const start = performance.now();
  const announce = setTimeout(() => console.log(`· ${name} …`), 1000);
  const { code, output } = await processes.run({ ...command, env, capture: true }).finally(() => clearTimeout(announce));
  const seconds = (performance.now() - start) / 1000;
  if (seconds > 1) console.log(`· ${name}: ${seconds.toFixed(1)} s`);
  if (code === 0) return;
  process.stderr.write(output);
  throw new StepFailed(name, code);
}
