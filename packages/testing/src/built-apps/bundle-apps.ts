import { copyFile, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { rolldown, type Plugin } from 'rolldown';
import { repositoryRoot } from './built-apps.ts';
import { IMPORT } from './run-cached.ts';

// As it is compiled, also while this file is read from its source.
const runCachedFile = new URL('../../dist/built-apps/run-cached.js', import.meta.url).href;
/** Every app that tests start. */
const apps = ['worker', 'webhook-receiver', 'cli', 'runware-emulator', 'dashboard'] as const;
/** What the command line reads of the folder that holds `apps/`. */
const others = ['examples', '.local'] as const;

/** A change to the worker on purpose, to see that the crash points find it. */
export interface Breakage {
  /** The compiled file, as the end of its path. */
  readonly file: string;
  /** Must be there just once: a breakage that misses its place would prove that nothing is found. */
  readonly find: RegExp;
  readonly replace: string;
}

/**
 * Writes each app as one script with a code cache: what is started a thousand times spends most of its processor time on finding,
 * reading and compiling the thousand files of its libraries. What runs is the same, as it was built, but for what is broken on purpose.
 * @param folder Holds `apps/<name>/dist/main.js` of every app afterwards, as the root of the repository does.
 * @throws Error for a breakage whose place is not there just once.
 */
export async function bundleApps(folder: string, breakages: readonly Breakage[] = []): Promise<void> {
  await Promise.all(apps.map((app) => bundleApp(app, folder, app === 'worker' ? breakages : [])));
  for (const name of others) await symlink(join(repositoryRoot, name), join(folder, name));
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }\n');
  // A probe tells the version of the command line, which it reads two folders above its module: in a bundle that is here.
  await copyFile(join(repositoryRoot, 'apps', 'cli', 'package.json'), join(folder, 'apps', 'package.json'));
}

async function bundleApp(app: (typeof apps)[number], folder: string, breakages: readonly Breakage[]): Promise<void> {
  const path = join('apps', app, 'dist', 'main.js');
  const main = join(repositoryRoot, path);
  const places = new Map<Breakage, number>();
  const plugins = [asFunction(main), keepPlaces, keepPages, leaveOut, leaveSharp, breakOnPurpose(breakages, places)];
  const bundle = await rolldown({ input: main, platform: 'node', external: ['vitest'], plugins });
  const script = join(folder, 'apps', app, 'dist', 'app.cjs');
  await bundle.write({ file: script, format: 'cjs', codeSplitting: false });
  await bundle.close();
  for (const breakage of breakages) {
    const count = places.get(breakage) ?? 0;
    if (count !== 1) throw new Error(`${String(breakage.find)} is ${count} times in ${breakage.file}, and must be there once`);
  }
  await writeFile(join(folder, path), `import { runCached } from '${runCachedFile}';\nrunCached(${JSON.stringify(script)});\n`);
}

/** Leaves a Redis in JavaScript where it is: it brings WebAssembly, and answers nothing out of a bundle. */
const leaveOut: Plugin = {
  name: 'leave-out',
  async resolveId(source, importer) {
    if (source !== 'js-redis-server') return null;
    const found = await this.resolve(source, importer, { skipSelf: true });
    if (found === null) throw new Error(`${source} is not installed`);
    return { id: pathToFileURL(found.id).href, external: true };
  },
  renderChunk: (code) => code.replaceAll('import("file:', `${IMPORT}("file:`),
};

/** Leaves the library that draws images where it is, for it brings machine code, and takes the form of it that a script can load. */
const leaveSharp: Plugin = {
  name: 'leave-sharp',
  resolveId: (source, importer) =>
    source === 'sharp' && importer !== undefined ? { id: createRequire(importer).resolve(source), external: true } : null,
};

/** The pages of the dashboard are files of a package, which its library looks for from where the library lies. */
const keepPages: Plugin = {
  name: 'keep-pages',
  transform(code, id) {
    if (!id.includes('/@bull-board/api/') || !code.includes(FIND_PAGES)) return null;
    return code.replace(FIND_PAGES, JSON.stringify(createRequire(id).resolve('@bull-board/ui/package.json')));
  },
};
const FIND_PAGES = "eval(`require.resolve('@bull-board/ui/package.json')`)";

/** Tells a module of a package where it lies itself, and not where the bundle lies: the S3 server is a program beside one of them. */
const keepPlaces: Plugin = {
  name: 'keep-places',
  transform: (code, id) =>
    id.startsWith(join(repositoryRoot, 'packages')) && code.includes('import.meta.url')
      ? code.replaceAll('import.meta.url', JSON.stringify(pathToFileURL(id).href))
      : null,
};

const breakOnPurpose = (breakages: readonly Breakage[], places: Map<Breakage, number>): Plugin => ({
  name: 'break-on-purpose',
  transform(code, id) {
    let changed = code;
    for (const breakage of breakages.filter(({ file }) => id.endsWith(`/${file}`))) {
      const count = changed.match(new RegExp(breakage.find, 'g'))?.length ?? 0;
      places.set(breakage, (places.get(breakage) ?? 0) + count);
      changed = changed.replace(breakage.find, () => breakage.replace);
    }
    return changed === code ? null : changed;
  },
});

/** A script cannot wait on its top level: what follows the imports of an app becomes a function that can. */
const asFunction = (main: string): Plugin => ({
  name: 'as-function',
  transform(code, id) {
    if (id !== main) return null;
    const imports = code.match(/^import .*;$/gm) ?? [];
    // The compiler marks a module that imports nothing on its top level by an empty export.
    const body = imports.reduce((left, statement) => left.replace(statement, ''), code).replace(/^export \{\};$/m, '');
    return `${imports.join('\n')}\nvoid (async () => {${body}\n})();\n`;
  },
});
