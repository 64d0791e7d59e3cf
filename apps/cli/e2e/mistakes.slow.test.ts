import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, cpSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { builtApp, freePort, startTestS3, uniquePrefix } from '@darkroom/testing';
import { expect, inject, onTestFinished, test } from 'vitest';
import { startProvider } from './emulator.ts';
import { createWorld, root, spawnCli } from './world.ts';

const troubleshooting = readFileSync(path.join(root, 'docs/operations/troubleshooting.md'), 'utf8').replaceAll(/\s+/g, ' ');

/** Asserts that the output contains these words, and so does the page on which a user searches for them. */
function expectSaid(output: string, words: string): void {
  expect(output.replaceAll(/\s+/g, ' ')).toContain(words);
  expect(troubleshooting, 'docs/operations/troubleshooting.md').toContain(words);
}

const doctor = async (environment: Readonly<Record<string, string>>): Promise<string> => {
  const cli = spawnCli(['doctor', '--data-dir', '/nowhere'], environment);
  expect((await cli.ended).code).toBe(3);
  return cli.output();
};

test.runIf(process.platform === 'linux')('a result that a full disk does not take is no success', () => {
  const disk = openSync('/dev/full', 'w');
  onTestFinished(() => closeSync(disk));
  for (const words of [['--version'], ['list', '--help']]) {
    const { status, stderr } = spawnSync(process.execPath, [builtApp('cli'), ...words], {
      stdio: ['ignore', disk, 'pipe'],
      encoding: 'utf8',
    });
    expect({ status, stderr }).toEqual({ status: 1, stderr: 'cannot write the result: ENOSPC\n' });
  }
});

test('a program says that its packages are not installed', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'darkroom-bare-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  cpSync(path.join(root, 'apps/cli/dist'), folder, { recursive: true });
  writeFileSync(path.join(folder, 'package.json'), '{"type":"module"}');
  const cli = spawnSync(process.execPath, [path.join(folder, 'main.js'), 'status'], { encoding: 'utf8' });
  expect(cli.status).toBe(1);
  expectSaid(cli.stderr, 'cannot start: node_modules is missing or incomplete; npm start installs and compiles what is needed');
  expect(cli.stderr).not.toContain(' at ');
});

test('doctor names a wrong key and what still works', async () => {
  const provider = await startProvider();
  const output = await doctor({ ...provider.environment, RUNWARE_API_KEY: 'wrong-key' });
  expectSaid(output, 'refuses the account: invalidApiKey');
  expectSaid(output, 'buys nothing until that is corrected; what was bought comes home when Runware takes the key again');
  expect(output).not.toContain('wrong-key');
  expect(await provider.submissions()).toBe(0);
});

test('doctor and start name a missing bucket', async () => {
  const s3 = await startTestS3({ bucket: 'another' });
  onTestFinished(() => s3.stop());
  const environment = {
    S3_ENDPOINT: s3.endpoint,
    S3_BUCKET: 'photos',
    S3_ACCESS_KEY_ID: s3.credentials.accessKeyId,
    S3_SECRET_ACCESS_KEY: s3.credentials.secretAccessKey,
  };
  const output = await doctor(environment);
  expectSaid(output, 'the bucket does not exist');
  expect(output).toContain("bucket 'photos'");
  const world = createWorld();
  const cli = world.start(['--once'], environment);
  expect((await cli.ended).code).toBe(1);
  expect(cli.output()).toMatch(/cannot continue: the worker is not ready after \d+ s: .*s3: .*bucket 'photos'.*the bucket does not exist/);
  expect(await world.leftRunning()).toEqual([]);
});

test('doctor and start name a Redis that is down', async () => {
  const REDIS_URL = `redis://127.0.0.1:${await freePort()}`;
  expectSaid(await doctor({ REDIS_URL }), 'does not answer (refused); run `npm start` here, or set REDIS_URL');
  const cli = createWorld().start(['--once'], { REDIS_URL });
  expect((await cli.ended).code).toBe(1);
  expect(cli.output()).toContain(`"${REDIS_URL}" does not answer`);
});

test('doctor and the worker log warn of a webhook address that does not answer, and name what still works', async () => {
  const provider = await startProvider();
  // an address that another program answers
  const otherServer = createServer((_, response) => void response.writeHead(404, { connection: 'close' }).end());
  otherServer.listen(0, '127.0.0.1');
  await once(otherServer, 'listening');
  onTestFinished(() => void otherServer.close());
  const address = otherServer.address();
  const WEBHOOK_BASE_URL = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  expectSaid(await doctor({ WEBHOOK_BASE_URL }), 'webhooks may not arrive; images are still bought, uploaded and polled for, only later');

  const world = createWorld();
  const cli = world.start(['--once', '--buy'], { ...provider.environment, WEBHOOK_BASE_URL, TIMING_FIRST_POLL_MS: '1000' });
  expect({ code: (await cli.ended).code, output: cli.output() }).toMatchObject({ code: 0 });
  expectSaid(world.readLines('logs/worker.log').join('\n'), 'answered 404 from here: webhooks may not arrive');
});

test('doctor says that the provider takes the key and that Redis is empty', async () => {
  const provider = await startProvider();
  const cli = spawnCli(['doctor'], { ...provider.environment, REDIS_URL: inject('redisUrl'), DARKROOM_PREFIX: uniquePrefix() });
  await cli.ended;
  expect(cli.output()).toMatch(/✔ key +\S+ takes the key \(asked with a dry run\)/);
  expect(cli.output()).toMatch(/✖ redis .*answers and is empty/);
  expect(await provider.submissions()).toBe(0);
});
