import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { testEnvironment, toolEnvironment } from './tasks/environment.mjs';
import { tasks } from './tasks/tasks.mjs';
import { countsOf, failuresOf, formatCounts } from './tasks/test-runs.mjs';
import { isOldNode, pnpmCommand } from './tasks/make-ready.mjs';
import { isRunAgain } from './tasks/verify.mjs';
import packageJson from '../package.json' with { type: 'json' };

describe('environment', () => {
  const env = {
    PATH: '/bin',
    npm_config_registry: 'http://127.0.0.1:1',
    npm_lifecycle_event: 'test',
    REDIS_URL: 'redis://production',
    REDIS_SERVER_BIN: '/opt/redis-server',
    S3_BUCKET: 'production',
    AWS_PROFILE: 'production',
    RUNWARE_API_KEY: 'secret',
    WEBHOOK_KEYS: 'secret',
    DARKROOM_PREFIX: '{production}',
    TIMING_HORIZON_MS: '1',
    PORT: '80',
  };

  test('a tool sees everything but the settings of npm', () => {
    const seen = toolEnvironment(env);
    expect(seen).toMatchObject({ PATH: '/bin', REDIS_URL: 'redis://production', S3_BUCKET: 'production' });
    expect(Object.keys(seen).filter((name) => name.startsWith('npm_'))).toEqual([]);
  });

  test('a test sees no address, key or setting of the caller', () => {
    const seen = testEnvironment(env);
    expect(JSON.stringify(seen)).not.toMatch(/production|secret/);
    expect(seen).toMatchObject({ PATH: '/bin', REDIS_SERVER_BIN: '/opt/redis-server', AWS_EC2_METADATA_DISABLED: 'true' });
    expect(Object.keys(seen)).not.toContain('PORT');
    expect(Object.keys(seen)).not.toContain('TIMING_HORIZON_MS');
  });
});

describe('toolchain', () => {
  test('Node is old below the required minor version', () => {
    expect(isOldNode('20.19.0', '>=20.19')).toBe(false);
    expect(isOldNode('22.0.0', '>=20.19')).toBe(false);
    expect(isOldNode('20.18.3', '>=20.19')).toBe(true);
    expect(isOldNode('18.20.0', '>=20.19')).toBe(true);
  });

  test('the runner starts the pinned pnpm with and without a checksum', () => {
    expect(pnpmCommand('pnpm@10.34.9', ['install']).args.slice(-4)).toEqual(['--package=pnpm@10.34.9', '--', 'pnpm', 'install']);
    expect(pnpmCommand('pnpm@10.34.9+sha512.abc', []).args).toContain('--package=pnpm@10.34.9');
    expect(() => pnpmCommand('yarn@4.0.0', [])).toThrow('must pin pnpm');
  });
});

describe('test counts', () => {
  const report = (numPassedTests: number, numFailedTests: number, numTotalTests: number, ...files: [string, ...string[]][]) => ({
    numPassedTests,
    numFailedTests,
    numTotalTests,
    testResults: files.map(([status, ...tests]) => ({ name: 'a', status, assertionResults: tests.map((each) => ({ status: each })) })),
  });

  test('each outcome counts once', () => {
    const files: [string, ...string[]][] = [
      ['passed', 'passed', 'passed', 'skipped', 'todo'],
      ['failed', 'failed', 'passed'],
    ];
    expect(countsOf(report(3, 1, 6, ...files))).toEqual({ passed: 3, failed: 1, skipped: 2 });
  });

  test('a file that cannot be loaded is a failure', () => {
    expect(countsOf(report(1, 0, 1, ['failed'], ['failed', 'passed']))).toEqual({ passed: 1, failed: 2, skipped: 0 });
  });

  test('a line names each failed test with the first words of its failure, and a file that cannot be loaded', () => {
    const assertionResults = [
      { status: 'passed', fullName: 'one', failureMessages: [] },
      { status: 'failed', fullName: 'two', failureMessages: ['\u001b[31mError: no image\u001b[39m\n    at test.ts:1'] },
    ];
    const file = { name: path.resolve('scripts/a.test.ts'), status: 'failed' };
    const testResults = [
      { ...file, assertionResults },
      { ...file, message: 'no module\nstack', assertionResults: [] },
    ];
    expect(failuresOf({ ...report(1, 1, 2), testResults })).toEqual([
      'scripts/a.test.ts: two: Error: no image',
      'scripts/a.test.ts: no module',
    ]);
  });

  test('verify runs a few failed files once more, but no proof about money', () => {
    expect(isRunAgain(['apps/worker/e2e/stop.test.ts'])).toBe(true);
    expect(isRunAgain(['a', 'b', 'c', 'd'])).toBe(false);
    expect(isRunAgain(['packages/testing/src/crash-points/crash-points.slow.test.ts'])).toBe(false);
    expect(isRunAgain([])).toBe(false);
  });

  test('the line names skipped tests only when there are some', () => {
    expect(formatCounts({ passed: 4, failed: 0, skipped: 0 })).toBe('4 passed, 0 failed');
    expect(formatCounts({ passed: 6, failed: 1, skipped: 1 })).toBe('6 passed, 1 failed, 1 skipped');
  });
});

describe('run.mjs', () => {
  const run = (...args: string[]) => spawnSync(process.execPath, ['scripts/run.mjs', ...args], { encoding: 'utf8' });

  test('--help describes every task, and every script of package.json is a task', () => {
    const { status, stdout } = run('--help');
    expect(status).toBe(0);
    for (const name of Object.keys(tasks)) expect(stdout).toContain(`  ${name}`);
    for (const [name, script] of Object.entries(packageJson.scripts)) {
      if (/^(check|turbo):/.test(name)) continue;
      expect(script).toBe(`node scripts/run.mjs ${name}`);
      expect(Object.keys(tasks)).toContain(name);
    }
  });

  test('verify has checks to run', () => {
    const checks = Object.keys(packageJson.scripts).filter((name) => name.startsWith('check:'));
    expect(checks).toEqual(expect.arrayContaining(['check:format', 'check:lint', 'check:types', 'check:imports', 'check:unused']));
  });

  test('the runner refuses an unknown task with the list of tasks', () => {
    const { status, stderr } = run('constructor');
    expect(status).toBe(1);
    expect(stderr).toMatch(/there is no task "constructor"[\s\S]+verify/);
  });

  test('programs start from the repository if their bundle cannot be written, and a line says so', () => {
    const checkout = mkdtempSync(path.join(tmpdir(), 'darkroom-checkout-'));
    onTestFinished(() => rmSync(checkout, { recursive: true }));
    for (const name of ['apps', 'packages', 'pnpm-lock.yaml']) symlinkSync(path.resolve(name), path.join(checkout, name));
    mkdirSync(path.join(checkout, '.local'));
    writeFileSync(path.join(checkout, '.local/programs'), 'a file, where a folder must be');
    const code = `
      const { createProcessRunner } = await import('${new URL('tasks/processes.mjs', import.meta.url).href}');
      const { programsOf } = await import('${new URL('tasks/make-ready.mjs', import.meta.url).href}');
      const processes = createProcessRunner(process);
      console.log(await programsOf({ args: [], env: process.env, processes }));
      processes.close();`;
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', code], { cwd: checkout, encoding: 'utf8' });
    expect(stdout.trim().split('\n').at(-1)).toBe(realpathSync(checkout));
    expect(stderr).toMatch(/^E[A-Z]+: [^\n]+\nbundling failed, so programs start from the repository, more slowly\n$/);
  });
});
