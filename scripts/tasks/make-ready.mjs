// Prepares a machine that has Node and npm: installs and builds missing parts. Prints nothing if none is missing.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';

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

/** Bundles that stay: those of this build, and of two others whose programs may still be starting apps. */
const MAX_BUNDLES = 3;

/**
 * Bundles the programs of this build, unless they are bundled: a start from a bundle takes a fourth of the processor time.
 * @param {TaskContext} context Installed and built.
 * @returns {Promise<{ code: number, programs: string }>} `programs` is a folder with each `main.js` at its usual place.
 */
export async function bundlePrograms(context) {
  const parent = path.resolve('.local/programs');
  const programs = path.join(parent, nameOfBuild());
  if (!existsSync(programs)) {
    const args = ['packages/testing/dist/built-apps/main.js', programs];
    const code = await step('bundling', context, { command: process.execPath, args });
    if (code !== 0) return { code, programs };
  }
  utimesSync(programs, new Date(), new Date());
  const folders = readdirSync(parent).map((name) => path.join(parent, name));
  const byUse = folders.toSorted((one, other) => statSync(other).mtimeMs - statSync(one).mtimeMs);
  for (const old of byUse.slice(MAX_BUNDLES)) rmSync(old, { recursive: true, force: true });
  return { code: 0, programs };
}

/** Returns a name that changes with every source, library and place that goes into a bundle. */
function nameOfBuild() {
  const hash = createHash('sha256').update(process.cwd()).update(readFileSync('pnpm-lock.yaml'));
  const members = ['apps', 'packages'].flatMap((parent) => readdirSync(parent).map((name) => path.join(parent, name)));
  // The compiler notes a hash of each source.
  const files = members.flatMap((member) => [path.join(member, 'package.json'), path.join(member, 'dist', '.tsbuildinfo')]);
  for (const file of files.filter((each) => existsSync(each))) hash.update(file).update(readFileSync(file));
  return hash.digest('hex').slice(0, 16);
}

/**
 * Runs a step, and prints its duration if it was long and its output if it failed.
 * @param {string} name @param {TaskContext} context @param {{ command: string, args: string[] }} command
 */
async function step(name, { processes, env }, command) {
  const start = performance.now();
  const announce = setTimeout(() => console.log(`· ${name} …`), 1000);
  const { code, output } = await processes.run({ ...command, env, capture: true }).finally(() => clearTimeout(announce));
  const seconds = (performance.now() - start) / 1000;
  if (seconds > 1) console.log(`· ${name}: ${seconds.toFixed(1)} s`);
  if (code !== 0) process.stderr.write(`${output}${name} failed\n`);
  return code;
}
