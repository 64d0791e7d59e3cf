import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { wrapped } from '../src/built-apps/load-cached.ts';

/** Makes a folder of scripts, and a program that loads them. @param before Code that the program runs first. */
function setup(before = '') {
  const folder = mkdtempSync(path.join(tmpdir(), 'darkroom-load-cached-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const write = (name: string, code: string): void => writeFileSync(path.join(folder, name), code);
  mkdirSync(path.join(folder, 'scripts'));
  write('scripts/entry.cjs', wrapped(`process.stdout.write(require('./shared.cjs').greet(require('node:path').basename(__filename)))`));
  write('scripts/shared.cjs', wrapped(`exports.greet = (name) => 'hello ' + name`));
  const loader = new URL('../dist/built-apps/load-cached.js', import.meta.url).href;
  write(
    'main.mjs',
    `import { loadCached } from '${loader}';\n${before}\nloadCached(new URL('./scripts/', import.meta.url), 'entry.cjs', import.meta.url);\n`,
  );
  const start = () => {
    const { stdout, stderr } = spawnSync(process.execPath, [path.join(folder, 'main.mjs')], { encoding: 'utf8' });
    expect({ stdout, stderr }).toEqual({ stdout: 'hello main.mjs', stderr: '' });
    const caches = readdirSync(folder).filter((name) => name.endsWith('.cache'));
    return caches.map((name) => {
      const file = path.join(folder, name);
      const { ino, size } = statSync(file);
      return { file, ino, size };
    });
  };
  return { folder, start };
}

test('a start takes its scripts from the code cache of the one before, and refuses half a cache', () => {
  const { start } = setup();
  const first = start();
  expect(first).toHaveLength(2);
  expect(
    start().map(({ ino }) => ino),
    'taken, not written again',
  ).toEqual(first.map(({ ino }) => ino));
  for (const { file, size } of first) truncateSync(file, Math.floor(size / 2));
  expect(start().map(({ size }) => size)).toEqual(first.map(({ size }) => size));
});

test('a start sets the time of the folder, by which an unused one is removed', () => {
  const { folder, start } = setup();
  start(); // writes the caches
  utimesSync(folder, 1, 1);
  start();
  expect(Date.now() - statSync(folder).mtimeMs).toBeLessThan(60_000);
});

test('a program starts from a folder that it cannot write', () => {
  // A user of the system that owns nothing here, if the test runs as root.
  const { folder, start } = setup('if (process.getuid() === 0) process.seteuid(1);');
  chmodSync(folder, 0o555);
  onTestFinished(() => chmodSync(folder, 0o755));
  utimesSync(folder, 1, 1);
  expect(start()).toEqual([]);
});
