import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Script } from 'node:vm';

/** What `import(…)` is called in a bundle: a script that comes from the code cache cannot import by itself. */
export const IMPORT = 'importFromOutside';

/** By then a service has done most of what it does at its start. */
const WRITE_CACHE_AFTER_MS = 3000;

/**
 * Runs a script as Node runs a CommonJS module, from V8's code cache once there is one: without it most of a start is compiling
 * (Node 20 docs, "vm.Script", `cachedData`; `module.enableCompileCache` came with Node 22).
 *
 * @param file Where the script is; its cache lies beside it, and is written by the first process that lives long enough or comes to its end.
 */
export function runCached(file: string): void {
  const cacheFile = `${file}.cache`;
  const cachedData = readIfThere(cacheFile);
  const script = new Script(`(function (exports, require, module, __filename, ${IMPORT}) {${readFileSync(file, 'utf8')}\n})`, {
    filename: file,
    ...(cachedData === undefined ? {} : { cachedData }),
  });
  if (script.cachedDataRejected !== false) {
    const write = (): void => writeWhole(cacheFile, script.createCachedData());
    process.once('exit', write);
    setTimeout(write, WRITE_CACHE_AFTER_MS).unref();
  }
  const module = { exports: {} };
  const run = script.runInThisContext() as (...words: unknown[]) => void; // the function above
  run(module.exports, createRequire(import.meta.url), module, file, (url: string) => import(url));
}

function readIfThere(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch {
    return undefined;
  }
}

/** Others read it at any time. */
function writeWhole(file: string, bytes: Uint8Array): void {
  const own = `${file}.${process.pid}`;
  writeFileSync(own, bytes);
  renameSync(own, file);
}
