import { copyFile, mkdir, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { rolldown, type Plugin } from 'rolldown';
import { repositoryRoot } from './built-apps.ts';
import { IMPORT, wrapped } from './run-cached.ts';

// The compiled file, also when this module runs from its source.
const runCachedFile = new URL('../../dist/built-apps/run-cached.js', import.meta.url).href;
/** Every app that tests start. */
const apps = ['worker', 'webhook-receiver', 'cli', 'runware-emulator', 'dashboard', 'eraser', 'notifier', 'api'] as const;
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
 * Writes each app as one script with a code cache. A process that tests start a thousand times spends most of its processor time on
 * finding, reading and compiling a thousand library files. The code is the built code, except for deliberate breakages.
 * @param folder Gets `apps/<name>/dist/main.js` of every app, like the root of the repository.
 * @param where Apps that are changed; an app other than the worker may lack the place of a change.
 * @throws Error if the place of a breakage does not occur exactly once.
 */
export async function bundleApps(folder: string, breakages: readonly Breakage[] = [], where: 'worker' | 'all' = 'worker'): Promise<void> {
  await Promise.all(apps.map((app) => bundleApp(app, folder, where === 'all' || app === 'worker' ? breakages : [])));
  for (const name of others) await symlink(join(repositoryRoot, name), join(folder, name));
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }\n');
  // A probe prints the version of the command line, which it reads two folders above its module: for a bundle, this folder.
  await copyFile(join(repositoryRoot, 'apps', 'cli', 'package.json'), join(folder, 'apps', 'package.json'));
}

async function bundleApp(app: (typeof apps)[number], folder: string, breakages: readonly Breakage[]): Promise<void> {
  const path = join('apps', app, 'dist', 'main.js');
  const main = join(repositoryRoot, path);
  const places = new Map<Breakage, number>();
  // A plugin that sees every module of eight apps takes most of the time: each hook has a filter.
  const plugins = [
    asFunction(main),
    keepPlaces,
    keepPages,
    leaveOut,
    leaveOutside,
    breakages.length > 0 && breakOnPurpose(breakages, places),
  ];
  const bundle = await rolldown({ input: main, platform: 'node', external: ['vitest'], plugins });
  const script = join(folder, 'apps', app, 'dist', 'app.cjs');
  const { output } = await bundle.generate({ format: 'cjs', codeSplitting: false });
  await bundle.close();
  for (const breakage of breakages) {
    const count = places.get(breakage) ?? 0;
    if (count !== 1 && !(count === 0 && app !== 'worker'))
      throw new Error(`${String(breakage.find)} occurs ${count} times in ${breakage.file}, and must occur once`);
  }
  await mkdir(dirname(script), { recursive: true });
  await writeFile(script, asciiOf(wrapped(output[0].code)), 'latin1');
  await writeFile(join(folder, path), `import { runCached } from '${runCachedFile}';\nrunCached(${JSON.stringify(script)});\n`);
}

/** Escapes all other characters: V8 keeps a text of ASCII alone as the bytes of its file, and any other one as a copy twice as long. */
const asciiOf = (code: string): string =>
  code.replaceAll(/[\u0080-\uffff]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** Keeps the Redis in JavaScript outside the bundle: it loads WebAssembly and answers nothing from inside a bundle. */
const leaveOut: Plugin = {
  name: 'leave-out',
  resolveId: {
    filter: { id: /^js-redis-server$/ },
    async handler(source, importer) {
      const found = await this.resolve(source, importer, { skipSelf: true });
      if (found === null) throw new Error(`${source} is not installed`);
      return { id: pathToFileURL(found.id).href, external: true };
    },
  },
  renderChunk: (code) => code.replaceAll('import("file:', `${IMPORT}("file:`),
};

/**
 * Libraries outside the bundle: the image library loads machine code, the reference page looks for its files beside itself, and OpenTelemetry
 * imports modules while it runs, which a script cannot.
 */
const outside = /^(sharp|@fastify\/swagger-ui|@opentelemetry\/(api|exporter-trace-otlp-http|resources|sdk-trace-base))$/;

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
