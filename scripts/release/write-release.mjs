// Writes everything that a release holds into one folder. Two runs of one commit on one platform write the same bytes.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { findKubectl } from '../deployment/kubectl.mjs';
import { listChecksums } from './checksums.mjs';

const overlays = ['example', 'aws', 'local'];

/**
 * @param {string} root A tree that is built.
 * @param {string} folder Is replaced.
 * @returns {string[]} The paths that it wrote.
 */
export function writeRelease(root, folder) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(path.join(folder, 'kubernetes'), { recursive: true });
  /** @param {string} name */
  const to = (name) => path.join(folder, name);

  const tarballs = run(root, process.execPath, ['scripts/pack.mjs']).trim().split('\n').slice(-2);
  for (const tarball of tarballs) cpSync(tarball, to(path.basename(tarball)));
  run(root, process.execPath, ['scripts/build-image.mjs', to('image')]);
  writeFileSync(to('image.sha256'), listChecksums(to('image')));
  cpSync(to('image/sbom.cdx.json'), to('sbom.cdx.json'));
  for (const page of ['LICENSE', 'NOTICE', 'CHANGELOG.md']) cpSync(path.join(root, page), to(page));

  const kubectl = findKubectl(process.env);
  const rendered = kubectl === undefined ? [] : overlays;
  for (const name of rendered)
    writeFileSync(to(`kubernetes/${name}.yaml`), run(root, kubectl ?? '', ['kustomize', `infra/kubernetes/overlays/${name}`]));

  // The image has a list of its own; this one covers the list.
  const all = listChecksums(folder, (file) => file !== 'image');
  writeFileSync(to('SHA256SUMS'), all);
  const files = all
    .trimEnd()
    .split('\n')
    .map((line) => to(line.slice(66)));
  return [...files, to('image'), to('SHA256SUMS')].toSorted();
}

/**
 * @param {string} root
 * @param {string} command
 * @param {string[]} args
 * @returns {string} What it printed.
 */
function run(root, command, args) {
  const { error, status, stdout, stderr } = spawnSync(command, args, { cwd: root, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${[path.basename(command), ...args].join(' ')} failed: ${stderr.trim() || stdout.trim()}`);
  return stdout;
}

/** Returns the version of a tree. @param {string} root @returns {string} */
export const readVersion = (root) => JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')).version;
