// Writes what a release of this commit holds: tarballs, image folder, list of packages, notices, rendered Kubernetes files, checksums. It
// publishes nothing. The last line is the folder.
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { findObstacle } from './release/find-obstacle.mjs';
import { readVersion, writeRelease } from './release/write-release.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

/** @param {string[]} args @returns {number} The exit code. */
function release(args) {
  if (args.length !== 1 || args[0] !== '--dry-run') {
    console.error(
      'nothing is published from here: `npm run release -- --dry-run` writes a release into a folder, and docs/operations/release.md has the rest',
    );
    return 2;
  }
  const obstacle = findObstacle(root);
  if (obstacle !== undefined) {
    console.error(obstacle);
    return 1;
  }
  const folder = path.join(root, '.local', 'release', readVersion(root));
  for (const file of writeRelease(root, folder)) console.log(file);
  console.log(folder);
  return 0;
}

try {
  process.exitCode = release(process.argv.slice(2));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
