import { execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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

/** Returns the lines of the README about the three doors, without comments. */
function linesOfReadme(): string[] {
  const [, block = ''] =
    /<!-- run by: apps\/cli\/e2e\/dev\.slow\.test\.ts -->\n\n```sh\n([^]*?)```/.exec(readFileSync(path.join(root, 'README.md'), 'utf8')) ??
    [];
  return block.split('\n').flatMap((line) => (line === '' || line.startsWith('#') ? [] : [line.replace(/ {2,}# .*$/, '')]));
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
    for (const part of ['redis', 's3', 'emulator', 'receiver', 'worker', 'dashboard', 'notifier', 'eraser', 'api'])
      expect(output).toMatch(new RegExp(`^  ${part} `, 'm'));

    expect((await run('npx', ['darkroom', 'status'], { cwd: folder, env })).stdout).toContain('buying    is not paused');

    // The lines of the README, with the variables that it prints; the command line without them, through the library, and with them.
    const variables = [...output.matchAll(/^ {2}export (.+)$/gm)].map(([, words = '']) => `export ${words}`).join('; ');
    const shell = async (line: string, exports = variables): Promise<string> =>
      (await run('bash', ['-c', `${exports}; ${line}`], { cwd: folder, env: { ...env, REDIS_URL: undefined } })).stdout.trim();
    const [install, start, generate = '', order = '', save = '', library = '', ...others] = linesOfReadme();
    expect([install, start, others]).toEqual([expect.stringMatching(/^npm install/), 'npx darkroom dev', []]);
    expect(output).toContain(`  ${order}\n  ${save}\n`);
    expect(output).toContain('  npx darkroom generate "a lighthouse at dusk"');
    for (const exports of ['true', variables]) {
      const file = await shell(generate, exports);
      expect(await sharp(path.resolve(folder, file)).metadata()).toMatchObject({ format: 'jpeg' });
    }
    expect(readdirSync(path.join(folder, 'images'))).toHaveLength(2);
    const ordered = JSON.parse(await shell(order)) as Record<string, string>;
    expect(ordered).toMatchObject({ status: 'succeeded', tenant: 'default' });
    await shell(save.replace('<generationId>', ordered['generationId'] ?? ''));
    expect(await sharp(path.join(folder, 'lighthouse.jpg')).metadata()).toMatchObject({ format: 'jpeg' });
    rmSync(path.join(folder, 'lighthouse.jpg'));
    const [firstLine = ''] = /^ {2}node --input-type=module .+$/m.exec(output) ?? [];
    await shell(firstLine);
    expect(await sharp(path.join(folder, 'lighthouse.jpg')).metadata()).toMatchObject({ format: 'jpeg' });
    rmSync(path.join(folder, 'lighthouse.jpg'));
    copyFileSync(path.join(root, 'examples/first-job/first-job.mjs'), path.join(folder, 'first-job.mjs'));
    await shell(library);
    expect(await sharp(path.join(folder, 'lighthouse.jpg')).metadata()).toMatchObject({ format: 'jpeg', width: 1280, height: 896 });
    copyFileSync(path.join(root, 'examples/python/generate.py'), path.join(folder, 'generate.py'));
    await shell('python3 generate.py "a lighthouse" python.jpg');
    expect(await sharp(path.join(folder, 'python.jpg')).metadata()).toMatchObject({ format: 'jpeg' });

    process.kill(-(dev.pid ?? 0), 'SIGINT');
    await ended;
    expect(output).toMatch(/stopping …\n$/);
    await eventually(async () => expect((await findMarkedProcesses(mark)).map(({ commandLine }) => commandLine)).toEqual([]));
  },
);
