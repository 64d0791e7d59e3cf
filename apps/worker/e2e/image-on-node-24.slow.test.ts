import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createProducer } from '@darkroom/producer';
import { startFleet } from '@darkroom/testing';
import { expect, test } from 'vitest';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../..', import.meta.url));

/** A version of the Node line that the Dockerfile uses. */
const NODE_VERSION = '24.21.0';

/** Fetches Node from npm, which has one package for each system, with the program inside and no install script. */
async function fetchNode(): Promise<string> {
  const home = join(root, '.local', 'tools', `node-${NODE_VERSION}`);
  const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
  if (!existsSync(home)) {
    const fetching = `${home}.${process.pid}`;
    // A folder of its own: --prefix would also hide npm's machine-wide settings (certificates, proxy).
    await mkdir(fetching, { recursive: true });
    await writeFile(join(fetching, 'package.json'), '{"private":true}\n');
    const args = ['install', '--no-save', '--no-package-lock', '--no-audit', '--no-fund', '--ignore-scripts'];
    await run('npm', [...args, `${name}@${NODE_VERSION}`], { env: process.env, cwd: fetching });
    // Renamed last, so that an interrupted download is never taken for a whole one.
    await rename(fetching, home);
  }
  return join(home, 'node_modules', name, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
}

test('the apps of the container image buy an image on its Node version, and stop in order', async () => {
  const node = await fetchNode();
  expect((await run(node, ['--version'])).stdout.trim()).toBe(`v${NODE_VERSION}`);

  const directory = await mkdtemp(join(tmpdir(), 'darkroom-image-'));
  try {
    const folder = join(directory, 'image');
    await run(process.execPath, [join(root, 'scripts', 'build-image.mjs'), folder]);
    const fleet = await startFleet({ runtime: { node, folder } });
    const producer = createProducer({ redisUrl: fleet.redisUrl });
    try {
      const { generationId } = await producer.enqueue({ positivePrompt: 'a lighthouse', width: 1024, height: 1024 });
      const generation = await producer.wait(generationId, { timeoutMs: 60_000 });
      expect(generation.status).toBe('succeeded');
      expect(generation.images.map(({ status }) => status)).toEqual(['succeeded']);
      for (const each of [...fleet.workers, ...fleet.receivers, fleet.emulator]) expect(await each.stop(), each.name).toBe(0);
      // A warning of this Node line would repeat in every log.
      expect((await Promise.all([...fleet.workers, ...fleet.receivers].map((each) => each.log()))).join('')).not.toMatch(/Warning:/);
    } finally {
      await producer.close();
      await fleet.stop();
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});
