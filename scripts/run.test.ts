import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { testEnvironment, toolEnvironment } from './tasks/environment.mjs';
import { createSignalGate, exitCodeOf } from './tasks/processes.mjs';
import { tasks } from './tasks/tasks.mjs';
import { countsOf, failedFilesOf, formatCounts, sumCounts } from './tasks/test-runs.mjs';
import { installStamp, isOldNode, pnpmCommand } from './tasks/make-ready.mjs';
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

  test('another lockfile or another Node gives another stamp', () => {
    const stamps = [installStamp('a', 'v20'), installStamp('b', 'v20'), installStamp('a', 'v22')];
    expect(new Set(stamps).size).toBe(3);
    expect(installStamp('a', 'v20')).toBe(stamps[0]);
  });
});

describe('signals', () => {
  test('an echo of a signal is not a second signal', () => {
    let now = 0;
    const gate = createSignalGate(() => now);
    expect(gate('SIGINT')).toBe(true);
    now = 300;
    expect(gate('SIGINT')).toBe(false);
    expect(gate('SIGTERM')).toBe(true);
    now = 1000;
    expect(gate('SIGINT')).toBe(true);
  });

  test('a process ended by a signal has the exit code of a shell', () => {
    expect(exitCodeOf(3, null)).toBe(3);
    expect(exitCodeOf(null, 'SIGINT')).toBe(130);
    expect(exitCodeOf(null, 'SIGTERM')).toBe(143);
    expect(exitCodeOf(null, null)).toBe(1);
  });
});

describe('test counts', () => {
  const file = (status: string, ...tests: string[]) => ({
    name: path.resolve(`${status}.test.ts`),
    status,
    assertionResults: tests.map((each) => ({ status: each })),
  });

  test('each outcome counts once', () => {
    const report = { testResults: [file('passed', 'passed', 'passed', 'skipped', 'todo'), file('failed', 'failed', 'passed')] };
    expect(countsOf(report)).toEqual({ passed: 3, failed: 1, skipped: 2 });
  });

  test('a file that cannot be loaded is a failure', () => {
    expect(countsOf({ testResults: [file('failed'), file('failed', 'passed')] })).toEqual({ passed: 1, failed: 2, skipped: 0 });
  });

  test('verify names failed files and runs a few of them once more, but no proof about money', () => {
    const report = { testResults: [file('passed', 'passed'), file('failed', 'failed', 'passed'), file('failed')] };
    expect(failedFilesOf(report)).toEqual(['failed.test.ts', 'failed.test.ts']);
    expect(isRunAgain(['apps/worker/e2e/stop.test.ts'])).toBe(true);
    expect(isRunAgain(['a', 'b', 'c', 'd'])).toBe(false);
    expect(isRunAgain(['packages/testing/src/crash-points/crash-points.slow.test.ts'])).toBe(false);
    expect(isRunAgain([])).toBe(false);
  });

  test('the line names skipped tests only when there are some', () => {
    expect(formatCounts({ passed: 4, failed: 0, skipped: 0 })).toBe('4 passed, 0 failed');
    const sum = sumCounts([
      { passed: 4, failed: 0, skipped: 1 },
      { passed: 2, failed: 1, skipped: 0 },
    ]);
    expect(formatCounts(sum)).toBe('6 passed, 1 failed, 1 skipped');
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
});
