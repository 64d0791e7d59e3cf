import { execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { eventually, findMarkedProcesses } from '@darkroom/testing';
import sharp from 'sharp';
import { expect, onTestFinished, test } from 'vitest';
import { root } from './world.ts';

const run = promisify(execFile);

/** Installs packages into an empty folder outside of the tree, with plain npm. */
async function makeStrangersFolder(packages: readonly string[]): Promise<string> {
  const folder = mkdtempSync(path.join(tmpdir(), 'darkroom-dev-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ name: 'stranger', private: true }));
  const options = ['--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error', '--fetch-retries=1'];
  await run('npm', ['install', ...options, ...packages], { cwd: folder });
  return folder;
}

test(
  'two tarballs, an empty folder and one command: first lines end in pictures, and Ctrl-C leaves no process',
  { timeout: 300_000 },
  async () => {
    const packed = (await run(process.execPath, ['scripts/pack.mjs'], { cwd: root })).stdout.trim().split('\n');
    const folder = await makeStrangersFolder(packed.slice(-2));
    const mark = `CLI_TEST_WORLD=${randomUUID()}`;
    const env = { ...process.env, CLI_TEST_WORLD: mark.split('=')[1], REDIS_URL: '' };
    // In a group of its own, as a shell starts it: Ctrl-C reaches npx and all that it started.
    const dev = spawn('npx', ['darkroom', 'dev'], { cwd: folder, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    onTestFinished(async () => {
      for (const { pid } of await findMarkedProcesses(mark)) process.kill(pid, 'SIGKILL');
    });
    let output = '';
    for (const stream of [dev.stdout, dev.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (output += text));
    const ended = new Promise<number | null>((resolve) => void dev.once('close', resolve));
    await eventually(() => expect(output).toContain('Runs on until Ctrl-C.'), { withinMs: 90_000 });
    for (const part of ['redis', 's3', 'emulator', 'receiver', 'worker', 'dashboard', 'eraser', 'api'])
      expect(output).toMatch(new RegExp(`^  ${part} `, 'm'));

    const [, line = ''] = /^ {2}(npx darkroom generate .+)$/m.exec(output) ?? [];
    const made = await run('bash', ['-c', line], { cwd: folder, env });
    const [file = ''] = made.stdout.trim().split('\n');
    expect(await sharp(path.resolve(folder, file)).metadata()).toMatchObject({ format: 'jpeg', width: 1280, height: 896 });
    expect((await run('npx', ['darkroom', 'status'], { cwd: folder, env })).stdout).toContain('buying    is not paused');

    const [, exported = ''] = /^ {2}(export REDIS_URL=.+)$/m.exec(output) ?? [];
    writeFileSync(path.join(folder, 'first-job.mjs'), (await run('cat', [path.join(root, 'examples/first-job/first-job.mjs')])).stdout);
    await run('bash', ['-c', `${exported}; node first-job.mjs`], { cwd: folder, env: { ...env, REDIS_URL: undefined } });
    expect(readdirSync(folder)).toContain('lighthouse.jpg');

    const [, door = '', ask = '', fetchImage = ''] = /^ {2}(export DARKROOM_URL=.+)\n {2}(curl .+)\n {2}(curl .+)$/m.exec(output) ?? [];
    const ordered = JSON.parse((await run('bash', ['-c', `${door}; ${ask}`], { cwd: folder, env })).stdout) as Record<string, string>;
    expect(ordered).toMatchObject({ status: 'succeeded', tenant: 'default' });
    rmSync(path.join(folder, 'lighthouse.jpg'));
    const saving = fetchImage.replace('<generationId>', ordered['generationId'] ?? '');
    await run('bash', ['-c', `${door}; ${saving}`], { cwd: folder, env });
    expect(await sharp(path.join(folder, 'lighthouse.jpg')).metadata()).toMatchObject({ format: 'jpeg' });

    process.kill(-(dev.pid ?? 0), 'SIGINT');
    await ended;
    expect(output).toMatch(/stopping …\n$/);
    await eventually(async () => expect((await findMarkedProcesses(mark)).map(({ commandLine }) => commandLine)).toEqual([]));
  },
);
