import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Writes programs with these names, in JavaScript, for commands of a page. */
export async function writePrograms(folder: string, programs: Readonly<Record<string, string>>): Promise<void> {
  await mkdir(folder);
  for (const [name, text] of Object.entries(programs))
    await writeFile(join(folder, name), `#!${process.execPath}\n${text}\n`, { mode: 0o755 });
}
