// Writes the folder of the container image: the built apps and their dependencies, without tests, sources and tools. The Dockerfile
// calls it and copies the folder. It needs a built tree, but no container engine.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { renderSbom } from './image/sbom.mjs';
import { tidy } from './image/tidy.mjs';
import { imageApps, readWorkspace, withNeeded } from './image/workspace.mjs';
import { pnpmCommand } from './tasks/make-ready.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Files that the licences require, and files from which pnpm installs; the root's package.json also makes the tree ES modules. */
const rootFiles = ['LICENSE', 'NOTICE', 'package.json', 'pnpm-lock.yaml', 'pnpm-workspace.yaml', '.pnpmfile.cjs', '.npmrc'];

/**
 * Returns a filter of the files that belong into the image: no types, and nothing whose source is gone.
 * @param {string} folder Of an app or a package.
 * @returns {(source: string) => boolean}
 */
const belongs = (folder) => (source) => {
  if (/\.d\.ts(\.map)?$|\.tsbuildinfo$/.test(source)) return false;
  const [, stem] = /^(.*)\.js(?:\.map)?$/.exec(path.relative(path.join(folder, 'dist'), source)) ?? [];
  return stem === undefined || existsSync(path.join(folder, 'src', `${stem}.ts`));
};

/** @param {string} target */
function copyTree(target) {
  mkdirSync(target, { recursive: true });
  if (readdirSync(target).length > 0) throw new Error(`"${target}" is not empty: name an empty folder, or one that does not exist`);
  for (const file of rootFiles) cpSync(path.join(root, file), path.join(target, file));

  const workspace = readWorkspace(root);
  const apps = imageApps(workspace, root);
  for (const { folder } of withNeeded(workspace, apps)) {
    if (!existsSync(path.join(root, folder, 'dist'))) throw new Error(`"${folder}" is not built: run \`npm run build\` first`);
    cpSync(path.join(root, folder, 'package.json'), path.join(target, folder, 'package.json'));
    cpSync(path.join(root, folder, 'dist'), path.join(target, folder, 'dist'), {
      recursive: true,
      filter: belongs(path.join(root, folder)),
    });
  }
  return apps.map(({ folder }) => folder);
}

/** @param {string} target */
function installInto(target) {
  const { packageManager } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  // No install script may run: the lockfile alone decides what is installed.
  const { command, args } = pnpmCommand(packageManager, [
    'install',
    '--prod',
    '--frozen-lockfile',
    '--prefer-offline',
    '--ignore-scripts',
    '--reporter=append-only',
    '--loglevel=warn',
  ]);
  const { status, error } = spawnSync(command, args, { cwd: target, stdio: 'inherit' });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`installing into "${target}" failed`);
}

/**
 * Writes the command line of operators under its name.
 * @param {string} target
 */
function writeCommand(target) {
  mkdirSync(path.join(target, 'bin'));
  // `exec` lets signals reach node itself. The script finds the folder from its own path, wherever the image has it.
  const script = '#!/bin/sh\nexec node --enable-source-maps "$(dirname "$(readlink -f "$0")")/../apps/cli/dist/main.js" "$@"\n';
  writeFileSync(path.join(target, 'bin', 'darkroom'), script, { mode: 0o755 });
}

const [folder, ...rest] = process.argv.slice(2);
if (folder === undefined || rest.length > 0) {
  console.error('usage: node scripts/build-image.mjs <an empty folder>');
  process.exitCode = 2;
} else {
  try {
    const target = path.resolve(folder);
    const apps = copyTree(target);
    installInto(target);
    tidy(target);
    writeCommand(target);
    writeFileSync(path.join(target, 'sbom.cdx.json'), await renderSbom(target));
    console.log(`${target} holds ${apps.join(', ')}`);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
