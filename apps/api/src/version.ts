import { readFileSync } from 'node:fs';
import { z } from 'zod';

/** The version in this app's package.json, which lies one folder above both the source and the compiled file. */
export const readVersion = (): string =>
  z.object({ version: z.string() }).parse(JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))).version;
