// Builds the texts that the package holds beside its code.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/**
 * Takes the links to files of this repository out of a page, and keeps their words: the package has no such files.
 * @param {string} page
 */
export const withoutRelativeLinks = (page) =>
  page.replace(/\[((?:[^\][]|\[[^\]]*\])*)\]\((?!https?:|#)[^)]*\)/g, (_, /** @type {string} */ words) => words);

/**
 * Returns the licences of the libraries that the package contains.
 * @param {readonly string[]} folders Folders of these libraries.
 */
export function thirdPartyNotices(folders) {
  const notices = folders.map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
    const file = readdirSync(folder).find((each) => /^licen[cs]e(\.\w+)?$/i.test(each));
    if (file === undefined) throw new Error(`"${name}" has no text of its licence, which the package must hold`);
    return `${name} ${version} (${license})\n\n${readFileSync(path.join(folder, file), 'utf8').trim()}\n`;
  });
  return ['This package contains the libraries below.\n', ...notices].join('\n');
}
