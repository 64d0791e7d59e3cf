import { appendFile, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError } from '@darkroom/contracts';
import { expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { openJsonLines, parseJsonLines } from './json-lines.ts';

const schema = z.object({ n: z.int(), text: z.string().optional() });

async function newFile(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'json-lines-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return join(directory, 'file.jsonl');
}

test('a reopened file keeps its lines and continues after them', async () => {
  const file = await newFile();
  const first = openJsonLines(file, schema);
  first.append({ n: 1, text: 'ä\n' });
  first.close();
  const second = openJsonLines(file, schema);
  second.append({ n: 2 });
  second.close();
  const third = openJsonLines(file, schema);
  third.close();
  expect(third.before).toEqual([{ n: 1, text: 'ä\n' }, { n: 2 }]);
});

test('readers skip a torn last line and the next writer removes it, after any number of bytes', async () => {
  const line = Buffer.from('{"n":2,"text":"ä"}\n');
  for (let length = 1; length < line.length; length++) {
    const file = await newFile();
    await appendFile(file, '{"n":1}\n');
    await appendFile(file, line.subarray(0, length));
    expect(parseJsonLines(await readFile(file), schema, file).lines).toEqual([{ n: 1 }]);
    const journal = openJsonLines(file, schema);
    journal.append({ n: 3 });
    journal.close();
    expect(await readFile(file, 'utf8'), `torn after ${length} bytes`).toBe('{"n":1}\n{"n":3}\n');
  }
});

test('a file of another kind is refused and not changed', async () => {
  const file = await newFile();
  await appendFile(file, 'name,price\nx,1\n');
  expect(() => openJsonLines(file, schema)).toThrow(ConfigError);
  expect(await readFile(file, 'utf8')).toBe('name,price\nx,1\n');
});

test('only the owner can read the file', async () => {
  const file = await newFile();
  openJsonLines(file, schema).close();
  expect((await stat(file)).mode & 0o777).toBe(0o600);
});
