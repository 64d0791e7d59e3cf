import { readFileSync } from 'node:fs';
import { z } from 'zod';

/** Returns the version of Darkroom. All rooms have the same; the package.json lies one folder above both the source and the compiled file. */
export const readVersion = (): string =>
  z.object({ version: z.string() }).parse(JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))).version;
