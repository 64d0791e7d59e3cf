import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { Script } from 'node:vm';

/** Name of `import(…)` in a bundle: a script from the code cache cannot import by itself. */
export const IMPORT = 'importFromOutside';

/** Returns the code as a function, as Node wraps a CommonJS module. */
export const wrapped = (code: string): string => `(function (exports, require, module, __filename, ${IMPORT}) {${code}\n})`;

/** After this time a service has run most of its start-up code. */
const WRITE_CACHE_AFTER_MS = 3000;

/** A loaded bundle. */
export interface Bundle {
  /** Starts one of its programs. @param path Its place in the repository. */
  start(path: string): void;
}

/**
 * Loads a script as Node loads a CommonJS module, from V8's code cache if there is one. Without the cache a start spends most of its
 * time compiling (Node 20 docs, "vm.Script", `cachedData`; `module.enableCompileCache` came with Node 22). V8 refuses a cache of another Node;
 * it takes one of another script of the same length, so a script that has a cache must never change.
 *
 * @param script It is {@link wrapped} and all ASCII.
 * @param main Where the script finds itself. The cache lies beside it; the first process that lives long enough or ends writes it.
 */
export function loadCached(script: URL, main: string): Bundle {
  const [scriptFile, mainFile] = [fileURLToPath(script), fileURLToPath(main)];
  const cacheFile = `${mainFile}.cache`;
  const cachedData = readIfThere(cacheFile);
  const compiled = new Script(readFileSync(scriptFile, 'latin1'), { filename: scriptFile, ...(cachedData && { cachedData }) });
  if (compiled.cachedDataRejected !== false) {
    const write = (): void => writeWhole(cacheFile, compiled.createCachedData());
    process.once('exit', write);
    setTimeout(write, WRITE_CACHE_AFTER_MS).unref();
  }
  const module = { exports: {} };
  const run = compiled.runInThisContext() as (...words: unknown[]) => void; // `wrapped` made it
  run(module.exports, createRequire(import.meta.url), module, mainFile, (url: string) => import(url));
  return module.exports as Bundle; // the list of programs that a bundle exports
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
