import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';

/** @typedef {{ folder: string, name: string, dependencies: string[] }} Project */

/** Returns the compiled packages of the workspace, by folder. @returns {Project[]} */
function readProjects() {
  return ['apps', 'packages'].flatMap((parent) =>
    readdirSync(parent)
      .map((name) => `${parent}/${name}`)
      .filter((folder) => existsSync(join(folder, 'tsconfig.build.json')))
      .map((folder) => {
        const { name, dependencies = {} } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
        return { folder, name, dependencies: Object.keys(dependencies) };
      }),
  );
}

/**
 * Returns each file with project references and its content: a package refers to its dependencies, the build at the top to all packages.
 * @returns {[string, string][]}
 */
export function projectFiles() {
  const projects = readProjects();
  const folderOf = new Map(projects.map(({ name, folder }) => [name, folder]));
  const own = projects.map(({ folder, dependencies }) => {
    const references = dependencies
      .flatMap((name) => folderOf.get(name) ?? [])
      .map((needed) => `\n    { "path": "${posix.relative(folder, needed)}/tsconfig.build.json" }`)
      .toSorted();
    /** @type {[string, string]} */
    const file = [`${folder}/tsconfig.build.json`, projectText(references.length === 0 ? '[]' : `[${references.join(',')}\n  ]`)];
    return file;
  });
  const all = projects.map(({ folder }) => `\n    { "path": "${folder}/tsconfig.build.json" }`).join(',');
  return [...own, ['tsconfig.build.json', `{\n  "files": [],\n  "references": [${all}\n  ]\n}\n`]];
}

/** @param {string} references */
const projectText = (references) => `{
  "extends": "../../tsconfig.base.json",
  "compilerOptions": { "rootDir": "src", "outDir": "dist", "composite": true, "tsBuildInfoFile": "dist/.tsbuildinfo" },
  "include": ["src"],
  "exclude": ["src/**/*.test.ts"],
  "references": ${references}
}
`;
