// Writes the installable package of the producer: one tarball, in which nothing refers to a private package or to this machine. Its path is
// the last line. Needs a built tree.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeBundle } from './pack/bundle.mjs';
import { findLeaks } from './pack/find-leaks.mjs';
import { buildManifest } from './pack/manifest.mjs';
import { thirdPartyNotices, withoutRelativeLinks } from './pack/pages.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const producer = path.join(root, 'packages/producer');
const folder = path.join(root, '.local/pack/producer');

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

/** Packs the folder. @returns the path of the tarball. */
function pack() {
  const target = path.dirname(folder);
  for (const name of readdirSync(target).filter((each) => each.endsWith('.tgz'))) rmSync(path.join(target, name));
  const args = ['pack', '--json', '--ignore-scripts', '--loglevel=error', '--pack-destination', target];
  const { status, stdout, stderr, error } = spawnSync('npm', args, { cwd: folder, encoding: 'utf8', shell: process.platform === 'win32' });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`npm could not pack "${folder}": ${stderr}`);
  const tarball = readdirSync(target).find((each) => each.endsWith('.tgz'));
  if (tarball === undefined) throw new Error(`npm packed nothing: ${stdout}`);
  return path.join(target, tarball);
}

try {
  await writePackage();
  const tarball = pack();
  console.log(`${Math.round(statSync(tarball).size / 1024)} KB`);
  console.log(tarball);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
