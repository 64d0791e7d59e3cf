import { readFileSync, renameSync, utimesSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cachedDataVersionTag } from 'node:v8';
import { Script } from 'node:vm';

/** Name of `import(…)` in a bundle: a script from the code cache cannot import by itself. */
export const IMPORT = 'importFromOutside';

/** Returns the code as a function, as Node wraps a CommonJS module. */
export const wrapped = (code: string): string => `(function (exports, require, module, __filename, ${IMPORT}) {${code}\n})`;

/** After this time a service has run most of its start-up code. */
const WRITE_CACHE_AFTER_MS = 3000;
/** A folder that is not used for days is removed (`bundles.ts`). */
const NOTE_USE_EACH_MS = 24 * 60 * 60 * 1000;

/**
 * Loads a script as Node loads a CommonJS module, and the scripts that it requires, from V8's code cache if there is one. Without the cache a
 * start spends most of its time compiling (Node 20 docs, "vm.Script", `cachedData`; `module.enableCompileCache` came with Node 22). V8 takes
 * the cache of another script of the same length, so a script that has a cache must never change.
 *
 * @param folder Scripts that are {@link wrapped} and all ASCII. The time of the folder above it is that of the last use.
 * @param entry Name of the first script.
 * @param main Where the scripts find themselves. The caches lie beside it; the first process that lives long enough or ends writes them.
 */
export function loadCached(folder: URL, entry: string, main: string): void {
  const [scripts, mainFile] = [fileURLToPath(folder), fileURLToPath(main)];
  const requireOutside = createRequire(import.meta.url);
  const loaded = new Map<string, { exports: object }>();
  const unwritten = new Map<string, Script>();
  const load = (name: string): object => {
    const before = loaded.get(name);
    if (before !== undefined) return before.exports;
    const module = { exports: {} };
    loaded.set(name, module);
    const file = join(scripts, name);
    // The tag names the version of V8 and its options: a cache of others is of no use.
    const cacheFile = join(dirname(mainFile), `${name}.${cachedDataVersionTag()}.cache`);
    const cachedData = readIfThere(cacheFile);
    const script = new Script(readFileSync(file, 'latin1'), { filename: file, ...(cachedData && { cachedData }) });
    if (script.cachedDataRejected !== false) unwritten.set(cacheFile, script);
    const run = script.runInThisContext() as (...words: unknown[]) => void; // `wrapped` made it
    run(module.exports, requireFrom, module, mainFile, (url: string) => import(url));
    return module.exports;
  };
  const requireFrom = (name: string): unknown => (name.startsWith('./') ? load(name.slice(2)) : requireOutside(name));
  const write = (): void => {
    for (const [cacheFile, script] of unwritten) writeWhole(cacheFile, script.createCachedData());
    unwritten.clear();
  };
  process.once('exit', write);
  setTimeout(write, WRITE_CACHE_AFTER_MS).unref();
  noteUse(dirname(scripts));
  setInterval(noteUse, NOTE_USE_EACH_MS, dirname(scripts)).unref();
  load(entry);
}

function noteUse(folder: string): void {
  try {
    utimesSync(folder, new Date(), new Date());
  } catch {} // it cannot be written, or another user owns it
}

function readIfThere(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch {
    return undefined;
  }
}

/** Writes a file in one step, because other processes read it at any time. Without it a start takes longer, and is no other one. */
function writeWhole(file: string, bytes: Uint8Array): void {
  const own = `${file}.${process.pid}`;
  try {
    writeFileSync(own, bytes);
    renameSync(own, file);
  } catch {} // a full disk, or a folder that was removed meanwhile
}
