import { copyFile, mkdir, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { rolldown, type Plugin } from 'rolldown';
import { CALLER, EVENT_CONSUMER, repositoryRoot } from './built-apps.ts';
import { IMPORT, wrapped } from './run-cached.ts';

// The compiled file, also when this module runs from its source.
const runCachedFile = new URL('../../dist/built-apps/run-cached.js', import.meta.url).href;
const WORKER = 'apps/worker/dist/main.js';
/** Every program that tests start again and again, by its place in the repository. */
const programs = [
  WORKER,
  ...['webhook-receiver', 'cli', 'runware-emulator', 'dashboard', 'eraser', 'notifier', 'api'].map((app) => `apps/${app}/dist/main.js`),
  EVENT_CONSUMER,
  CALLER,
];
/** Other folders that the command line reads beside `apps/`. */
const others = ['examples', '.local'] as const;

/** A change of the built code: a deliberate fault in the worker that the crash points must find, or what a later version does. */
export interface Breakage {
  /** The compiled file, as the end of its path. */
  readonly file: string;
  /** Must match exactly once: a breakage that misses its place would prove nothing. */
  readonly find: RegExp;
  readonly replace: string;
}

/**
 * Writes each program as one script with a code cache. A process that tests start a thousand times spends most of its processor time on
 * finding, reading and compiling a thousand library files. The code is the built code, except for deliberate breakages.
 * @param folder Gets the `main.js` of each program at the place that it has in the repository.
 * @param where Programs that are changed; one that is not the worker may lack the place of a change.
 * @throws Error if the place of a breakage does not occur exactly once.
 */
export async function bundleApps(folder: string, breakages: readonly Breakage[] = [], where: 'worker' | 'all' = 'worker'): Promise<void> {
  await Promise.all(programs.map((path) => bundle(path, folder, where === 'all' || path === WORKER ? breakages : [])));
  for (const name of others) await symlink(join(repositoryRoot, name), join(folder, name));
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }\n');
  // A probe prints the version of the command line, which it reads two folders above its module: for a bundle, this folder.
  await copyFile(join(repositoryRoot, 'apps', 'cli', 'package.json'), join(folder, 'apps', 'package.json'));
}

async function bundle(path: string, folder: string, breakages: readonly Breakage[]): Promise<void> {
  const main = join(repositoryRoot, path);
  const places = new Map<Breakage, number>();
  // A plugin that sees every module of ten programs takes most of the time: each hook has a filter.
  const plugins = [
    asFunction(main),
    keepPlaces,
    keepPages,
    leaveLater,
    leaveOutside,
    breakages.length > 0 && breakOnPurpose(breakages, places),
  ];
  const build = await rolldown({ input: main, platform: 'node', external: ['vitest'], plugins });
  const script = join(folder, dirname(path), 'app.cjs');
  const { output } = await build.generate({ format: 'cjs', codeSplitting: false });
  await build.close();
  for (const breakage of breakages) {
    const count = places.get(breakage) ?? 0;
    if (count !== 1 && !(count === 0 && path !== WORKER))
      throw new Error(`${String(breakage.find)} occurs ${count} times in ${breakage.file}, and must occur once`);
  }
  await mkdir(dirname(script), { recursive: true });
  await writeFile(script, asciiOf(wrapped(output[0].code)), 'latin1');
  await writeFile(join(folder, path), `import { runCached } from '${runCachedFile}';\nrunCached(${JSON.stringify(script)});\n`);
}

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

/** Modules that look for files beside themselves: the S3 server starts a program, the API reads its version. */
const placed = ['packages/', 'apps/api/'].map((folder) => join(repositoryRoot, folder));

/** Gives such a module its own path instead of the bundle's. */
const keepPlaces: Plugin = {
  name: 'keep-places',
  transform: {
    filter: { code: 'import.meta.url' },
    handler: (code, id) =>
      placed.some((folder) => id.startsWith(folder)) ? code.replaceAll('import.meta.url', JSON.stringify(pathToFileURL(id).href)) : null,
  },
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

/** Moves the code after the imports into an async function, because a script has no top-level await. */
const asFunction = (main: string): Plugin => ({
  name: 'as-function',
  transform: {
    filter: { id: main },
    handler(code) {
      const imports = code.match(/^import .*;$/gm) ?? [];
      // The compiler marks a module without top-level imports by an empty export.
      const body = imports.reduce((left, statement) => left.replace(statement, ''), code).replace(/^export \{\};$/m, '');
      return `${imports.join('\n')}\nvoid (async () => {${body}\n})();\n`;
    },
  },
});
