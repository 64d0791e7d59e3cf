import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { claimForProvider } from './provider-of-folder.ts';

function newFolder(): { dir: string; begin: () => void } {
  const dir = mkdtempSync(path.join(tmpdir(), 'darkroom-folder-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return { dir, begin: () => writeFileSync(path.join(dir, 'ports.json'), '{}') };
}

test('a folder stays with the provider that it was begun with', () => {
  const { dir, begin } = newFolder();
  claimForProvider(dir, 'https://api.runware.ai/v1');
  begin();
  expect(() => claimForProvider(dir, 'https://api.runware.ai/v1')).not.toThrow();
  expect(() => claimForProvider(dir, undefined)).toThrow('was begun with https://api.runware.ai/v1');
  expect(() => claimForProvider(dir, 'http://127.0.0.1:1/v1')).toThrow('choose another with --data-dir');
});

test('generations queued for the emulator are not bought for money', () => {
  const { dir, begin } = newFolder();
  claimForProvider(dir, undefined);
  begin();
  expect(() => claimForProvider(dir, undefined)).not.toThrow();
  expect(() => claimForProvider(dir, 'https://api.runware.ai/v1')).toThrow('was begun with the emulator of npm start');
});
