import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Script } from 'node:vm';

/** Name of `import(…)` in a bundle: a script from the code cache cannot import by itself. */
export const IMPORT = 'importFromOutside';

/** Returns the code as a function, as Node wraps a CommonJS module. */
export const wrapped = (code: string): string => `(function (exports, require, module, __filename, ${IMPORT}) {${code}\n})`;

/** After this time a service has run most of its start-up code. */
const WRITE_CACHE_AFTER_MS = 3000;

/**
 * Runs a script as Node runs a CommonJS module, from V8's code cache if there is one. Without the cache a start spends most of its
 * time compiling (Node 20 docs, "vm.Script", `cachedData`; `module.enableCompileCache` came with Node 22).
 *
 * @param file Path of the script, which is {@link wrapped} and all ASCII. Its cache lies beside it; the first process that lives long enough or ends writes it.
 */
export function runCached(file: string): void {
  const cacheFile = `${file}.cache`;
  const cachedData = readIfThere(cacheFile);
  const script = new Script(readFileSync(file, 'latin1'), { filename: file, ...(cachedData && { cachedData }) });
  if (script.cachedDataRejected !== false) {
    const write = (): void => writeWhole(cacheFile, script.createCachedData());
    process.once('exit', write);
    setTimeout(write, WRITE_CACHE_AFTER_MS).unref();
  }
  const module = { exports: {} };
  const run = script.runInThisContext() as (...words: unknown[]) => void; // `wrapped` made it
  run(module.exports, createRequire(import.meta.url), module, file, (url: string) => import(url));
}

function readIfThere(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch {
    return undefined;
  }
}

/** Writes a file in one step, because other processes read it at any time. */
function writeWhole(file: string, bytes: Uint8Array): void {
  const own = `${file}.${process.pid}`;
  writeFileSync(own, bytes);
  renameSync(own, file);
}
