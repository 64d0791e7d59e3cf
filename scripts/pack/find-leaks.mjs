// Finds in a packed folder what leads out of it.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** Texts that have no place in an installable package, each with the reason. */
const forbidden = /** @type {const} */ ([
  [/(?:from|import|require)\s*\(?\s*["']@darkroom\/(?!producer["'/])/, 'imports a private package'],
  [/["'](?:workspace|catalog):/, 'names a version that only the workspace knows'],
  [/@darkroom\/source/, 'names the condition of sources'],
  [/sourceMappingURL/, 'names a source map that is not there'],
]);

/**
 * Returns a line for each leak.
 * @param {string} folder
 * @param {string} root Path of this tree, which no file may name.
 */
export function findLeaks(folder, root) {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name));
  return files.flatMap((file) => {
    const text = readFileSync(file, 'utf8');
    const name = path.relative(folder, file);
    return [
      ...forbidden.flatMap(([pattern, reason]) => (pattern.test(text) ? [`${name} ${reason}`] : [])),
      ...(text.includes(root) ? [`${name} holds the path of this machine`] : []),
      ...(name.endsWith('.map') ? [`${name} is a source map`] : []),
    ];
  });
}
