import { readFileSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { createWorld, root } from './world.ts';

/** Returns a line without the parts that differ between runs and machines. */
const shapeOf = (line: string): string =>
  line
    .replace(/[0-9a-f]{8}-0\.jpg/, 'ID-0.jpg')
    .replace('valkey', 'redis')
    .replace(/\d+(\.\d+)*/g, '#')
    .replace(/ +/g, ' ')
    .trim();

test('buys three images, verifies and saves them, and leaves nothing running', async () => {
  const world = createWorld();
  const cli = world.start(['--once']);
  const { code } = await cli.ended;
  expect(code, cli.output()).toBe(0);

  const files = readdirSync(path.join(world.dir, 'images'));
  expect(files).toHaveLength(3);
  for (const file of files) {
    const { format, width, height } = await sharp(readFileSync(path.join(world.dir, 'images', file))).metadata();
    expect({ format, width, height }).toEqual({ format: 'jpeg', width: 1280, height: 896 });
    expect(cli.output()).toContain(file);
  }
  expect(world.executions()).toBe(3);
  expect(cli.output()).toContain('in all 0.06 USD');
  expect(cli.output(), 'of a library, about Node').not.toContain('Warning');
  expect(cli.output().match(/✔.*verified/g)).toHaveLength(3);

  const shown =
    /<!-- shown by: npm start -- --once -->\s+```text\n([\s\S]+?)```/.exec(readFileSync(path.join(root, 'README.md'), 'utf8'))?.[1] ?? '';
  const printed = cli.output().replaceAll(world.dir, '.local/data').split('\n').map(shapeOf);
  expect(shown.split('\n').length).toBeGreaterThan(15);
  for (const line of shown.split('\n')) expect(printed, 'a line of README.md').toContain(shapeOf(line));

  expect(await world.leftRunning()).toEqual([]);
  expect(readdirSync(world.dir).toSorted()).toEqual(['images', 'kept', 'logs', 'ports.json', 'redis', 'secrets.json']);
  expect(statSync(path.join(world.dir, 'secrets.json')).mode & 0o777).toBe(0o600);
  expect(cli.output()).not.toContain((world.readJson('secrets.json') as { webhook: string }).webhook);
});

test('a Redis that forgets gets a fresh bucket at every start', async () => {
  const world = createWorld();
  for (const runs of [1, 2]) {
    const cli = world.start(['--once', '--redis', 'js']);
    expect((await cli.ended).code, cli.output()).toBe(0);
    expect(cli.output()).toContain('keeps nothing');
    expect(readdirSync(path.join(world.dir, 'forgotten'))).toHaveLength(runs);
  }
});

test('images that fail end with exit code 1 and their reason', async () => {
  const world = createWorld();
  const cli = world.start(['--once'], { FAULTS: JSON.stringify({ executionMs: [50, 100], failContentPolicyRate: 1 }) });
  expect((await cli.ended).code).toBe(1);
  expect(cli.output()).toContain('failed: provider.content-refused');
  expect(cli.output()).toContain('3 of 3 images were not verified');
  expect(await world.leftRunning()).toEqual([]);
});
