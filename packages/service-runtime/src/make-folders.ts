import { existsSync, mkdirSync, statSync } from 'node:fs';
import path from 'node:path';

/**
 * Makes a folder and those above it; one that exists is no error. Node's own `recursive` never returns where the file system answers ENOENT
 * although the folder above exists, as below /proc or behind a link to nowhere (seen with Node 20).
 * @param mode Of each folder that it makes. @throws the error of the file system.
 */
export function makeFolders(folder: string, mode = 0o777): void {
  const whole = path.resolve(folder);
  try {
    mkdirSync(whole, { mode });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException; // of the call above
    if (code === 'EEXIST' && statSync(whole, { throwIfNoEntry: false })?.isDirectory() === true) return;
    const above = path.dirname(whole);
    if (code !== 'ENOENT' || existsSync(above)) throw error;
    makeFolders(above, mode);
    makeFolders(whole, mode);
  }
}
