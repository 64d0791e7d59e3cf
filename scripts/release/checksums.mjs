// Writes checksums in the form of sha256sum.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import path from 'node:path';

/**
 * Lists every file below a folder with its checksum, in the order of their paths. A link counts as the path that it holds.
 * @param {string} folder
 * @param {(file: string) => boolean} [isListed] Says if a file or a folder is looked at.
 * @returns {string} Lines that `sha256sum --check` reads in that folder, but for the links.
 */
export const listChecksums = (folder, isListed = () => true) =>
  filesBelow(folder, '', isListed)
    .map(({ file, isLink }) => `${checksumOf(path.join(folder, file), isLink)}  ${file}\n`)
    .join('');

/**
 * Walks by itself: a recursive `readdir` follows links, and those of pnpm lead in circles.
 * @param {string} folder
 * @param {string} below
 * @param {(file: string) => boolean} isListed
 * @returns {{ file: string, isLink: boolean }[]}
 */
const filesBelow = (folder, below, isListed) =>
  readdirSync(path.join(folder, below), { withFileTypes: true })
    .toSorted((one, other) => (one.name < other.name ? -1 : 1))
    .flatMap((entry) => {
      const file = path.posix.join(below, entry.name);
      if (!isListed(file)) return [];
      return entry.isDirectory() ? filesBelow(folder, file, isListed) : [{ file, isLink: entry.isSymbolicLink() }];
    });

/** @param {string} file @param {boolean} isLink */
const checksumOf = (file, isLink) =>
  createHash('sha256')
    .update(isLink ? readlinkSync(file) : readFileSync(file))
    .digest('hex');
