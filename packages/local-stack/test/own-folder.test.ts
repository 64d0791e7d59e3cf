import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { takeFolder, type OwnFolder } from '../src/index.ts';

function setup() {
  const dir = mkdtempSync(path.join(tmpdir(), 'darkroom-left-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  const script = path.join(dir, 'app.mjs');
  writeFileSync(script, "process.on('SIGTERM', () => {}); console.log('ready'); setInterval(() => {}, 1000);");
  return { dir, script };
}

async function startScript(script: string) {
  const child = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'ignore'] });
  const ended = once(child, 'exit');
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  await once(child.stdout, 'data');
  return { child, ended, pid: child.pid ?? 0 };
}

/** Takes the folder as the next process does after a kill of the owner, which noted these programs. */
function takeOver(dir: string, programs: readonly { pid: number; mark: string }[]): OwnFolder {
  writeFileSync(path.join(dir, 'processes.json'), JSON.stringify({ owner: { pid: process.pid, startedAt: 0 }, programs }));
  return takeFolder(dir);
}

const readNoted = (dir: string): unknown =>
  (JSON.parse(readFileSync(path.join(dir, 'processes.json'), 'utf8')) as { programs: unknown }).programs;

test('ends a noted program that runs, even if it ignores SIGTERM', async () => {
  const { dir, script } = setup();
  const { ended, pid } = await startScript(script);
  const folder = takeOver(dir, [{ pid, mark: script }]);
  // A kill before the end of the left-overs must not forget them.
  expect(readNoted(dir)).toEqual([{ pid, mark: script }]);
  expect(await folder.endLeftOvers()).toBe(1);
  expect((await ended)[1]).toBe('SIGKILL');
  expect(readNoted(dir)).toEqual([]);
});

test('does not end another process that got the id of a noted program', async () => {
  const { dir, script } = setup();
  const { child, pid } = await startScript(script);
  expect(await takeOver(dir, [{ pid, mark: '/elsewhere/main.js' }]).endLeftOvers()).toBe(0);
  expect(child.exitCode ?? child.signalCode).toBeNull();
});

test('is taken by one living process, and free after an orderly end and with a torn file', async () => {
  const { dir, script } = setup();
  const folder = takeFolder(dir);
  folder.note(process.pid, script);
  expect(() => takeFolder(dir)).toThrow(`process ${process.pid} uses it`);
  folder.release();
  expect(await takeFolder(dir).endLeftOvers()).toBe(0);
  writeFileSync(path.join(dir, 'processes.json'), '{"owner":');
  expect(await takeFolder(dir).endLeftOvers()).toBe(0);
});

test('knows the owner and the programs that version 0.2.0 noted', async () => {
  const { dir, script } = setup();
  writeFileSync(script, "console.log('ready'); setInterval(() => {}, 1000);");
  const { ended, pid } = await startScript(script);
  const old = (name: string, content: unknown): void => writeFileSync(path.join(dir, name), JSON.stringify(content));
  old('owner.json', { pid: process.ppid, startedAt: 0 });
  expect(() => takeFolder(dir)).toThrow(`process ${process.ppid} uses it`);
  old('owner.json', { pid: process.pid, startedAt: 0 });
  old('processes.json', [{ pid, script }]);
  old('server.json', { pid, url: 'redis://127.0.0.1:65535' });
  expect(await takeFolder(dir).endLeftOvers()).toBe(1);
  await ended;
  expect(readdirSync(dir)).toEqual(['app.mjs', 'processes.json']);
});
