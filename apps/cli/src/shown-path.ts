import path from 'node:path';

/** Returns a path relative to the current folder, or unchanged if it lies outside. */
export function shownPath(file: string): string {
  const relative = path.relative('', file);
  return relative.startsWith('..') ? file : relative;
}
