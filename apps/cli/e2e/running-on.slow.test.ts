import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { expect, onTestFinished, test } from 'vitest';
import { createWorld, root } from './world.ts';

test('a start serves other terminals, refuses a second start, and stops at Ctrl-C', async () => {
  const world = createWorld();
  const cli = world.start();
  await cli.printed('Runs on until Ctrl-C');

  // The command for the six lines of the example, as printed.
  const [, environment = '', script = ''] = /which writes lighthouse\.jpg: (.+) node (\S+)/.exec(cli.output()) ?? [];
  const env = Object.fromEntries(
    environment.split(' ').map((each) => [each.slice(0, each.indexOf('=')), each.slice(each.indexOf('=') + 1)]),
  );
  await promisify(execFile)(process.execPath, [path.join(root, script)], { cwd: world.dir, env: { ...process.env, ...env } });
  expect(await sharp(path.join(world.dir, 'lighthouse.jpg')).metadata()).toMatchObject({ format: 'jpeg', width: 1280, height: 896 });

  const second = world.start();
  expect((await second.ended).code).toBe(1);
  expect(second.output()).toMatch(/cannot use the folder ".+": process \d+ uses it/);

  cli.signal('SIGINT');
  // The echo: a launcher passes the same signal on.
  cli.signal('SIGINT');
  expect(await cli.ended).toEqual({ code: 0, signal: null });
  expect(cli.output()).toMatch(/stopping …\n$/);
  expect(await world.leftRunning()).toEqual([]);
});

test('Ctrl-C before the images arrive stops everything with exit code 130', async () => {
  const world = createWorld();
  const cli = world.start(['--once'], { FAULTS: JSON.stringify({ executionMs: [60_000, 60_000] }) });
  await cli.printed('at the provider');
  cli.signal('SIGINT');
  expect(await cli.ended).toEqual({ code: 130, signal: null });
  expect(await world.leftRunning()).toEqual([]);
});

test('Ctrl-C during the start ends with exit code 130', async () => {
  const world = createWorld();
  const cli = world.start();
  await cli.printed('redis ');
  cli.signal('SIGINT');
  expect(await cli.ended).toEqual({ code: 130, signal: null });
  expect(await world.leftRunning()).toEqual([]);
});

test('a second Ctrl-C does not wait for a process that hangs', async () => {
  const world = createWorld();
  const cli = world.start(['--once'], { FAULTS: JSON.stringify({ executionMs: [60_000, 60_000] }) });
  await cli.printed('at the provider');
  const worker = (await world.apps()).find(({ commandLine }) => commandLine.includes('apps/worker'));
  process.kill(worker!.pid, 'SIGSTOP');
  const interruptedAt = performance.now();
  // An impatient user: signals within the first second count as echoes.
  const impatience = setInterval(() => cli.signal('SIGINT'), 200);
  onTestFinished(() => clearInterval(impatience));
  expect(await cli.ended).toEqual({ code: 130, signal: null });
  expect(performance.now() - interruptedAt).toBeLessThan(8000);
  expect(await world.leftRunning()).toEqual([]);
});
