import { EventEmitter } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { createProcessRunner } from './tasks/processes.mjs';

/** Creates a runner that gets signals from an emitter, so that the test's own process gets none. */
function setup() {
  const folder = mkdtempSync(path.join(tmpdir(), 'darkroom-run-'));
  const { platform, execPath } = process;
  const self = Object.assign(new EventEmitter(), { platform, execPath, ppid: 100, env: { npm_lifecycle_event: 'start' } });
  const runner = createProcessRunner(self as unknown as NodeJS.Process); // the members that it uses
  onTestFinished(() => {
    runner.close();
    rmSync(folder, { recursive: true });
  });
  const node = (code: string) => ({ command: process.execPath, args: ['-e', code], env: process.env, capture: true });
  return { self, runner, node, file: path.join(folder, 'signals') };
}

/** Counts its signals in a file, and ends a moment after the last one that it waits for. */
const counting = `
  const fs = require('node:fs');
  let seen = 0;
  process.on('SIGINT', () => {
    seen += 1;
    fs.writeFileSync(process.env.SIGNALS, String(seen));
    if (seen === Number(process.env.EXIT_AT ?? 1)) setTimeout(() => process.exit(0), 200);
  });
  fs.writeFileSync(process.env.SIGNALS, 'ready');
  setInterval(() => {}, 1000);`;

test('returns the output of a process and its exit code', async () => {
  const { runner, node } = setup();
  expect(await runner.run(node('console.log("out"); console.error("err"); process.exitCode = 7'))).toEqual({
    code: 7,
    output: expect.stringMatching(/out[\s\S]*err|err[\s\S]*out/),
  });
});

test('passes a signal on once, waits for the process, and starts no further one', async () => {
  const { self, runner, node, file } = setup();
  const running = runner.run({ ...node(counting), env: { ...process.env, SIGNALS: file } });
  await expect.poll(() => read(file), { timeout: 15_000 }).toBe('ready');
  self.emit('SIGINT', 'SIGINT');
  await expect.poll(() => read(file), { timeout: 15_000 }).toBe('1');
  self.emit('SIGINT', 'SIGINT');
  expect((await running).code).toBe(0);
  expect(read(file)).toBe('1');
  expect(await runner.run(node('console.log("never")'))).toEqual({ code: 130, output: '' });
});

test('stops the process after npm has ended', async () => {
  const { self, runner, node } = setup();
  const running = runner.run(node('setInterval(() => {}, 1000)'));
  self.ppid = 1;
  expect((await running).code).toBe(143);
});

test('passes the same signal on again after a second', async () => {
  const { self, runner, node, file } = setup();
  let now = performance.now();
  vi.spyOn(performance, 'now').mockImplementation(() => now);
  onTestFinished(() => void vi.restoreAllMocks());
  const running = runner.run({ ...node(counting), env: { ...process.env, SIGNALS: file, EXIT_AT: '2' } });
  await expect.poll(() => read(file), { timeout: 15_000 }).toBe('ready');
  self.emit('SIGINT', 'SIGINT');
  await expect.poll(() => read(file), { timeout: 15_000 }).toBe('1');
  // a little more: the sum of two such numbers is rounded
  now += 1001;
  self.emit('SIGINT', 'SIGINT');
  expect((await running).code).toBe(0);
  expect(read(file)).toBe('2');
});

test('a process that a signal ends has the exit code of a shell', async () => {
  const { runner, node } = setup();
  expect(await runner.run(node('process.kill(process.pid, "SIGTERM"); setInterval(() => {}, 1000)'))).toEqual({ code: 143, output: '' });
});

test('a process that cannot be started is an error', async () => {
  const { runner } = setup();
  await expect(runner.run({ command: '/no/such/file', args: [], env: {} })).rejects.toThrow('ENOENT');
});

test('ignores signals after it is closed', () => {
  const { self, runner } = setup();
  expect(self.eventNames()).toEqual(['SIGINT', 'SIGTERM', 'SIGHUP']);
  runner.close();
  expect(self.eventNames()).toEqual([]);
});

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
