// Says what keeps this tree from being released.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/**
 * @param {string} root
 * @returns {string | undefined} One line; undefined if nothing does.
 */
export function findObstacle(root) {
  const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  return treeObstacle(root) ?? changelogObstacle(root, version) ?? versionObstacle(root, version);
}

/** @param {string} root */
function treeObstacle(root) {
  const { status, stdout } = spawnSync('git', ['status', '--porcelain'], { cwd: root, encoding: 'utf8' });
  if (status !== 0) return 'this is no git repository: a release is made from a commit';
  const changed = stdout.split('\n').filter((line) => line !== '');
  return changed.length === 0
    ? undefined
    : `the tree is not clean: commit or remove ${changed.length} changed files first, such as "${changed[0]?.slice(3)}"`;
}

/** @param {string} root @param {string} version */
function changelogObstacle(root, version) {
  const newest = /^## (\S+?)(?:,.*)?$/m.exec(readFileSync(path.join(root, 'CHANGELOG.md'), 'utf8'))?.[1];
  return newest === version ? undefined : `package.json has version ${version}, and the newest of CHANGELOG.md is ${newest ?? 'missing'}`;
}

/** Compares the versions that apps, packages and deployment files name. @param {string} root @param {string} version */
function versionObstacle(root, version) {
  const read = (/** @type {string} */ file) => readFileSync(path.join(root, file), 'utf8');
  const members = ['apps', 'packages'].flatMap((parent) =>
    readdirSync(path.join(root, parent)).map((name) => `${parent}/${name}/package.json`),
  );
  const overlays = readdirSync(path.join(root, 'infra/kubernetes/overlays')).map(
    (name) => `infra/kubernetes/overlays/${name}/kustomization.yaml`,
  );
  const named = [
    ...members.map((file) => ({ file, found: /"version": "([^"]+)"/.exec(read(file))?.[1] })),
    ...overlays.map((file) => ({ file, found: /newTag: (?:local-)?(\S+)/.exec(read(file))?.[1] })),
    { file: 'Dockerfile', found: /org\.opencontainers\.image\.version="([^"]+)"/.exec(read('Dockerfile'))?.[1] },
  ];
  const other = named.find(({ found }) => found !== version);
  return other === undefined ? undefined : `package.json has version ${version}, and ${other.file} ${other.found ?? 'none'}`;
}
