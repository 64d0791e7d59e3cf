import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';

/** Returns each file with project references and its content: a package refers to its dependencies, the build at the top to all packages. */
export function projectFiles() {
  const folders = ['apps', 'packages']
    .flatMap((parent) => readdirSync(parent).map((name) => `${parent}/${name}`))
    .filter((folder) => existsSync(`${folder}/tsconfig.build.json`));
  const projects = folders.map((folder) => ({ folder, ...JSON.parse(readFileSync(`${folder}/package.json`, 'utf8')) }));
  /** @type {Map<string, string>} */
  const folderOf = new Map(projects.map(({ name, folder }) => [name, folder]));
  /** @param {string} from @param {string[]} needed */
  const referencesTo = (from, needed) => needed.map((folder) => ({ path: `${posix.relative(from, folder)}/tsconfig.build.json` }));
  /** @type {[string, object][]} */
  const own = projects.map(({ folder, dependencies = {} }) => [
    `${folder}/tsconfig.build.json`,
    {
      extends: '../../tsconfig.base.json',
      compilerOptions: { rootDir: 'src', outDir: 'dist', composite: true, tsBuildInfoFile: 'dist/.tsbuildinfo' },
      include: ['src'],
      exclude: ['src/**/*.test.ts'],
      references: referencesTo(
        folder,
        Object.keys(dependencies)
          .flatMap((name) => folderOf.get(name) ?? [])
          .toSorted(),
      ),
    },
  ]);
  return [...own, /** @type {[string, object]} */ (['tsconfig.build.json', { files: [], references: referencesTo('', folders) }])];
}
