import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { LocalStackError } from '@darkroom/contracts';
import { expect, onTestFinished, test } from 'vitest';
import { loadSecrets } from './secrets.ts';

function setup(): string {
  const dir = mkdtempSync(path.join(tmpdir(), 'darkroom-secrets-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  return dir;
}

test('secrets are created once, kept for the next start, and readable by this user alone', () => {
  const dir = setup();
  const secrets = loadSecrets(dir);
  expect(loadSecrets(dir)).toEqual(secrets);
  expect(statSync(path.join(dir, 'secrets.json')).mode & 0o777).toBe(0o600);
  expect(loadSecrets(setup())).not.toEqual(secrets);
});

test('a file without them is an error and is not replaced by new keys', () => {
  const dir = setup();
  writeFileSync(path.join(dir, 'secrets.json'), '{"webhook":');
  expect(() => loadSecrets(dir)).toThrow(LocalStackError);
});
