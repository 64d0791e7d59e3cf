import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../packages/local-stack/src/free-port.ts';
import { imageApps, notInImage, readWorkspace, withNeeded } from './image/workspace.mjs';
import { testEnvironment } from './tasks/environment.mjs';

const image = path.join(mkdtempSync(path.join(tmpdir(), 'darkroom-image-')), 'image');
const env = testEnvironment(process.env);
let built: ReturnType<typeof spawnSync>;

beforeAll(() => {
  built = spawnSync(process.execPath, ['scripts/build-image.mjs', image], { encoding: 'utf8', env });
}, 120_000);
afterAll(() => rmSync(path.dirname(image), { recursive: true, force: true }));

const main = (app: string): string[] => ['--enable-source-maps', `apps/${app}/dist/main.js`];

/** A Node that may write no file, as in a container with a read-only root file system. Node 20 still calls its permissions an experiment. */
const mayWriteNothing = [
  Number.parseInt(process.versions.node, 10) < 24 ? '--experimental-permission' : '--permission',
  '--allow-fs-read=*',
  '--allow-addons',
  '--allow-worker',
];

/** Runs an app from the folder until it ends. */
const run = (app: string, settings: Record<string, string>) =>
  spawnSync(process.execPath, main(app), { cwd: image, env: { ...env, ...settings }, encoding: 'utf8', timeout: 20_000 });

/** Starts an app from the folder and waits until it answers. */
async function start(
  app: string,
  port: number,
  answersAt: string,
  settings: Record<string, string>,
  flags: string[] = [],
): Promise<ChildProcess> {
  const child = spawn(process.execPath, [...flags, ...main(app)], {
    cwd: image,
    env: { ...env, PORT: String(port), ...settings },
    stdio: 'ignore',
  });
  const until = performance.now() + 20_000;
  while ((await statusOf(port, answersAt)) === undefined) {
    if (child.exitCode !== null || performance.now() > until) {
      child.kill('SIGKILL');
      throw new Error(`${app} answers nothing`);
    }
    await delay(50);
  }
  return child;
}

async function statusOf(port: number, where: string): Promise<number | undefined> {
  const answer = await fetch(`http://127.0.0.1:${port}${where}`, { headers: { connection: 'close' } }).catch(() => undefined);
  await answer?.arrayBuffer();
  return answer?.status;
}

async function stop(child: ChildProcess): Promise<number | null> {
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await exited;
  return child.exitCode;
}

describe('the folder of the image', { timeout: 30_000 }, () => {
  test('is written without a container engine', () => {
    expect(built.status, String(built.stderr)).toBe(0);
  });

  test('holds every app without a reason to stay out, and no tests, sources or tools', () => {
    const apps = readdirSync('apps').filter((app) => existsSync(`apps/${app}/src/main.ts`) && !(app in notInImage));
    expect(readdirSync(path.join(image, 'apps')).toSorted()).toEqual(apps.toSorted());
    expect(apps).toEqual(expect.arrayContaining(['worker', 'webhook-receiver', 'runware-emulator']));
    for (const folder of ['apps', 'packages'].flatMap((parent) =>
      readdirSync(path.join(image, parent)).map((name) => path.join(image, parent, name)),
    )) {
      // A package that needs no other has no node_modules; the image itself has no starters and no notes of the installation.
      expect(readdirSync(folder).filter((name) => name !== 'node_modules')).toEqual(['dist', 'package.json']);
      const files = readdirSync(path.join(folder, 'dist'), { recursive: true, encoding: 'utf8' });
      expect(files.filter((file) => /\.ts$|\.test\./.test(file))).toEqual([]);
    }
    expect(readdirSync(image)).toEqual(expect.arrayContaining(['LICENSE', 'NOTICE', 'sbom.cdx.json']));
    expect(readdirSync(path.join(image, 'node_modules')).filter((name) => name.startsWith('.'))).toEqual(['.pnpm']);
    expect(readdirSync(path.join(image, 'packages'))).not.toEqual(expect.arrayContaining(['testing']));
    expect(readdirSync(path.join(image, 'packages'))).not.toEqual(expect.arrayContaining(['local-stack']));
    const installed = readdirSync(path.join(image, 'node_modules', '.pnpm'));
    expect(installed.filter((name) => /^(vitest|typescript|oxlint|turbo|fast-check|js-redis-server)@/.test(name))).toEqual([]);
  });

  test('does not replace another one', () => {
    const { status, stderr } = spawnSync(process.execPath, ['scripts/build-image.mjs', image], { encoding: 'utf8', env });
    expect(status).toBe(1);
    expect(stderr).toContain('is not empty');
  });
});

// Each starts Node, and one waits for the second try of the AWS SDK.
describe('an app of the image', { timeout: 30_000 }, () => {
  test('a worker without settings names all that are missing and exits with 1', () => {
    const { status, stdout } = run('worker', { WORKER_SUBMIT_CONCURRENCY: 'many' });
    expect(status).toBe(1);
    const problems = stdout
      .trim()
      .split('\n')
      .flatMap((line) => (JSON.parse(line) as { problems?: { path: string; message: string }[] }).problems ?? [])
      .map(({ path: name, message }: { path: string; message: string }) => `${name}: ${message}`);
    for (const problem of [
      'REDIS_URL: is missing',
      'S3_BUCKET: is missing',
      'RUNWARE_API_KEY: is missing',
      'WORKER_SUBMIT_CONCURRENCY: must be',
    ]) {
      expect(
        problems.some((each: string) => each.startsWith(problem)),
        problem,
      ).toBe(true);
    }
  });

  const settings = {
    REDIS_URL: 'redis://127.0.0.1:1',
    S3_BUCKET: 'darkroom',
    S3_ENDPOINT: 'http://127.0.0.1:1',
    S3_ACCESS_KEY_ID: 'id',
    S3_SECRET_ACCESS_KEY: 'secret',
    RUNWARE_API_KEY: 'key',
    WEBHOOK_KEYS: `one:${'s'.repeat(32)}`,
    NOTIFICATION_KEYS: `one:${'s'.repeat(32)}`,
    DASHBOARD_PASSWORD: 'a long password',
  };

  test.each(['worker', 'webhook-receiver', 'api', 'dashboard', 'eraser', 'notifier'])(
    'the %s lives without Redis, bucket and a right to write files, is not ready, and stops in order',
    async (app) => {
      const port = await freePort();
      const child = await start(app, port, '/livez', settings, mayWriteNothing);
      try {
        expect(await statusOf(port, '/livez')).toBe(200);
        expect(await statusOf(port, '/readyz')).toBe(503);
      } finally {
        expect(await stop(child)).toBe(0);
      }
    },
  );

  test('an emulator serves and stops in order', async () => {
    const port = await freePort();
    const emulator = await start('runware-emulator', port, '/', { EMULATOR_DIR: path.join(path.dirname(image), 'emulator') });
    expect(await statusOf(port, '/')).toBe(200);
    expect(await stop(emulator)).toBe(0);
  });
});

describe('the command line of the image', { timeout: 60_000 }, () => {
  const darkroom = (...words: string[]) =>
    spawnSync(path.join(image, 'bin', 'darkroom'), words, {
      cwd: '/',
      env: { ...env, REDIS_URL: 'redis://127.0.0.1:1' },
      encoding: 'utf8',
    });

  test('is called darkroom and knows every command of an operator', () => {
    const { status, stdout } = darkroom('--help');
    expect(status).toBe(0);
    for (const command of ['status', 'spend', 'unknown', 'pause', 'resume', 'reconcile', 'rebuild', 'doctor', 'probe']) {
      expect(stdout).toMatch(new RegExp(`^ +${command}\\b`, 'm'));
    }
  });

  test('loads the modules of each command', () => {
    for (const command of ['status']) {
      const { status, stderr } = darkroom(command);
      expect([command, status]).toEqual([command, 1]);
      expect(stderr).toMatch(/cannot find a Darkroom|redis/i);
    }
    expect(darkroom('doctor').stdout).toContain('redis');
  });

  test('says that it has no Redis and no S3 to start', () => {
    const { status, stderr } = darkroom('start', '--once');
    expect(status).toBe(2);
    expect(stderr).toContain('this installation brings no Redis and no S3 of its own');
  });
});

test('an app brings the packages that its packages need', () => {
  const workspace = readWorkspace('.');
  const worker = imageApps(workspace, '.').filter(({ folder }) => folder === 'apps/worker');
  expect(withNeeded(workspace, worker).map(({ folder }) => folder)).toEqual(
    expect.arrayContaining(['apps/worker', 'packages/contracts', 'packages/object-storage']),
  );
});

test('a dependency without a package is an error', () => {
  const lonely = { name: 'lonely', folder: 'apps/lonely', needs: ['absent'] };
  expect(() => withNeeded(new Map(), [lonely])).toThrow('"lonely" needs "absent"');
});
