// Lists what a folder of the image holds: the apps and packages of Darkroom, and the libraries that pnpm installed beside them.
import { existsSync, lstatSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import path from 'node:path';

/** @typedef {{ name: string, version: string, license: string | undefined, folder: string, isOurs: boolean, needs: string[] }} Installed `needs` names folders. */

/**
 * @param {string} image
 * @returns {Installed[]} In the order of their names.
 */
export function listPackages(image) {
  const store = path.join(image, 'node_modules', '.pnpm');
  const ours = ['apps', 'packages'].flatMap((parent) => foldersIn(path.join(image, parent)));
  const libraries = foldersIn(store).flatMap((folder) => modulesIn(path.join(folder, 'node_modules')).filter((each) => !isLink(each)));
  return [...ours.map((folder) => describe(folder, true)), ...libraries.map((folder) => describe(folder, false))].toSorted((one, other) =>
    `${one.name}@${one.version}`.localeCompare(`${other.name}@${other.version}`, 'en'),
  );
}

/**
 * @param {string} folder
 * @param {boolean} isOurs
 * @returns {Installed}
 */
function describe(folder, isOurs) {
  const { name, version, license } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
  // Libraries find theirs beside them, our packages in a folder of their own.
  const modules = isOurs
    ? path.join(folder, 'node_modules')
    : folder.slice(0, folder.lastIndexOf(`${path.sep}node_modules${path.sep}`) + 13);
  // A link to a package that stays out of the image leads nowhere.
  const needs = modulesIn(modules)
    .filter((each) => isLink(each) && existsSync(each))
    .map((link) => realpathSync(link));
  return { name, version, license: typeof license === 'string' ? license : undefined, folder: realpathSync(folder), isOurs, needs };
}

/** Returns the packages of a node_modules, those with a scope too. @param {string} modules @returns {string[]} */
const modulesIn = (modules) =>
  entriesIn(modules).flatMap((name) =>
    name.startsWith('@') ? entriesIn(path.join(modules, name)).map((each) => path.join(modules, name, each)) : [path.join(modules, name)],
  );

/** @param {string} folder */
const foldersIn = (folder) =>
  entriesIn(folder)
    .filter((name) => name !== 'node_modules')
    .map((name) => path.join(folder, name))
    .filter((each) => lstatSync(each).isDirectory());

/** @param {string} folder */
const entriesIn = (folder) => (existsSync(folder) ? readdirSync(folder).filter((name) => !name.startsWith('.')) : []);

/** @param {string} file */
const isLink = (file) => lstatSync(file).isSymbolicLink();
