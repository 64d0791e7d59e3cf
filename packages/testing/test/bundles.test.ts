import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { findBundle, writeBundle } from '../src/built-apps/bundles.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

/** Makes a checkout with one built app. */
function setup() {
  const root = mkdtempSync(path.join(tmpdir(), 'darkroom-bundles-'));
  onTestFinished(() => rmSync(root, { recursive: true }));
  for (const folder of ['apps/worker/dist', 'packages']) mkdirSync(path.join(root, folder), { recursive: true });
  writeFileSync(path.join(root, 'pnpm-lock.yaml'), '');
  const compile = (source: string): void => {
    for (const file of ['main.js', '.tsbuildinfo']) writeFileSync(path.join(root, 'apps/worker/dist', file), source);
  };
  compile('1');
  const programs = path.join(root, '.local/programs');
  const bundle = async (folder: string): Promise<void> =>
    writeFileSync(path.join(folder, 'bundled'), readFileSync(path.join(root, 'apps/worker/dist/main.js')));
  const bundled = (): string => readFileSync(path.join(findBundle(root) ?? '', 'bundled'), 'utf8');
  return { root, programs, compile, bundle, bundled };
}

test('a build that changes while it is bundled is bundled again, and never lies under the name of another', async () => {
  const { root, programs, compile, bundle, bundled } = setup();
  let runs = 0;
  await writeBundle(root, async (folder) => {
    await bundle(folder);
    runs += 1;
    if (runs === 1) compile('2');
  });
  expect(bundled()).toBe('2');
  expect(readdirSync(programs)).toHaveLength(1);

  let version = 2;
  const never = writeBundle(root, async () => compile(String((version += 1))));
  await expect(never).rejects.toThrow('the build changed while it was bundled');
  expect(version).toBe(4);
  expect(findBundle(root)).toBeUndefined();
  expect(readdirSync(programs), 'only the bundle of 2').toHaveLength(1);
  compile('2');
  expect(bundled()).toBe('2');
});

test('a folder goes after three days without use, half a folder too, and one that vanishes meanwhile stops nothing', async () => {
  const { root, programs, compile, bundle } = setup();
  const old = new Date(Date.now() - 3 * DAY_MS - 1000);
  const young = new Date(Date.now() - 3 * DAY_MS + 600_000);
  for (const [name, used] of [
    ['aa', old],
    ['bb.42', old],
    ['cc', young],
    ['dd.43', young],
  ] as const) {
    mkdirSync(path.join(programs, name, 'apps'), { recursive: true });
    utimesSync(path.join(programs, name), used, used);
  }
  symlinkSync('/nowhere', path.join(programs, 'ab')); // listed, and not there
  for (const source of ['1', '2', '3', '4']) {
    compile(source);
    await writeBundle(root, bundle);
  }
  const names = readdirSync(programs);
  expect(names).toEqual(expect.arrayContaining(['cc', 'dd.43']));
  expect(names).not.toContain('aa');
  expect(names).not.toContain('bb.42');
  expect(names).toHaveLength(7);
});

test('processes that bundle one build at once all end well, with one bundle', async () => {
  const { root, programs } = setup();
  const code = `
    import { writeBundle } from '${new URL('../dist/built-apps/bundles.js', import.meta.url).href}';
    import { writeFileSync } from 'node:fs';
    process.stdout.write('ready');
    process.stdin.once('data', () => void writeBundle(process.cwd(), async (folder) => writeFileSync(folder + '/bundled', '1')));
    process.stdin.once('end', () => process.stdin.destroy());`;
  const children = [1, 2, 3, 4].map(() => spawn(process.execPath, ['--input-type=module', '-e', code], { cwd: root, stdio: 'pipe' }));
  const errors = children.map(async ({ stderr }) => (await stderr.setEncoding('utf8').toArray()).join(''));
  await Promise.all(children.map(({ stdout }) => once(stdout, 'data')));
  const ends = children.map((child) => once(child, 'close'));
  for (const { stdin } of children) stdin.end('go');
  expect(
    (await Promise.all(ends)).map(([exit]) => exit),
    (await Promise.all(errors)).join(''),
  ).toEqual([0, 0, 0, 0]);
  expect(readdirSync(programs)).toEqual([path.basename(findBundle(root) ?? '')]);
});

test('a bundler that fails says so, and leaves nothing', async () => {
  const { root, programs } = setup();
  await expect(writeBundle(root, () => Promise.reject(new Error('no space')))).rejects.toThrow('no space');
  expect(existsSync(programs) && readdirSync(programs)).toEqual([]);
});
