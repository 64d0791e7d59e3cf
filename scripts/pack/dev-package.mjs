// Writes the folder of the command line with its dev server: every app and package, built, as one package that npm installs anywhere.
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { readWorkspace } from '../image/workspace.mjs';
import { withoutRelativeLinks } from './pages.mjs';

/** @typedef {import('../image/workspace.mjs').Member} Member */

/** Files beside the apps that the command line reads. */
const besides = ['LICENSE', 'NOTICE', 'examples/first-job/first-job.mjs'];

/** Code that runs; no declarations, no maps and no notes of the compiler. @param {string} file */
const runs = (file) => !/\.(?:d\.ts|map|tsbuildinfo)$/.test(file);

/**
 * Writes the folder. Apps lie where the command line looks for them, packages in `node_modules`, which npm takes along as bundled ones.
 * @param {string} root
 * @param {string} folder Emptied first.
 */
export function writeDevPackage(root, folder) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const members = membersOf(root);
  for (const member of members) copyMember(root, folder, member);
  for (const file of besides) cpSync(path.join(root, file), path.join(folder, file));
  writeFileSync(path.join(folder, 'README.md'), withoutRelativeLinks(readFileSync(path.join(root, 'docs/command-line.md'), 'utf8')));
  mkdirSync(path.join(folder, 'bin'));
  writeFileSync(path.join(folder, 'bin/darkroom.js'), "#!/usr/bin/env node\nimport '../apps/cli/dist/main.js';\n");
  chmodSync(path.join(folder, 'bin/darkroom.js'), 0o755);
  writeFileSync(path.join(folder, 'package.json'), `${JSON.stringify(manifestOf(root, members), null, 2)}\n`);
}

/** Returns all apps, and the packages that they need. @param {string} root @returns {Member[]} */
function membersOf(root) {
  const workspace = readWorkspace(root);
  const found = new Set(
    [...workspace.values()].filter(({ folder }) => folder.startsWith('apps/') && existsSync(path.join(root, folder, 'dist/main.js'))),
  );
  // A loop over a Set also visits members that are added meanwhile.
  for (const { needs } of found) for (const needed of needs) found.add(/** @type {Member} */ (workspace.get(needed)));
  return [...found];
}

/** @param {Member} member Such as packages/queues, which becomes node_modules/@darkroom/queues. */
const placeOf = ({ name, folder }) => (folder.startsWith('apps/') ? folder : `node_modules/${name}`);

/** @param {string} root @param {string} folder @param {Member} member */
function copyMember(root, folder, member) {
  const target = path.join(folder, placeOf(member));
  cpSync(path.join(root, member.folder, 'dist'), path.join(target, 'dist'), { recursive: true, filter: runs });
  for (const file of filesUnder(target).filter((each) => each.endsWith('.js')))
    writeFileSync(file, readFileSync(file, 'utf8').replace(/\n\/\/# sourceMappingURL=.*\s*$/, '\n'));
  const { name, version, license, type, exports } = JSON.parse(readFileSync(path.join(root, member.folder, 'package.json'), 'utf8'));
  const compiled = Object.fromEntries(Object.entries(exports ?? {}).map(([subpath, target]) => [subpath, compiledOf(target)]));
  // Its dependencies are those of the whole package: npm would look for the private ones in its registry.
  writeFileSync(path.join(target, 'package.json'), `${JSON.stringify({ name, version, license, type, exports: compiled }, null, 2)}\n`);
}

/** @param {string | { default: string }} target */
const compiledOf = (target) => (typeof target === 'string' ? target : target.default);

/** @param {string} folder */
const filesUnder = (folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name));

/** @param {string} root @param {Member[]} members */
function manifestOf(root, members) {
  const { version, license, engines } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  const own = members.filter(({ folder }) => !folder.startsWith('apps/'));
  return {
    name: '@darkroom/cli',
    version,
    description: 'The command line of Darkroom, with a whole Darkroom for development: darkroom dev.',
    license,
    type: 'module',
    engines,
    bin: { darkroom: 'bin/darkroom.js' },
    dependencies: { ...Object.fromEntries(own.map(({ name }) => [name, version])), ...thirdPartyOf(root, members) },
    bundleDependencies: own.map(({ name }) => name),
  };
}

/** 20 MB of libraries that nothing loads until traces are switched on; without them a process says so and goes on. */
const leftOut = /^@opentelemetry\//;

/** Returns the versions with which this tree was tested. @param {string} root @param {Member[]} members */
function thirdPartyOf(root, members) {
  /** @type {Record<string, string>} */
  const versions = {};
  for (const { folder } of members) {
    const { dependencies = {} } = JSON.parse(readFileSync(path.join(root, folder, 'package.json'), 'utf8'));
    for (const name of Object.keys(dependencies).filter((each) => !each.startsWith('@darkroom/') && !leftOut.test(each))) {
      const { version } = JSON.parse(readFileSync(path.join(root, folder, 'node_modules', name, 'package.json'), 'utf8'));
      if (versions[name] !== undefined && versions[name] !== version)
        throw new Error(`"${folder}" needs ${name} ${version}, and another room ${versions[name]}: one package can hold only one`);
      versions[name] = version;
    }
  }
  return versions;
}
