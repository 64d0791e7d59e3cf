import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const program = fileURLToPath(new URL('programs/loaded-modules.mjs', import.meta.url));
const run = promisify(execFile);

/** Returns the modules that the built package loads for an entry, in a new process. */
async function modulesOf(entry: string): Promise<string[]> {
  const directory = await mkdtemp(join(tmpdir(), 'darkroom-modules-'));
  try {
    const file = join(directory, 'modules.txt');
    await run(process.execPath, [program, entry, file]);
    return (await readFile(file, 'utf8')).split('\n').filter((line) => line !== '');
  } finally {
    await rm(directory, { recursive: true });
  }
}
const ofAws = (modules: readonly string[]): string[] => modules.filter((each) => /@aws-sdk|@smithy|object-storage/.test(each));

test('the main entry loads nothing of the AWS SDK', async () => {
  const modules = await modulesOf('@darkroom/producer');
  expect(modules.filter((each) => each.includes('bullmq')).length, 'the modules that are loaded').toBeGreaterThan(0);
  expect(ofAws(modules)).toEqual([]);
});

test('the images entry loads the AWS SDK', async () => {
  expect(ofAws(await modulesOf('@darkroom/producer/images')).length).toBeGreaterThan(0);
});
