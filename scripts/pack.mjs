// Writes two installable packages, in which nothing refers to a private package or to this machine: the command line with its dev server, and
// the producer. The path of the producer's tarball is the last line, that of the other the one before. Needs a built tree.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeBundle } from './pack/bundle.mjs';
import { writeDevPackage } from './pack/dev-package.mjs';
import { findLeaks } from './pack/find-leaks.mjs';
import { buildManifest } from './pack/manifest.mjs';
import { thirdPartyNotices, withoutRelativeLinks } from './pack/pages.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const producer = path.join(root, 'packages/producer');
const folder = path.join(root, '.local/pack/producer');
const devFolder = path.join(root, '.local/pack/cli');

async function writePackage() {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const { outside, containedFolders } = await writeBundle(producer, folder);
  writeFileSync(path.join(folder, 'package.json'), `${JSON.stringify(buildManifest(root, outside), null, 2)}\n`);
  cpSync(path.join(root, 'LICENSE'), path.join(folder, 'LICENSE'));
  writeFileSync(path.join(folder, 'THIRD-PARTY-NOTICES'), thirdPartyNotices(containedFolders));
  for (const page of [path.join(producer, 'README.md'), path.join(root, 'CHANGELOG.md')]) {
    writeFileSync(path.join(folder, path.basename(page)), withoutRelativeLinks(readFileSync(page, 'utf8')));
  }
  const leaks = findLeaks(folder, root);
  if (leaks.length > 0) throw new Error(`the package is not whole by itself:\n${leaks.map((leak) => `  ${leak}`).join('\n')}`);
}

/** Packs a folder. @param {string} source @returns the path of the tarball. */
function pack(source) {
  const target = path.dirname(source);
  const { name } = JSON.parse(readFileSync(path.join(source, 'package.json'), 'utf8'));
  const prefix = `${name.replace('@', '').replace('/', '-')}-`;
  for (const old of readdirSync(target).filter((each) => each.startsWith(prefix) && each.endsWith('.tgz'))) rmSync(path.join(target, old));
  const args = ['pack', '--json', '--ignore-scripts', '--loglevel=error', '--pack-destination', target];
  const { status, stdout, stderr, error } = spawnSync('npm', args, { cwd: source, encoding: 'utf8', shell: process.platform === 'win32' });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`npm could not pack "${source}": ${stderr}`);
  const tarball = readdirSync(target).find((each) => each.startsWith(prefix) && each.endsWith('.tgz'));
  if (tarball === undefined) throw new Error(`npm packed nothing: ${stdout}`);
  return path.join(target, tarball);
}

/** @param {string} tarball */
const sizeOf = (tarball) => `${Math.round(statSync(tarball).size / 1024)} KB`;

try {
  await writePackage();
  writeDevPackage(root, devFolder);
  const leaks = findLeaks(devFolder, root).filter((leak) => !leak.endsWith('imports a private package'));
  if (leaks.length > 0) throw new Error(`the package is not whole by itself:\n${leaks.map((leak) => `  ${leak}`).join('\n')}`);
  const [cli, library] = [pack(devFolder), pack(folder)];
  console.log(`the command line, with darkroom dev: ${sizeOf(cli)}; the producer: ${sizeOf(library)}`);
  console.log(cli);
  console.log(library);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
