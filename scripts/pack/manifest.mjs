// Builds the package.json of the installable producer.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { entries } from './bundle.mjs';

/** Libraries that only callers need who read images: they install them beside the package. */
const optional = /^@aws-sdk\//;

/**
 * Scripts of producers and workers meet in one Redis, so both take a minor version of BullMQ together.
 * @param {string} name
 */
const rangeSign = (name) => (name === 'bullmq' ? '~' : '^');

/**
 * @param {string} root
 * @param {readonly string[]} outside Names of the packages that the code imports.
 */
export function buildManifest(root, outside) {
  const { name, version, license } = JSON.parse(readFileSync(path.join(root, 'packages/producer/package.json'), 'utf8'));
  const { description, engines } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  /** @param {string[]} names */
  const ranges = (names) => Object.fromEntries(names.map((each) => [each, `${rangeSign(each)}${installedVersion(root, each)}`]));
  const peers = outside.filter((each) => optional.test(each));
  return {
    name,
    version,
    description,
    license,
    type: 'module',
    sideEffects: false,
    engines,
    main: './dist/index.cjs',
    module: './dist/index.mjs',
    types: './dist/index.d.cts',
    exports: {
      ...Object.fromEntries(entries.map((entry) => [subpathOf(entry), conditionsOf(entry)])),
      './package.json': './package.json',
    },
    // TypeScript with `moduleResolution: node10` does not read "exports".
    typesVersions: {
      '*': Object.fromEntries(
        entries.filter((entry) => entry !== 'index').map((entry) => [path.dirname(entry), [`./dist/${entry}.d.cts`]]),
      ),
    },
    dependencies: ranges(outside.filter((each) => !optional.test(each))),
    peerDependencies: ranges(peers),
    peerDependenciesMeta: Object.fromEntries(peers.map((each) => [each, { optional: true }])),
  };
}

/** @param {string} entry */
const subpathOf = (entry) => (entry === 'index' ? '.' : `./${path.dirname(entry)}`);

/**
 * Returns the files of an entry. `module-sync` comes first: a Node that can `require` ES modules then loads one copy of the package for both
 * formats, so that each class of errors exists once.
 * @param {string} entry
 */
function conditionsOf(entry) {
  const esm = { types: `./dist/${entry}.d.mts`, default: `./dist/${entry}.mjs` };
  return { 'module-sync': esm, import: esm, require: { types: `./dist/${entry}.d.cts`, default: `./dist/${entry}.cjs` } };
}

/**
 * Returns the version with which this tree was tested.
 * @param {string} root
 * @param {string} name
 */
function installedVersion(root, name) {
  const packages = ['producer', 'contracts', 'generation-store', 'object-storage', 'queues'];
  const file = packages
    .map((each) => path.join(root, 'packages', each, 'node_modules', name, 'package.json'))
    .find((candidate) => existsSync(candidate));
  if (file === undefined) throw new Error(`the bundle imports "${name}", and none of its packages depends on it`);
  return JSON.parse(readFileSync(file, 'utf8')).version;
}
