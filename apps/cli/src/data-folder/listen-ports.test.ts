import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { choosePorts } from './listen-ports.ts';

function setup(): string {
  const dir = mkdtempSync(path.join(tmpdir(), 'darkroom-ports-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  return dir;
}

test('each process keeps its port from start to start', async () => {
  const dir = setup();
  const first = await choosePorts(dir);
  expect(new Set(Object.values(first)).size).toBe(9);
  expect(await choosePorts(dir)).toEqual(first);
});

test('a port that is in use is replaced, and the others are kept', async () => {
  const dir = setup();
  const first = await choosePorts(dir);
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(first.s3, '127.0.0.1', resolve));
  onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())));
  const { s3, ...others } = await choosePorts(dir);
  expect(s3).not.toBe(first.s3);
  expect({ ...others, s3: first.s3 }).toEqual(first);
});

test('a file that was changed by hand does not prevent a start', async () => {
  const dir = setup();
  for (const text of ['', '{"redis":"6379"}', '[]']) {
    writeFileSync(path.join(dir, 'ports.json'), text);
    expect(new Set(Object.values(await choosePorts(dir))).size).toBe(9);
  }
  const { redis } = await choosePorts(dir);
  writeFileSync(path.join(dir, 'ports.json'), JSON.stringify({ redis, s3: redis }));
  expect(new Set(Object.values(await choosePorts(dir))).size).toBe(9);
});
