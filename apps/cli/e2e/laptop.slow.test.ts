import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { startProvider } from './emulator.ts';
import { createWorld, type World } from './world.ts';

/** Reads the `road` of each result record from the files of the embedded S3. */
const roadsOf = (world: World): string[] =>
  readdirSync(path.join(world.dir, 'kept', 's3'), { recursive: true, encoding: 'utf8' })
    .map((name) => path.join(world.dir, 'kept', 's3', name))
    .filter((file) => statSync(file).isFile())
    .flatMap((file) => /"road":"([\w-]+)"/.exec(readFileSync(file, 'latin1'))?.[1] ?? []);

test('with a key start prints the exact quote, the open delivery paths and what --buy would do, and does nothing', async () => {
  const world = createWorld();
  const provider = await startProvider();
  const cli = world.start(['--once'], provider.environment);
  expect({ code: (await cli.ended).code, output: cli.output() }).toMatchObject({ code: 0 });
  for (const line of [
    /Surreal Astronaut Dreamscape +0\.02 USD/,
    /together, at most +0\.06 USD/,
    'an emulator, no real money',
    /· webhook +closed: .*WEBHOOK_BASE_URL/,
    /· upload +closed: .*set S3_BUCKET \(AWS\) or a public S3_ENDPOINT/,
    /✔ imageURL/,
    'Nothing was started, bought or sent. To buy them now, for at most 1 USD a day',
  ])
    expect(cli.output()).toMatch(line);
  expect(cli.output()).not.toContain('real-enough');
  expect(await provider.submissions()).toBe(0);
  expect(existsSync(path.join(world.dir, 'ports.json'))).toBe(false);
});

test('start says that the real provider costs real money', async () => {
  const cli = createWorld().start(['--once'], { RUNWARE_API_KEY: 'a-real-key' });
  expect((await cli.ended).code).toBe(0);
  expect(cli.output()).toContain('bought from https://api.runware.ai/v1');
  expect(cli.output()).toContain('This is real money, charged to the account of the key.');
  expect(cli.output()).not.toContain('a-real-key');
});

test('with --buy three images are bought once each and fetched by imageURL, and the emulator does not buy them again', async () => {
  const world = createWorld();
  const provider = await startProvider();
  const cli = world.start(['--once', '--buy', '--max-usd', '0.10'], provider.environment);
  expect({ code: (await cli.ended).code, output: cli.output() }).toMatchObject({ code: 0 });
  const output = cli.output();
  expect(output.indexOf('together, at most')).toBeLessThan(output.indexOf('No more than 0.1 USD is spent in a day'));
  expect(output.indexOf('No more than 0.1 USD')).toBeLessThan(output.indexOf('verified'));
  expect(output).toContain('in all 0.06 USD, as the provider reported it');
  expect(output).not.toContain('emulator  ');
  expect(await provider.executions()).toBe(3);
  expect(readdirSync(path.join(world.dir, 'images'))).toHaveLength(3);
  expect(roadsOf(world)).toEqual(['image-url', 'image-url', 'image-url']);
  expect(await world.leftRunning()).toEqual([]);

  // a folder with purchases for money is never used with an emulator, nor the reverse
  const other = world.start(['--once']);
  expect((await other.ended).code).toBe(1);
  expect(other.output()).toContain('must not be bought from the emulator of npm start; choose another with --data-dir');
});

test('with a wrong key start buys nothing, says why and ends', async () => {
  const world = createWorld();
  const provider = await startProvider();
  const startedAt = performance.now();
  const cli = world.start(['--once', '--buy'], { ...provider.environment, RUNWARE_API_KEY: 'wrong' });
  expect({ code: (await cli.ended).code, output: cli.output() }).toMatchObject({ code: 1 });
  expect(performance.now() - startedAt).toBeLessThan(45_000);
  expect(cli.output()).toContain('the provider refuses the account: correct RUNWARE_API_KEY of this worker, the permission or the balance');
  expect(cli.output()).toContain('invalidApiKey');
  expect(await world.leftRunning()).toEqual([]);

  const corrected = world.start(['--once', '--buy'], provider.environment);
  expect({ code: (await corrected.ended).code, output: corrected.output() }).toMatchObject({ code: 0 });
  expect(await provider.executions()).toBe(3);
});

test('with a cap below the quote start buys nothing', async () => {
  const provider = await startProvider();
  const cli = createWorld().start(['--once', '--buy', '--max-usd', '0.05'], provider.environment);
  expect((await cli.ended).code).toBe(2);
  expect(cli.output()).toContain('they cost up to 0.06 USD, and no more than 0.05 USD may be spent in a day; raise --max-usd');
  expect(await provider.submissions()).toBe(0);
});

test('with a Redis that forgets start spends no money', async () => {
  const world = createWorld();
  const provider = await startProvider();
  const cli = world.start(['--once', '--buy', '--redis', 'js'], provider.environment);
  expect((await cli.ended).code).toBe(1);
  expect(cli.output()).toContain('nothing was bought: the only Redis that could be started here forgets everything');
  expect(cli.output()).toContain('install redis or valkey, or set REDIS_URL');
  expect(await provider.submissions()).toBe(0);
});

test('--buy without a key is refused', async () => {
  const cli = createWorld().start(['--once', '--buy']);
  expect((await cli.ended).code).toBe(2);
  expect(cli.output()).toContain('--buy needs a key of Runware in RUNWARE_API_KEY');
});
