import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { endLeftOvers, openProcessRecord } from './left-overs.ts';

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

test('ends a listed process that runs its script, even if it ignores SIGTERM', async () => {
  const { dir, script } = setup();
  const { ended, pid } = await startScript(script);
  openProcessRecord(dir).add(pid, script);
  expect(await endLeftOvers(dir)).toBe(1);
  expect((await ended)[1]).toBe('SIGKILL');
  expect(await endLeftOvers(dir)).toBe(0);
});

test('does not end another process that got the id of a listed one', async () => {
  const { dir, script } = setup();
  const { child, pid } = await startScript(script);
  openProcessRecord(dir).add(pid, '/elsewhere/main.js');
  expect(await endLeftOvers(dir)).toBe(0);
  expect(child.exitCode ?? child.signalCode).toBeNull();
});

test('finds nothing after an orderly end or in a torn file', async () => {
  const { dir, script } = setup();
  const record = openProcessRecord(dir);
  record.add(process.pid, script);
  record.clear();
  expect(await endLeftOvers(dir)).toBe(0);
  writeFileSync(path.join(dir, 'processes.json'), '[{"pid":');
  expect(await endLeftOvers(dir)).toBe(0);
});
