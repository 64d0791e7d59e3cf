import { expect, inject, test } from 'vitest';
import { uniquePrefix } from '@darkroom/testing';
import { createWorld, spawnCli } from './world.ts';

test('a start prints the last lines of a process that dies while it starts', async () => {
  const world = createWorld();
  const cli = world.start(['--once'], { DAILY_CAP_USD: 'plenty' });
  expect((await cli.ended).code).toBe(1);
  expect(cli.output()).toContain('cannot continue: the worker ended with exit code 1; the last lines of');
  expect(cli.output()).toMatch(/logs\/worker\.log[\s\S]+DAILY_CAP_USD.*must be an amount of US dollars/);
  expect(await world.leftRunning()).toEqual([]);
});

test('a process that dies later ends the start', async () => {
  const world = createWorld();
  const cli = world.start();
  await cli.printed('Runs on until Ctrl-C');
  const receiver = (await world.apps()).find(({ commandLine }) => commandLine.includes('webhook-receiver'));
  process.kill(receiver!.pid, 'SIGKILL');
  expect((await cli.ended).code).toBe(1);
  expect(cli.output()).toContain('cannot continue: the receiver ended by SIGKILL');
  expect(await world.leftRunning()).toEqual([]);
});

test('a start uses an existing Redis under keys of its own, and says so', async () => {
  const world = createWorld();
  const prefix = uniquePrefix();
  const cli = world.start(['--once'], { REDIS_URL: inject('redisUrl'), DARKROOM_PREFIX: prefix });
  expect({ code: (await cli.ended).code, output: cli.output() }).toMatchObject({ code: 0 });
  expect(cli.output()).toContain(`from REDIS_URL, keys ${prefix}`);
  expect(await world.leftRunning()).toEqual([]);
});

test('an unknown option is refused with the option that may be meant', async () => {
  const cli = spawnCli(['start', '--onec']);
  expect((await cli.ended).code).toBe(2);
  expect(cli.output()).toContain('unknown option "--onec" (did you mean --once?); see darkroom start --help');
});

test('a start reports all wrong settings at once, before it starts anything', async () => {
  const world = createWorld();
  const cli = world.start(['--once'], { REDIS_URL: 'localhost', S3_ENDPOINT: 'ftp://x' });
  expect((await cli.ended).code).toBe(2);
  for (const name of ['REDIS_URL', 'S3_ENDPOINT', 'S3_BUCKET']) expect(cli.output()).toContain(name);
});
