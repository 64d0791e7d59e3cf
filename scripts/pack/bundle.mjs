// Bundles the producer: its entries and the workspace packages behind them, as ES modules, as CommonJS and as declarations.
import { readFileSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import path from 'node:path';
import { rolldown } from 'rolldown';
import { dts } from 'rolldown-plugin-dts';

/** Entries of the package, by the path of their files. */
export const entries = /** @type {const} */ (['index', 'images/index', 'testing/index', 'webhooks/index']);

/** Libraries that the package contains, because they are ES modules alone, which Jest and older bundlers cannot `require`. */
const contained = ['image-dimensions'];

/** Returns true for an import that stays one. @param {string} id */
const isOutside = (id) => !/^[./]/.test(id) && !path.isAbsolute(id) && !id.startsWith('@darkroom/') && !contained.includes(id);

/**
 * @typedef {object} Bundle
 * @property {string[]} outside Names of the packages that the code imports.
 * @property {string[]} containedFolders Folders of the libraries that the package contains.
 */

/**
 * Writes the code of both formats, and their declarations. All entries of a format come from one build: two would double the classes of errors.
 * @param {string} producer Folder of the producer, built.
 * @param {string} target
 * @returns {Promise<Bundle>}
 */
export async function writeBundle(producer, target) {
  const code = [await build(producer, target, 'es'), await build(producer, target, 'cjs')].flat();
  const declarations = await buildDeclarations(producer, target);
  const own = new Set([...code, ...declarations].map(({ fileName }) => fileName));
  const imported = [...code, ...declarations]
    .flatMap(({ imports, dynamicImports }) => [...imports, ...dynamicImports])
    .filter((name) => !own.has(name));
  const modules = code.flatMap(({ moduleIds }) => moduleIds);
  return {
    outside: [...new Set(imported.filter((id) => !isBuiltin(id)).map(packageOf))].toSorted(),
    containedFolders: contained.flatMap((name) => {
      const folder = modules.map((id) => new RegExp(`^.*/node_modules/${name}(?=/)`).exec(id)?.[0]).find((found) => found !== undefined);
      return folder === undefined ? [] : [folder];
    }),
  };
}

/** @param {string} id Such as "@aws-sdk/client-s3" or "zod/v4". */
const packageOf = (id) =>
  id
    .split('/')
    .slice(0, id.startsWith('@') ? 2 : 1)
    .join('/');

/** @param {'mjs' | 'cjs'} extension */
const names = (extension) => ({ entryFileNames: `[name].${extension}`, chunkFileNames: `shared-[name].${extension}` });

/** @param {string} producer @param {string} extension */
const inputsOf = (producer, extension) =>
  Object.fromEntries(entries.map((entry) => [entry, path.join(producer, 'dist', `${entry}${extension}`)]));

/** @param {string} producer @param {string} target @param {'es' | 'cjs'} format */
async function build(producer, target, format) {
  const bundle = await rolldown({
    input: inputsOf(producer, '.js'),
    platform: 'node',
    external: isOutside,
    // All names that our entries export are listed; nothing happens when a module of ours is loaded.
    treeshake: { moduleSideEffects: false },
    onLog: refuseWarning,
  });
  const { output } = await bundle.write({
    dir: path.join(target, 'dist'),
    format,
    exports: 'named',
    sourcemap: false,
    ...names(format === 'es' ? 'mjs' : 'cjs'),
  });
  await bundle.close();
  return output.filter((file) => file.type === 'chunk');
}

/** Writes the declarations twice: under "type": "module" a `require` needs files that end with `.d.cts`. @param {string} producer @param {string} target */
async function buildDeclarations(producer, target) {
  const bundle = await rolldown({
    input: inputsOf(producer, '.d.ts'),
    external: isOutside,
    resolve: { conditionNames: ['types', 'default'] },
    // A busy machine makes every plugin slow.
    checks: { bundlerTimings: false },
    plugins: [dts({ dtsInput: true, emitDtsOnly: true, tsconfig: false, sourcemap: false })],
    onLog: refuseWarning,
  });
  const { output } = await bundle.write({
    dir: path.join(target, 'dist'),
    entryFileNames: '[name].mts',
    chunkFileNames: 'shared-[name].d.mts',
    sourcemap: false,
  });
  await bundle.close();
  const chunks = output.filter((file) => file.type === 'chunk');
  for (const { fileName } of chunks) {
    const text = readFileSync(path.join(target, 'dist', fileName), 'utf8');
    writeFileSync(path.join(target, 'dist', fileName.replace(/\.mts$/, '.cts')), text.replace(/(['"]\.[^'"]*)\.mjs(['"])/g, '$1.cjs$2'));
  }
  return chunks;
}

/** Fails on a warning, such as an import that leads nowhere. @param {string} level @param {{ message: string }} log */
function refuseWarning(level, { message }) {
  if (level === 'warn') throw new Error(`the bundler warns: ${message}`);
}
