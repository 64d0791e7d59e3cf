// Writes NOTICE: each library that ships with Darkroom, with its licence. With --check it writes nothing and fails if NOTICE is stale.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { imageApps, readWorkspace, withNeeded } from './image/workspace.mjs';
import { pnpmCommand } from './tasks/make-ready.mjs';

/** @typedef {Record<string, { name: string, versions: string[] }[]>} Licenses As `pnpm licenses list --json` prints them. */

const head = `Darkroom ships with the libraries below: the container image holds them, and so does a backend that installs the producer. Each
keeps the text of its licence in its own folder under node_modules. The base image (Node.js on Debian) has notices of its own.
<platform> stands for the system and processor that an image was built for. Written by: node scripts/notice.mjs

`;

/** A package with a binary has one name for each platform; only one of them is installed. */
const platform = /-(linux|linuxmusl|darwin|win32|freebsd)-[a-z0-9]+(-(gnu|musl|msvc))?$/;

/**
 * Renders the page.
 * @param {Licenses} licenses
 */
export function renderNotice(licenses) {
  const rows = Object.entries(licenses).flatMap(([license, packages]) =>
    packages.flatMap(({ name, versions }) => versions.map((version) => `${name.replace(platform, '-<platform>')} ${version}  ${license}`)),
  );
  return `${head}${[...new Set(rows)].toSorted().join('\n')}\n`;
}

/**
 * Asks pnpm for the licences of the run-time dependencies of image and producer.
 * @param {string} root
 * @returns {Licenses}
 */
function readLicenses(root) {
  const workspace = readWorkspace(root);
  const producer = workspace.get('@darkroom/producer');
  if (producer === undefined) throw new Error('there is no package @darkroom/producer');
  const shipped = withNeeded(workspace, [...imageApps(workspace, root), producer]);
  const { packageManager } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  const filters = shipped.flatMap(({ folder }) => ['--filter', `./${folder}`]);
  const { command, args } = pnpmCommand(packageManager, [...filters, 'licenses', 'list', '--prod', '--json']);
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd: root, encoding: 'utf8' });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`pnpm could not list the licences: ${stderr}`);
  return JSON.parse(stdout);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = fileURLToPath(new URL('..', import.meta.url));
  const file = path.join(root, 'NOTICE');
  const text = renderNotice(readLicenses(root));
  if (!process.argv.includes('--check')) writeFileSync(file, text);
  else if (readFileSync(file, 'utf8') !== text) {
    console.log('NOTICE is out of date: run `node scripts/notice.mjs` and look at the difference');
    process.exitCode = 1;
  }
}
