import path from 'node:path';

/** A path as a person writes it: from where they are, unless it lies elsewhere. */
export function shownPath(file: string): string {
  const relative = path.relative('', file);
  return relative.startsWith('..') ? file : relative;
}
