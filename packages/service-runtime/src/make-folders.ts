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
    // A file system that is read-only, or a drive, says something else than EEXIST.
    if (code !== 'ENOENT' && isFolder(whole)) return;
    const above = path.dirname(whole);
    if (code !== 'ENOENT' || above === whole || existsSync(above)) throw error;
    makeFolders(above, mode);
    makeFolders(whole, mode);
  }
}

function isFolder(folder: string): boolean {
  try {
    return statSync(folder).isDirectory();
  } catch {
    return false; // such as below a file
  }
}
