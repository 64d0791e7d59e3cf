// Writes checksums in the form of sha256sum.
import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import path from 'node:path';

/**
 * Lists every file below a folder with its checksum, in the order of their paths. A link counts as the path that it holds.
 * @param {string} folder
 * @returns {string} Lines that `sha256sum --check` reads in that folder, but for the links.
 */
export const listChecksums = (folder) =>
  filesBelow(folder)
    .map((file) => `${checksumOf(path.join(folder, file))}  ${file}\n`)
    .join('');

/**
 * @param {string} folder
 * @returns {string[]}
 */
function filesBelow(folder) {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => !lstatSync(path.join(folder, file)).isDirectory());
  return files.map((file) => file.split(path.sep).join('/')).toSorted();
}

/** @param {string} file */
const checksumOf = (file) => createHash('sha256').update(lstatSync(file).isSymbolicLink() ? readlinkSync(file) : readFileSync(file)).digest('hex');
