import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { rolldown, type Plugin } from 'rolldown';
import { builtAppsFolder, CALLER, EVENT_CONSUMER, repositoryRoot } from './built-apps.ts';
import { IMPORT, wrapped } from './load-cached.ts';

// The compiled file, also when this module runs from its source.
const loadCachedFile = new URL('../../dist/built-apps/load-cached.js', import.meta.url).href;
const WORKER = 'apps/worker/dist/main.js';
/** Every program that is started again and again, by its place in the repository. */
const programs = [
  WORKER,
  ...['webhook-receiver', 'cli', 'runware-emulator', 'dashboard', 'eraser', 'notifier', 'api'].map((app) => `apps/${app}/dist/main.js`),
  EVENT_CONSUMER,
  CALLER,
];

/** A change of the built code: a deliberate fault in the worker that the crash points must find, or what a later version does. */
export interface Breakage {
  /** The compiled file, as the end of its path. */
  readonly file: string;
  /** Must match exactly once: a breakage that misses its place would prove nothing. */
  readonly find: RegExp;
  readonly replace: string;
}

/**
 * Writes all programs as a few scripts, which they share, with a code cache for each program. A process spends most of the processor time of
 * its start on finding, reading and compiling a thousand library files. The code is the built code, except for deliberate breakages.
 * @param folder Gets the `main.js` of each program at the place that it has in the repository.
 * @param where Programs that are changed; the others are those of this run of tests.
 * @throws Error if the place of a breakage does not occur exactly once.
 */
export async function bundleApps(folder: string, breakages: readonly Breakage[] = [], where: 'worker' | 'all' = 'all'): Promise<void> {
  const changed = where === 'all' ? programs : [WORKER];
  const places = new Map<Breakage, number>();
  const mains = Object.fromEntries(changed.map((path) => [nameOf(path), join(repositoryRoot, path)]));
  // A plugin that sees every module takes most of the time: each hook has a filter.
  const plugins = [
    asFunctions(Object.values(mains)),
    keepPlaces(Object.values(mains)),
    keepPages,
    leaveLater,
    leaveOutside,
    breakages.length > 0 && breakOnPurpose(breakages, places),
  ];
  const build = await rolldown({ input: mains, platform: 'node', external: ['vitest'], plugins });
  const { output } = await build.generate({ format: 'cjs', entryFileNames: '[name].cjs', chunkFileNames: '[name]-[hash].cjs' });
  await build.close();
  for (const breakage of breakages) {
    const count = places.get(breakage) ?? 0;
    if (count !== 1) throw new Error(`${String(breakage.find)} occurs ${count} times in ${breakage.file}, and must occur once`);
  }
  const scripts = join(folder, 'scripts');
  await mkdir(scripts, { recursive: true });
  for (const script of output)
    if (script.type === 'chunk') await writeFile(join(scripts, script.fileName), asciiOf(wrapped(script.code)), 'latin1');
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }\n');
  for (const path of programs) {
    const main = join(folder, path);
    await mkdir(dirname(main), { recursive: true });
    if (changed.includes(path)) await writeFile(main, startOf(path));
    else await symlink(join(builtAppsFolder(), path), main);
  }
}

/** Returns the name of a program among the scripts. */
const nameOf = (path: string): string => path.replace(/\/(dist\/)?main\.js$/, '').replaceAll('/', '-');

/** Returns the `main.js` of a program in a folder of bundles, which may be moved as a whole. */
const startOf = (path: string): string => `import { loadCached } from '${loadCachedFile}';
loadCached(new URL('${relative(dirname(path), 'scripts')}/', import.meta.url), '${nameOf(path)}.cjs', import.meta.url);
`;

/** Escapes all other characters: V8 keeps a text of ASCII alone as the bytes of its file, and any other one as a copy twice as long. */
const asciiOf = (code: string): string =>
  code.replaceAll(/[\u0080-\uffff]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);

/**
 * Modules that a process loads only if its settings ask for them: the Redis in JavaScript, which loads WebAssembly, and the writer of
 * traces, whose libraries import modules while they run. In a bundle each start would load them.
 */
const leaveLater: Plugin = {
  name: 'leave-later',
  resolveId: {
    filter: { id: /^js-redis-server$|\/otlp-writer\.js$/ },
    async handler(source, importer) {
      const found = await this.resolve(source, importer, { skipSelf: true });
      if (found === null) throw new Error(`${source} is not installed`);
      return { id: pathToFileURL(found.id).href, external: true };
    },
  },
  renderChunk: (code) => code.replaceAll('import("file:', `${IMPORT}("file:`),
};

/** Libraries outside the bundle: the image library loads machine code, the reference page looks for its files beside itself. */
const outside = /^(sharp|@fastify\/swagger-ui)$/;

/** Keeps these libraries outside the bundle, and takes the form that a script can load. */
const leaveOutside: Plugin = {
  name: 'leave-outside',
  resolveId: {
    filter: { id: outside },
    handler: (source, importer) => (importer === undefined ? null : { id: createRequire(importer).resolve(source), external: true }),
  },
};

/** Keeps the dashboard's pages outside: its library looks for these files beside itself. */
const keepPages: Plugin = {
  name: 'keep-pages',
  transform: {
    filter: { id: /\/@bull-board\/api\// },
    handler: (code, id) =>
      code.includes(FIND_PAGES) ? code.replace(FIND_PAGES, JSON.stringify(createRequire(id).resolve('@bull-board/ui/package.json'))) : null,
  },
};
const FIND_PAGES = "eval(`require.resolve('@bull-board/ui/package.json')`)";

/**
 * Gives our modules their own paths instead of the bundle's: the S3 server starts a program, and the API reads its version, beside themselves.
 * A main module is at the place of its bundle, so the command line starts the apps that lie there.
 */
const keepPlaces = (mains: readonly string[]): Plugin => ({
  name: 'keep-places',
  transform: {
    filter: { code: 'import.meta.url' },
    handler: (code, id) =>
      ours.some((folder) => id.startsWith(folder)) && !mains.includes(id)
        ? code.replaceAll('import.meta.url', JSON.stringify(pathToFileURL(id).href))
        : null,
  },
});
const ours = ['apps', 'packages'].map((folder) => join(repositoryRoot, folder, '/'));

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

/** Moves the code after the imports into an async function, because a script has no top-level await. */
const asFunctions = (mains: readonly string[]): Plugin => ({
  name: 'as-functions',
  transform: {
    filter: { id: [...mains] },
    handler(code) {
      const imports = code.match(/^import .*;$/gm) ?? [];
      // The compiler marks a module without top-level imports by an empty export.
      const body = imports.reduce((left, statement) => left.replace(statement, ''), code).replace(/^export \{\};$/m, '');
      return `${imports.join('\n')}\nvoid (async () => {${body}\n})();\n`;
    },
  },
});
