import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InvalidRequestError } from '@darkroom/contracts';
import { expect, onTestFinished, test } from 'vitest';
import { readCharges } from './read-charges.ts';

const task = '3f2504e0-4f89-41d3-9a0c-0305e82c3301';

async function read(text: string): Promise<unknown[]> {
  const folder = await mkdtemp(join(tmpdir(), 'darkroom-charges-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'usage');
  await writeFile(file, text);
  return all(readCharges(file, '2026-11'));
}

async function all<Each>(charges: AsyncIterable<Each>): Promise<Each[]> {
  const found: Each[] = [];
  for await (const each of charges) found.push(each);
  return found;
}

const two = [{ taskUUID: task, costNanoUsd: 20_000_000 }];

test.for([
  ['JSON lines', `{"taskUUID":"${task}","cost":0.02}\n\n{"taskUUID":"x","cost":0}\n{"kind":"submission"}\n`],
  [
    'JSON lines with times',
    `{"at":1795996800000,"taskUUID":"${task}","costUsd":"0.02"}\n{"at":1798761600000,"taskUUID":"x","costUsd":"0.02"}\n`,
  ],
  [
    'a table',
    `\uFEFFDate,Task UUID,Model,Cost (USD)\r\n2026-11-30T23:59:59Z,${task.toUpperCase()},"a, ""b""",$0.02\r\n2026-12-01T00:00:00Z,x,m,0.02\r\n`,
  ],
  ['a table with semicolons', `taskUUID;cost\n${task};0.02 USD\n`],
])('reads %s', async ([, text]) => {
  expect(await read(text ?? '')).toEqual(two);
});

test('names all lines that cannot be read at once', async () => {
  const error: unknown = await read(
    `{"taskUUID":"${task}","cost":"much"}\nnot json\n{"taskUUID":"a b","cost":1}\n{"taskUUID":"a","cost":1,"at":"noon"}`,
  ).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(InvalidRequestError);
  expect((error as InvalidRequestError).problems.map(({ path }) => path)).toEqual(['line 1', 'line 2', 'line 3', 'line 4']);
});

test('a table without a column for the cost, and a file that is not there, are errors', async () => {
  await expect(read('task,model\nx,y\n')).rejects.toMatchObject({ problems: [{ path: 'line 1' }] });
  await expect(all(readCharges('/nonexistent/usage', '2026-11'))).rejects.toMatchObject({ problems: [{ path: '--file' }] });
});
